//! What is received.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use clocked_lanes::{Event, TryRecvError};
use futures_core::Stream;

use super::super::Receive;
use super::Run;
use crate::value::Value;

impl Run {
    /// What a receiver is told.
    pub(super) fn event(&mut self, r: usize, event: Event<Value>, in_ring: &mut usize) {
        match event {
            Event::Message { seq, value } => {
                assert!(*in_ring > 0);
                *in_ring -= 1;
                self.model.received(r, seq.get(), value.id());
            }
            Event::Clock(seq) => {
                assert!(self.ticks(r, *in_ring), "receiver {r} is told {seq}");
                self.tick(r, seq.get());
            }
        }
    }

    /// Whether a tick may come now.
    pub(super) fn ticks(&self, r: usize, in_ring: usize) -> bool {
        let inbox = &self.model.inboxes[r];
        in_ring == 0 && !inbox.is_next && self.model.clock > inbox.last
    }

    pub(super) fn tick(&mut self, r: usize, number: u64) {
        let is_held = self.model.coming(r) > 0;
        let inbox = &mut self.model.inboxes[r];
        assert!(number > inbox.last && number <= self.model.clock);
        assert!(is_held || number == self.model.clock);
        (inbox.last, inbox.is_next) = (number, is_held);
    }

    /// Nothing is there for a receiver.
    pub(super) fn nothing(&mut self, r: usize, in_ring: usize) {
        assert_eq!(in_ring, 0, "receiver {r} has messages");
        let is_held = self.model.coming(r) > 0;
        let inbox = &mut self.model.inboxes[r];
        assert!(
            is_held || inbox.last == self.model.clock,
            "receiver {r} is not told"
        );
        inbox.is_next = is_held;
    }

    pub(super) fn receive(&mut self, r: usize, how: Receive) {
        let coming = self.model.coming(r);
        let receiving = &mut self.receivers[r];
        let (rx, waits) = (&receiving.rx, receiving.waits.take());
        let mut in_ring = rx.len();
        assert!(in_ring <= coming);
        assert!(in_ring <= self.capacity + usize::from(self.model.has_broadcast_coming(r)));
        let has_more =
            in_ring > 0 || (coming == 0 && self.model.inboxes[r].last < self.model.clock);
        let outcome = match how {
            Receive::Try => rx.try_recv(),
            Receive::Blocking if has_more => Ok(rx.recv().expect("there are senders")),
            Receive::Message if in_ring > 0 => {
                let (seq, value) = rx.recv_message().expect("there are senders");
                Ok(Event::Message { seq, value })
            }
            Receive::Blocking | Receive::Message => Err(TryRecvError::Empty),
            Receive::Timeout => rx
                .recv_timeout(Duration::ZERO)
                .map_err(|error| match error {
                    clocked_lanes::RecvTimeoutError::Timeout => TryRecvError::Empty,
                    _ => TryRecvError::Disconnected,
                }),
            Receive::TryMessage => rx
                .try_recv_message()
                .map(|(seq, value)| Event::Message { seq, value }),
            Receive::Drain { most } => {
                let most = usize::from(most % 6);
                let events: Vec<_> = rx.drain(most).collect();
                let has_stopped = events.len() < most;
                for event in events {
                    self.event(r, event, &mut in_ring);
                }
                if !has_stopped {
                    return self.check_observed(r);
                }
                Err(TryRecvError::Empty)
            }
            Receive::Poll => {
                let alarm = waits.unwrap_or_default();
                match alarm.poll(|cx| Pin::new(&mut receiving.rx).poll_next(cx)) {
                    Poll::Ready(event) => event.ok_or(TryRecvError::Disconnected),
                    Poll::Pending => {
                        receiving.waits = Some(alarm);
                        Err(TryRecvError::Empty)
                    }
                }
            }
        };
        match (outcome, how) {
            (Ok(event), _) => self.event(r, event, &mut in_ring),
            (Err(TryRecvError::Disconnected), _) => panic!("there are senders"),
            (_, Receive::Blocking | Receive::Message) => {}
            (_, Receive::TryMessage) => {
                // A tick that was there counts as observed.
                let observed = self.receivers[r].rx.observed().get();
                if observed > self.model.inboxes[r].last {
                    assert!(self.ticks(r, in_ring));
                    self.tick(r, observed);
                }
                self.nothing(r, in_ring);
            }
            _ => self.nothing(r, in_ring),
        }
        self.check_observed(r);
    }

    pub(super) fn check_observed(&self, r: usize) {
        assert_eq!(
            self.receivers[r].rx.observed().get(),
            self.model.inboxes[r].last
        );
    }
}
