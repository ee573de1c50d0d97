//! Holds `Order::Frontier` against its model.

use clocked_lanes::{DisconnectReason, Rejected};

use super::super::frontier::Frontier;
use super::super::members::Members;
use super::Contract;
use crate::value::Value;

impl Contract for Frontier {
    const RAISES: bool = true;

    fn order(&self) -> clocked_lanes::Order {
        clocked_lanes::Order::Frontier
    }

    fn check_start(
        &self,
        members: &Members,
        target: Option<usize>,
        start: u64,
        clocks: &[Option<u64>],
    ) {
        let inboxes = 0..members.inboxes.len();
        for r in
            inboxes.filter(|&r| target.is_none_or(|to| to == r) && !members.inboxes[r].is_sealed)
        {
            // Nothing is late that is sent from here on.
            assert!(
                clocks[r].is_none_or(|clock| start >= clock),
                "starts at {start} behind receiver {r}"
            );
        }
        if let Some(bound) = target.and_then(|r| Self::bound(members, r)) {
            assert!(start <= bound, "starts at {start}, and {bound} is not over");
        }
    }

    fn check_receiver_start(&self, members: &Members, start: u64, clock: u64) {
        assert!(start >= clock, "starts at {start} behind the clock");
        for (r, inbox) in members
            .inboxes
            .iter()
            .enumerate()
            .filter(|(_, inbox)| !inbox.is_gone)
        {
            let bound = Self::bound(members, r).filter(|_| !inbox.is_sealed && !inbox.is_closed);
            assert!(
                bound.is_none_or(|bound| start <= bound),
                "starts at {start}, and receiver {r} is not there"
            );
        }
        let mut broadcasts = members
            .lanes
            .iter()
            .filter(|lane| lane.is_live && lane.target.is_none());
        assert!(
            broadcasts.all(|lane| start <= lane.frontier),
            "starts at {start}, and a broadcaster is not there"
        );
    }

    fn received(&mut self, members: &Members, r: usize, l: usize, seq: u64, _: u16) -> u64 {
        assert!(
            Self::may_arrive(members, r, l, seq),
            "{seq} comes too early to receiver {r}"
        );
        let numbers = members.inboxes[r].got.iter().map(|got| got.0);
        assert!(numbers.is_sorted(), "out of order at receiver {r}");
        seq - 1
    }

    fn check_clock(&self, members: &Members, r: usize, now: u64) {
        assert!(
            Self::bound(members, r).is_none_or(|bound| now <= bound),
            "receiver {r} is told {now} too early"
        );
        assert_eq!(
            members.inboxes[r].missing(now).next(),
            None,
            "receiver {r} is told {now}"
        );
    }

    fn rejected(&mut self, _: &Members, _: usize, _: &Rejected<Value>) {
        panic!("whoever sends can tell what is late");
    }

    fn check_end(&self, members: &Members, r: usize, reason: Option<DisconnectReason>) {
        let inbox = &members.inboxes[r];
        assert!(
            inbox.is_sealed || inbox.is_closed,
            "receiver {r} has sources: {reason:?}"
        );
        assert_eq!(
            members.inboxes[r].missing(u64::MAX).next(),
            None,
            "receiver {r} has ended"
        );
    }

    /// Every message that can go has gone, and each clock is where it can be.
    fn check_calm(
        &self,
        members: &Members,
        lane_capacity: usize,
        in_ring: &[Option<usize>],
        clocks: &[Option<u64>],
    ) {
        if Self::may_be_clogged(members, lane_capacity) {
            return;
        }
        for r in 0..members.inboxes.len() {
            let (Some(in_ring), Some(clock)) = (in_ring[r], clocks[r]) else {
                continue;
            };
            let due = Self::due(members, r);
            assert!(
                in_ring >= due,
                "receiver {r} has {in_ring} of {due} messages"
            );
            if let Some(bound) = Self::bound(members, r) {
                assert_eq!(clock, bound, "the clock of receiver {r}");
            }
        }
    }

    /// Receivers have checked that they have got all.
    fn check_lost(&self, _: &Members) {}

    fn is_over(&self) -> bool {
        false
    }
}
