//! What is sent and received.

use std::time::Duration;

use clocked_lanes::{
    DisconnectReason, Event, RecvTimeoutError, SendBatchError, SendTimeoutError, TryRecvError,
    TrySendError,
};

use super::super::{Receive, Send};
use super::{Handle, Run, on};
use crate::value::{VALUES, Value};

impl Run {
    /// Why sends on a lane fail.
    pub(super) fn reason(&self, l: usize) -> Option<DisconnectReason> {
        let inbox = self.model.lanes[l].target.map(|r| &self.model.inboxes[r]);
        if inbox.is_some_and(|inbox| inbox.gone) {
            Some(DisconnectReason::ReceiverGone)
        } else if inbox.is_some_and(|inbox| inbox.closed.is_some()) {
            Some(DisconnectReason::ReceiverClosed)
        } else if self.stock == Some(0) {
            Some(DisconnectReason::NumbersExhausted)
        } else {
            None
        }
    }

    pub(super) fn send(&mut self, i: usize, how: Send) {
        let (l, handle) = &self.sources[i];
        let l = *l;
        let count = match how {
            Send::Batch { len } => usize::from(len % 6),
            _ => 1,
        };
        if self.messages.len() + count > VALUES {
            return;
        }
        let len = on!(handle, tx => tx.len());
        let reason = self.reason(l);
        assert_eq!(
            on!(handle, tx => tx.disconnect_reason()),
            reason,
            "lane {l}"
        );
        let is_closed = reason.is_some() || self.stock.is_some_and(|left| left < count as u64);
        let is_full = len >= self.lane_capacity;
        if matches!(how, Send::Batch { .. })
            && is_full
            && !is_closed
            && (1..=self.capacity).contains(&count)
        {
            return;
        }
        let first = self.messages.len();
        let sent = self.model.lanes[l].sent;
        self.messages
            .extend((0..count as u64).map(|k| (l, sent + k)));
        let mut values: Vec<_> = (first..first + count)
            .map(|id| self.ledger.value(id as u16))
            .collect();
        let (back, expected) = match how {
            Send::Try | Send::Timeout => {
                let value = values.remove(0);
                let outcome = on!(handle, tx => match how {
                    Send::Try => tx.try_send(value),
                    _ => tx.send_timeout(value, Duration::ZERO).map_err(|error| match error {
                        SendTimeoutError::Timeout(value) => TrySendError::Full(value),
                        SendTimeoutError::Disconnected(value) => TrySendError::Disconnected(value),
                    }),
                });
                match outcome {
                    Ok(()) => (None, !is_closed && (!is_full || self.stepper.is_none())),
                    Err(TrySendError::Full(value)) => (Some(vec![value]), is_full && !is_closed),
                    Err(TrySendError::Disconnected(value)) => (Some(vec![value]), is_closed),
                }
            }
            Send::Batch { .. } => match on!(handle, tx => tx.send_batch(values)) {
                Ok(()) => (None, count <= self.capacity && (count == 0 || !is_closed)),
                Err(SendBatchError::TooLarge(values)) => (Some(values), count > self.capacity),
                Err(SendBatchError::Disconnected(values)) => {
                    (Some(values), is_closed && count <= self.capacity)
                }
            },
        };
        assert!(
            expected,
            "lane {l}: {count} sent, {} back",
            back.as_ref().map_or(0, Vec::len)
        );
        match back {
            None => {
                self.model.lanes[l].sent += count as u64;
                self.stock = self.stock.map(|left| left - count as u64);
            }
            Some(values) => assert!(
                values
                    .iter()
                    .map(|value| usize::from(value.id()))
                    .eq(first..first + count)
            ),
        }
    }

    pub(super) fn observe(&mut self, r: usize, event: Event<Value>) {
        let number = event.seq().get();
        let message = event
            .into_message()
            .map(|(_, value)| self.messages[usize::from(value.id())]);
        self.model.observe(r, number, message);
    }

    /// Returns whether the receiver is at its end.
    pub(super) fn receive(&mut self, i: usize, how: Receive) -> bool {
        let (r, rx) = &self.receivers[i];
        let r = *r;
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
                    self.observe(r, event);
                }
                return false;
            }
        };
        let observed = rx.observed().get();
        let (reason, clock) = (rx.disconnect_reason(), rx.clock().seq.get());
        let is_end = match outcome {
            Ok(event) => {
                self.observe(r, event);
                assert_eq!(observed, self.model.inboxes[r].last);
                return false;
            }
            Err(error) => error == TryRecvError::Disconnected,
        };
        if observed > self.model.inboxes[r].last {
            assert!(
                matches!(how, Receive::TryMessage) && observed <= clock,
                "receiver {r} was not told"
            );
            self.model.observe(r, observed, None);
        }
        assert_eq!(observed, self.model.inboxes[r].last);
        let inbox = &self.model.inboxes[r];
        let expected = match (inbox.closed, inbox.sealed) {
            (Some(_), _) => Some(DisconnectReason::ReceiverClosed),
            (None, Some(_)) => Some(DisconnectReason::SendersGone),
            (None, None) => None,
        };
        assert!(
            reason.is_none() || reason == expected,
            "receiver {r} is at its end: {reason:?}"
        );
        if is_end {
            assert!(reason.is_some());
            self.model.observe_end(r);
            self.watched[r].is_drained = true;
            return true;
        }
        false
    }
}
