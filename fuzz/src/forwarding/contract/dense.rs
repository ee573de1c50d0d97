//! Holds `Order::Dense` against its model.

use clocked_lanes::{DisconnectReason, Rejected};

use super::super::dense::Dense;
use super::super::members::{Item, Members};
use super::Contract;
use crate::value::Value;

impl Contract for Dense {
    const RAISES: bool = false;

    fn order(&self) -> clocked_lanes::Order {
        clocked_lanes::Order::Dense {
            window: self.window as usize,
        }
    }

    fn check_start(&self, members: &Members, _: Option<usize>, start: u64, clocks: &[Option<u64>]) {
        assert!(
            clocks.iter().flatten().all(|clock| start >= *clock),
            "starts at {start} behind the clock"
        );
        let bound = Self::bound(members);
        assert!(start <= bound.max(clocks.iter().flatten().copied().max().unwrap_or(start)));
    }

    fn check_receiver_start(&self, _: &Members, start: u64, clock: u64) {
        assert_eq!(start, clock, "starts at the clock");
    }

    fn received(&mut self, members: &Members, r: usize, _: usize, seq: u64, id: u16) -> u64 {
        assert!(
            seq <= Self::bound(members),
            "{seq} comes too early to receiver {r}"
        );
        assert_eq!(
            *self.winners.entry(seq).or_insert(id),
            id,
            "{seq} is used twice"
        );
        assert!(
            !self.rejected.contains(&(seq, Some(id))),
            "{id} at {seq} was rejected"
        );
        self.check_missing(members, r, seq);
        seq
    }

    fn check_clock(&self, members: &Members, r: usize, now: u64) {
        assert!(
            now <= Self::bound(members),
            "receiver {r} is told {now} too early"
        );
        self.check_missing(members, r, now);
    }

    fn rejected(&mut self, members: &Members, l: usize, rejected: &Rejected<Value>) {
        let (seq, id) = (rejected.seq.get(), rejected.value.as_ref().map(Value::id));
        let lane = &members.lanes[l];
        // The values for a receiver that has left are dropped.
        let is_gone = lane.target.is_some_and(|r| members.inboxes[r].is_gone);
        let is_it = |item: Item| match item {
            Item::Message(sent) => id.map_or(is_gone, |id| id == sent),
            Item::Nothing => id.is_none(),
            Item::Promise => false,
        };
        let mut sent = lane.items.iter().filter(|(number, _)| *number == seq);
        assert!(
            sent.any(|(_, item)| is_it(*item)),
            "lane {l} has not sent {id:?} at {seq}"
        );
        assert!(
            id.is_none() || self.winners.get(&seq).copied() != id,
            "{id:?} at {seq} was delivered"
        );
        assert!(
            self.missing.is_some() || Self::senders(members, seq) > 1,
            "{id:?} at {seq} is no repeat"
        );
        assert!(
            id.is_none() || !self.rejected.contains(&(seq, id)),
            "{id:?} at {seq} is rejected twice"
        );
        self.rejected.push((seq, id));
    }

    fn check_end(&self, members: &Members, r: usize, reason: Option<DisconnectReason>) {
        let inbox = &members.inboxes[r];
        if let Some(number) = self.missing {
            // Or it had come to its end before.
            assert!(
                inbox.is_sealed
                    || inbox.is_closed
                    || reason == Some(DisconnectReason::MissingNumber(number.into()))
            );
        } else {
            assert!(
                inbox.is_sealed || inbox.is_closed,
                "receiver {r} has sources: {reason:?}"
            );
        }
        self.check_missing(members, r, u64::MAX);
    }

    fn check_calm(
        &self,
        members: &Members,
        _: usize,
        in_ring: &[Option<usize>],
        clocks: &[Option<u64>],
    ) {
        for (r, clock) in clocks.iter().enumerate() {
            let (Some(clock), Some(_), None) = (clock, in_ring[r], self.missing) else {
                continue;
            };
            if !Self::has_repeats(members, *clock) {
                assert_eq!(
                    Self::settled(members, *clock, self.window),
                    Ok(*clock),
                    "the clock"
                );
            }
        }
    }

    fn gave_up(&mut self, members: &Members, number: u64, clock: u64) {
        assert_eq!(number, clock + 1, "what is missing is the next number");
        if !Self::has_repeats(members, clock) {
            assert_eq!(
                Self::settled(members, clock, self.window),
                Err(number),
                "{number} may come"
            );
        }
        self.missing = Some(number);
    }

    /// What was accepted has arrived, or was rejected, or its receiver has left.
    fn check_lost(&self, members: &Members) {
        for lane in members
            .lanes
            .iter()
            .filter(|lane| lane.target.is_none_or(|r| !members.inboxes[r].is_gone))
        {
            for (seq, item) in &lane.items {
                let Item::Message(id) = *item else {
                    continue;
                };
                let has_arrived = members
                    .inboxes
                    .iter()
                    .any(|inbox| inbox.got.contains(&(*seq, id)));
                let is_for_nobody =
                    lane.target.is_none() && self.missing.is_none_or(|number| *seq < number);
                let is_rejected = self.rejected.contains(&(*seq, Some(id)));
                assert!(
                    has_arrived || is_for_nobody || is_rejected,
                    "{id} at {seq} is lost"
                );
            }
        }
    }

    fn floor(&self, members: &Members) -> u64 {
        Self::bound(members)
    }

    fn is_over(&self) -> bool {
        self.missing.is_some()
    }
}

impl Dense {
    /// What has to arrive and has not: of a number that several have sent, any one.
    fn check_missing(&self, members: &Members, r: usize, upto: u64) {
        for (seq, id, _) in members.inboxes[r].missing(upto) {
            let is_rejected = self.rejected.contains(&(seq, Some(id)));
            let is_other = self.winners.get(&seq).is_some_and(|winner| *winner != id);
            let may_be_other = is_other || Self::senders(members, seq) > 1;
            assert!(
                may_be_other || is_rejected,
                "receiver {r} is at {upto} without {id} at {seq}"
            );
        }
    }
}
