//! What is received, and looked at.

use std::time::Duration;

use clocked_lanes::{Event, RecvTimeoutError, TryRecvError};

use super::super::Receive;
use super::super::contract::Contract;
use super::Run;
use crate::value::Value;

impl<C: Contract> Run<C> {
    pub(super) fn told(&mut self, r: usize, now: u64) {
        let inbox = &mut self.members.inboxes[r];
        assert!(now > inbox.over, "receiver {r} is told {now} again");
        inbox.over = now;
        self.contract.check_clock(&self.members, r, now);
    }

    pub(super) fn event(&mut self, r: usize, event: Event<Value>) {
        match event {
            Event::Message { seq, value } => {
                let l = self.members.inboxes[r].receive(seq.get(), value.id());
                let over = self
                    .contract
                    .received(&self.members, r, l, seq.get(), value.id());
                self.members.inboxes[r].over = over;
            }
            Event::Clock(seq) => self.told(r, seq.get()),
        }
    }

    /// Returns whether the receiver is at its end.
    pub(super) fn receive(&mut self, r: usize, how: Receive) -> bool {
        let Some(rx) = &self.receivers[r] else {
            return true;
        };
        let outcome = match how {
            Receive::Try => rx.try_recv(),
            Receive::Timeout => rx
                .recv_timeout(Duration::ZERO)
                .map_err(|error| match error {
                    RecvTimeoutError::Timeout => TryRecvError::Empty,
                    RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
                }),
            Receive::TryMessage => rx
                .try_recv_message()
                .map(|(seq, value)| Event::Message { seq, value }),
            Receive::Drain { most } => {
                let events: Vec<_> = rx.drain(usize::from(most % 6)).collect();
                for event in events {
                    self.event(r, event);
                }
                return false;
            }
        };
        let (in_ring, observed) = (rx.len(), rx.observed().get());
        let reason = rx.disconnect_reason();
        match outcome {
            Ok(event) => {
                if let (Event::Message { seq, .. }, true) =
                    (&event, matches!(how, Receive::TryMessage))
                {
                    // A tick that was there counts as observed.
                    assert!(seq.get() > self.members.inboxes[r].over);
                }
                self.event(r, event);
            }
            Err(TryRecvError::Empty) => {
                assert_eq!(in_ring, 0, "receiver {r} has messages");
                assert_eq!(reason, None, "receiver {r} is at its end");
                if observed > self.members.inboxes[r].over {
                    assert!(
                        matches!(how, Receive::TryMessage),
                        "receiver {r} was not told"
                    );
                    self.told(r, observed);
                }
            }
            Err(TryRecvError::Disconnected) => {
                assert!(reason.is_some());
                if observed > self.members.inboxes[r].over {
                    assert!(
                        matches!(how, Receive::TryMessage),
                        "receiver {r} was not told"
                    );
                    self.told(r, observed);
                }
                self.take_rejects();
                self.contract.check_end(&self.members, r, reason);
                return true;
            }
        }
        assert_eq!(observed, self.members.inboxes[r].over, "receiver {r}");
        false
    }

    pub(super) fn take_rejects(&mut self) {
        while let Ok(rejected) = self.dispatcher.rejects().try_recv() {
            let l = self
                .ids
                .iter()
                .position(|id| *id == rejected.sender)
                .expect("somebody sent it");
            let target = self.members.lanes[l].target.map(|r| r.to_string());
            // Of a number without a value, the receiver is not known once the lane is gone.
            let is_known = rejected.value.is_some() || rejected.target.is_some();
            assert!(!is_known || rejected.target == target);
            self.contract.rejected(&self.members, l, &rejected);
        }
    }

    pub(super) fn snapshot(&self) {
        let snapshot = self.dispatcher.snapshot();
        let there = (0..self.receivers.len()).filter(|&r| self.receivers[r].is_some());
        let mut there: Vec<_> = there.map(|r| r.to_string()).collect();
        // They are listed by name: "10" before "9".
        there.sort_unstable();
        assert!(snapshot.receivers.iter().map(|r| &r.name).eq(&there));
        let there = (0..self.handles.len()).filter(|&l| self.handles[l].is_some());
        assert!(
            snapshot
                .senders
                .iter()
                .map(|sender| sender.id)
                .eq(there.map(|l| self.ids[l]))
        );
        for (l, id) in self.ids.iter().enumerate() {
            if let Some(sender) = snapshot.sender(*id) {
                assert_eq!(sender.frontier.get(), self.members.lanes[l].frontier);
            }
        }
        for receiver in &snapshot.receivers {
            let r: usize = receiver.name.parse().expect("a number");
            assert_eq!(receiver.observed.get(), self.members.inboxes[r].over);
            assert!(receiver.len <= self.capacity + 1);
            // Whoever is behind the clock and can still send is told of.
            let is_told_of = |l: usize| receiver.held_back_by.contains(&self.ids[l]);
            let behind = |l: &usize| self.members.lanes[*l].frontier <= receiver.clock.get();
            if !self.contract.is_over() {
                assert!(
                    self.members.sources(r).filter(behind).all(is_told_of),
                    "who holds receiver {r} back"
                );
            }
        }
    }
}
