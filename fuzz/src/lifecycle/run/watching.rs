//! Who watches and waits.

use std::task::Poll;
use std::time::Duration;

use clocked_lanes::{ProgressTimeoutError, Select};

use super::super::Receive;
use super::{Awaiting, Handle, Run, on};
use crate::task::Alarm;

impl Run {
    /// What `wait_for` comes to.
    pub(super) fn outlook(&self, r: usize, target: u64) -> Option<Result<(), u64>> {
        let last = self.model.inboxes[r].last;
        if last >= target || self.watched[r].is_drained {
            Some(Ok(()))
        } else if self.model.inboxes[r].gone {
            Some(Err(last))
        } else {
            None
        }
    }

    pub(super) fn watch(&self, r: usize, ahead: u64) {
        let last = self.model.inboxes[r].last;
        let target = last.saturating_add(ahead);
        let progress = &self.watched[r].progress;
        assert_eq!(progress.observed().get(), last);
        let outcome = match progress.wait_for_timeout(target, Duration::ZERO) {
            Ok(seq) => {
                assert!(seq.get() >= target);
                Some(Ok(()))
            }
            Err(ProgressTimeoutError::Timeout { observed }) => {
                assert_eq!(observed.get(), last);
                None
            }
            Err(ProgressTimeoutError::Disconnected(error)) => Some(Err(error.observed.get())),
        };
        assert_eq!(outcome, self.outlook(r, target), "receiver {r}");
    }

    pub(super) fn start_awaiting(&mut self, r: usize, ahead: u64) {
        let target = self.model.inboxes[r].last.saturating_add(ahead);
        let progress = self.watched[r].progress.clone();
        let mut task = Awaiting {
            r,
            target,
            future: Box::pin(async move { progress.wait_for_async(target).await }),
            alarm: Alarm::default(),
        };
        let polled = task.alarm.poll(|cx| task.future.as_mut().poll(cx));
        assert_eq!(
            polled.is_ready(),
            self.outlook(r, target).is_some(),
            "receiver {r}"
        );
        if polled.is_pending() {
            self.tasks.push(task);
        }
    }

    /// Who has what it waits for has been woken.
    pub(super) fn poll_tasks(&mut self) {
        let mut tasks = std::mem::take(&mut self.tasks);
        tasks.retain_mut(|task| {
            let Some(expected) = self.outlook(task.r, task.target) else {
                return true;
            };
            assert!(
                task.alarm.has_rung(),
                "the task for receiver {} sleeps on",
                task.r
            );
            match task.alarm.poll(|cx| task.future.as_mut().poll(cx)) {
                Poll::Ready(outcome) => {
                    assert_eq!(
                        outcome.map(|_| ()).map_err(|error| error.observed.get()),
                        expected
                    );
                }
                Poll::Pending => panic!("the task for receiver {} waits on", task.r),
            }
            false
        });
        self.tasks = tasks;
    }

    pub(super) fn select(&mut self) {
        let ready = {
            let mut select = Select::new();
            for (_, rx) in &self.receivers {
                select.recv(rx);
            }
            select.try_ready()
        };
        match ready {
            Ok(i) => {
                let before = self.model.inboxes[self.receivers[i].0].last;
                let is_at_end = self.receive(i, Receive::Try);
                let after = self.model.inboxes[self.receivers[i].0].last;
                assert!(is_at_end || after > before, "there was nothing");
            }
            Err(_) if self.stepper.is_some() => {
                for i in 0..self.receivers.len() {
                    let before = self.model.inboxes[self.receivers[i].0].last;
                    let is_at_end = self.receive(i, Receive::Try);
                    let after = self.model.inboxes[self.receivers[i].0].last;
                    assert!(!is_at_end && after == before, "there was something");
                }
            }
            Err(_) => {}
        }
    }

    pub(super) fn snapshot(&self) {
        let Some(dispatcher) = self.dispatchers.first() else {
            return;
        };
        let snapshot = dispatcher.snapshot();
        assert!(snapshot.to_string().lines().count() >= snapshot.receivers.len());
        let mut receivers: Vec<_> = self
            .receivers
            .iter()
            .map(|(r, rx)| (rx.name(), *r))
            .collect();
        receivers.sort_unstable();
        assert_eq!(snapshot.receivers.len(), receivers.len());
        for (shown, (name, r)) in snapshot.receivers.iter().zip(receivers) {
            assert_eq!(
                (&*shown.name, shown.observed.get()),
                (name, self.model.inboxes[r].last)
            );
            assert!(shown.len <= self.capacity + 1);
            assert!(shown.clock <= snapshot.clock.seq);
            assert_eq!(
                shown.lag,
                snapshot
                    .clock
                    .seq
                    .get()
                    .saturating_sub(shown.observed.get())
            );
            let sources = self
                .sources
                .iter()
                .filter(|(l, _)| self.model.lanes[*l].target == Some(r));
            assert_eq!(shown.senders, sources.count());
        }
        // They join in the order of their lanes.
        let mut sources: Vec<_> = self
            .sources
            .iter()
            .map(|(l, handle)| (*l, on!(handle, tx => tx.id())))
            .collect();
        sources.sort_unstable();
        assert!(
            snapshot
                .senders
                .iter()
                .map(|shown| shown.id)
                .eq(sources.iter().map(|(_, id)| *id))
        );
        for (shown, (l, _)) in snapshot.senders.iter().zip(sources) {
            assert_eq!(shown.target.is_none(), self.model.lanes[l].target.is_none());
            assert!(shown.len <= self.lane_capacity);
        }
    }
}
