//! What is sent.

use std::time::{Duration, Instant};

use clocked_lanes::{ForwardError, ForwardTimeoutError, TryForwardError};

use super::super::Forward;
use super::super::contract::Contract;
use super::super::members::Item;
use super::{Handle, Run, on};
use crate::value::Value;

impl<C: Contract> Run<C> {
    /// Whether what is sent on a lane comes back.
    pub(super) fn is_closed(&self, l: usize) -> bool {
        let target = self.members.lanes[l]
            .target
            .map(|r| &self.members.inboxes[r]);
        target.is_some_and(|inbox| inbox.is_closed || inbox.is_gone)
            || (self.contract.is_over() && !self.is_new[l])
    }

    pub(super) fn number(&self, l: usize, number: u8) -> u64 {
        let base = if C::RAISES {
            self.members.lanes[l].frontier
        } else {
            self.dispatcher.clock().seq.get()
        };
        base.saturating_add(u64::from(number % if C::RAISES { 4 } else { 16 }))
    }

    /// Notes what a call has put into a lane.
    pub(super) fn put(&mut self, l: usize, before: usize, after: usize, sent: Option<(u64, Item)>) {
        let mut count = after - before;
        if sent.is_some() {
            count -= 1;
        }
        assert!(
            count == 0 || (count == 1 && !C::RAISES),
            "lane {l} has {count} more in it"
        );
        if count == 1 {
            let frontier = self.members.lanes[l].frontier;
            self.members.sent(l, frontier, Item::Promise);
        }
        if let Some((seq, item)) = sent {
            if self.contract.is_over() {
                // It only comes back.
                self.members.lanes[l].items.push((seq, item));
            } else {
                self.members.sent(l, seq, item);
            }
            let lane = &mut self.members.lanes[l];
            lane.frontier = if C::RAISES { seq } else { lane.frontier };
        }
    }

    pub(super) fn forward(&mut self, l: usize, number: u8, how: Forward) {
        let seq = self.number(l, number);
        let Some(tx) = &self.handles[l] else {
            return;
        };
        let frontier = self.members.lanes[l].frontier;
        let (before, capacity) = on!(tx, tx => (tx.len(), tx.capacity()));
        // A promise may go first, and take up the space.
        if matches!(how, Forward::Blocking)
            && seq > frontier
            && !self.is_closed(l)
            && before + 2 > capacity
        {
            return;
        }
        let id = self.members.made;
        self.members.made += 1;
        let value = self.ledger.value(id);
        let late = |error: ForwardTimeoutError<Value>| match error {
            ForwardTimeoutError::Late(value) => TryForwardError::Late(value),
            ForwardTimeoutError::Timeout(value) => TryForwardError::Full(value),
            ForwardTimeoutError::Disconnected(value) => TryForwardError::Disconnected(value),
        };
        let outcome = on!(tx, tx => match how {
            Forward::Try => tx.try_forward(seq, value),
            Forward::Blocking => tx.forward(seq, value).map_err(|error| match error {
                ForwardError::Late(value) => TryForwardError::Late(value),
                ForwardError::Disconnected(value) => TryForwardError::Disconnected(value),
            }),
            Forward::Timeout => tx.forward_timeout(seq, value, Duration::ZERO).map_err(late),
            Forward::Deadline => tx.forward_deadline(seq, value, Instant::now()).map_err(late),
        });
        let after = on!(tx, tx => tx.len());
        let back = match outcome {
            Ok(()) => {
                assert!(seq > frontier && !self.is_closed(l) && before < capacity);
                return self.put(l, before, after, Some((seq, Item::Message(id))));
            }
            Err(TryForwardError::Late(value)) => {
                assert!(seq <= frontier, "{seq} is not late at {frontier}");
                value
            }
            Err(TryForwardError::Disconnected(value)) => {
                assert!(
                    seq > frontier && self.is_closed(l),
                    "lane {l} is not closed"
                );
                value
            }
            Err(TryForwardError::Full(value)) => {
                assert!(
                    seq > frontier && !self.is_closed(l) && after == capacity,
                    "lane {l} is not full"
                );
                value
            }
        };
        assert_eq!(back.id(), id);
        if !self.is_closed(l) {
            self.put(l, before, after, None);
        }
    }

    pub(super) fn empty(&mut self, l: usize, number: u8) {
        let seq = self.number(l, number);
        if C::RAISES {
            return self.advance(l, seq);
        }
        let frontier = self.members.lanes[l].frontier;
        let Some(tx) = &self.handles[l] else {
            return;
        };
        let (before, capacity) = on!(tx, tx => (tx.len(), tx.capacity()));
        if seq > frontier && !self.is_closed(l) && before + 2 > capacity {
            return;
        }
        let outcome = on!(tx, tx => tx.forward_empty(seq));
        let after = on!(tx, tx => tx.len());
        match outcome {
            Ok(()) => {
                assert!(seq > frontier && !self.is_closed(l));
                self.put(l, before, after, Some((seq, Item::Nothing)));
            }
            Err(ForwardError::Late(())) => assert!(seq <= frontier),
            Err(ForwardError::Disconnected(())) => assert!(seq > frontier && self.is_closed(l)),
        }
    }

    pub(super) fn advance(&mut self, l: usize, seq: u64) {
        let Some(tx) = &self.handles[l] else {
            return;
        };
        let outcome = on!(tx, tx => tx.advance(seq));
        assert_eq!(outcome.is_err(), self.is_closed(l), "lane {l}");
        let shown = on!(tx, tx => tx.frontier().get());
        let lane = &mut self.members.lanes[l];
        if outcome.is_ok() {
            lane.frontier = lane.frontier.max(seq);
        }
        assert_eq!(shown, lane.frontier);
    }
}
