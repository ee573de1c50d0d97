//! What is sent, by this thread or by tasks.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use clocked_lanes::{SendBatchError, SendError, SendTimeoutError, TrySendError};

use super::super::numbers::Bundle;
use super::super::{Send, Task};
use super::{Handle, Outcome, Run, Sending, on};
use crate::task::Alarm;
use crate::value::{VALUES, Value};

impl Run {
    /// New values, if there are so many; otherwise there is nothing more to send.
    pub(super) fn values(&mut self, len: usize) -> Option<(Bundle, Vec<Value>)> {
        if self.model.numbers.made() + len > VALUES {
            return None;
        }
        let bundle = self.model.numbers.bundle(len);
        let values = bundle.clone().map(|id| self.ledger.value(id)).collect();
        Some((bundle, values))
    }

    pub(super) fn has_space(&self, l: usize) -> bool {
        let len = self.model.lanes[l].bundles.len();
        let (shown, is_full) = on!(&self.handles[l], tx => (tx.len(), tx.is_full()));
        assert_eq!(
            (shown, is_full),
            (len, len == self.lane_capacity),
            "lane {l}"
        );
        len < self.lane_capacity
    }

    pub(super) fn send(&mut self, l: usize, how: Send) {
        let has_space = self.has_space(l);
        let Some((bundle, mut values)) = self.values(1) else {
            return;
        };
        let value = values.remove(0);
        let back = on!(&self.handles[l], tx => match how {
            Send::Try => match tx.try_send(value) {
                Ok(()) => None,
                Err(TrySendError::Full(value)) => Some(value),
                Err(error) => panic!("{error}"),
            },
            Send::Blocking if has_space => tx.send(value).map(|()| None).expect("nobody has left"),
            Send::Blocking => return,
            Send::Timeout => match tx.send_timeout(value, Duration::ZERO) {
                Ok(()) => None,
                Err(SendTimeoutError::Timeout(value)) => Some(value),
                Err(error) => panic!("{error}"),
            },
            Send::Deadline => match tx.send_deadline(value, Instant::now()) {
                Ok(()) => None,
                Err(SendTimeoutError::Timeout(value)) => Some(value),
                Err(error) => panic!("{error}"),
            },
        });
        assert_eq!(back.is_none(), has_space, "lane {l}");
        match back {
            None => self.model.lanes[l].bundles.push_back(bundle),
            Some(value) => assert_eq!(value.id(), bundle.start),
        }
    }

    pub(super) fn batch(&mut self, l: usize, len: usize) {
        let has_space = self.has_space(l);
        let is_too_large = len > self.capacity;
        if !has_space && !is_too_large && len > 0 {
            return;
        }
        let Some((bundle, values)) = self.values(len) else {
            return;
        };
        match on!(&self.handles[l], tx => tx.send_batch(values)) {
            Ok(()) => {
                assert!(!is_too_large);
                if len > 0 {
                    self.model.lanes[l].bundles.push_back(bundle);
                }
            }
            Err(SendBatchError::TooLarge(values)) => {
                assert!(is_too_large);
                assert!(values.iter().map(Value::id).eq(bundle));
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Has a task start, or polls it.
    pub(super) fn task(&mut self, l: usize, what: Task) {
        if self.tasks[l].is_none() {
            let len = match what {
                Task::Batch { len } => 1 + usize::from(len) % self.capacity,
                _ => 1,
            };
            let Some((bundle, mut values)) = self.values(len) else {
                return;
            };
            let handle = self.handles[l].clone();
            let future: Pin<Box<dyn Future<Output = Outcome>>> = match what {
                Task::Send => {
                    let value = values.remove(0);
                    Box::pin(async move {
                        let sent = on!(&handle, tx => tx.send_async(value).await);
                        sent.map(|()| None).map_err(|SendError(_)| 1)
                    })
                }
                Task::Sequenced => {
                    let value = values.remove(0);
                    Box::pin(async move {
                        let sent = on!(&handle, tx => tx.send_sequenced_async(value).await);
                        sent.map(Some).map_err(|SendError(_)| 1)
                    })
                }
                Task::Batch { .. } => Box::pin(async move {
                    let sent = on!(&handle, tx => tx.send_batch_sequenced_async(values).await);
                    let sent = sent.map(|numbers| {
                        assert_eq!(numbers.end().get() - numbers.start().get() + 1, len as u64);
                        Some(*numbers.start())
                    });
                    sent.map_err(|error| error.into_inner().len())
                }),
            };
            self.tasks[l] = Some(Sending {
                future,
                alarm: Alarm::default(),
                bundle,
                is_sequenced: !matches!(what, Task::Send),
                is_put: false,
            });
        }
        let has_space = self.has_space(l);
        let Some(sending) = &mut self.tasks[l] else {
            return;
        };
        if !sending.is_put && has_space {
            sending.is_put = true;
            self.model.lanes[l]
                .bundles
                .push_back(sending.bundle.clone());
        }
        let waits = self.model.lanes[l].bundles.contains(&sending.bundle);
        let is_due = sending.is_put && !(sending.is_sequenced && waits);
        match sending.alarm.poll(|cx| sending.future.as_mut().poll(cx)) {
            Poll::Pending => assert!(!is_due, "lane {l}: the task has what it waits for"),
            Poll::Ready(outcome) => {
                assert!(is_due, "lane {l}: the task has to wait");
                let first = outcome.expect("nobody has left");
                assert_eq!(first.is_some(), sending.is_sequenced);
                if let Some(first) = first {
                    self.model.numbered(first.get(), sending.bundle.start);
                }
                self.tasks[l] = None;
            }
        }
    }
}
