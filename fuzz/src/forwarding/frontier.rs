//! What `Order::Frontier` may do: each receiver gets what no other source of it can still send a lower number than.

use clocked_lanes::{DisconnectReason, Rejected};

use super::contract::Contract;
use super::members::Members;
use crate::value::Value;

pub(super) struct Frontier;

/// Nothing up to here is still to come for a receiver; `None` if nothing is at all.
fn bound(members: &Members, r: usize) -> Option<u64> {
    members.sources(r).map(|l| members.lanes[l].frontier).min()
}

/// Whether a message from `l` can go.
fn is_due(members: &Members, r: usize, l: usize, seq: u64) -> bool {
    let mut others = members.sources(r).filter(|&other| other != l);
    others.all(|other| members.lanes[other].frontier >= seq - 1)
}

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
        if let Some(bound) = target.and_then(|r| bound(members, r)) {
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
            let bound = bound(members, r).filter(|_| !inbox.is_sealed && !inbox.is_closed);
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
            is_due(members, r, l, seq),
            "{seq} comes too early to receiver {r}"
        );
        assert_eq!(
            members.missing(r, seq - 1).next(),
            None,
            "receiver {r} is at {seq}"
        );
        let numbers = members.inboxes[r].got.iter().map(|got| got.0);
        assert!(numbers.is_sorted(), "out of order at receiver {r}");
        seq - 1
    }

    fn check_clock(&self, members: &Members, r: usize, now: u64) {
        assert!(
            bound(members, r).is_none_or(|bound| now <= bound),
            "receiver {r} is told {now} too early"
        );
        assert_eq!(
            members.missing(r, now).next(),
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
            members.missing(r, u64::MAX).next(),
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
        let inboxes = 0..members.inboxes.len();
        // A broadcaster's lane may wait for a receiver that is held back.
        for r in inboxes.clone().filter(|&r| !members.inboxes[r].is_gone) {
            for l in 0..members.lanes.len() {
                let waiting = members.inboxes[r]
                    .sent
                    .iter()
                    .filter(|(key, (lane, _))| *lane == l && !members.inboxes[r].got.contains(key));
                if members.lanes[l].target.is_none() && waiting.count() >= lane_capacity {
                    return;
                }
            }
        }
        for r in inboxes {
            let (Some(in_ring), Some(clock)) = (in_ring[r], clocks[r]) else {
                continue;
            };
            let due = members
                .missing(r, u64::MAX)
                .filter(|&(seq, _, l)| is_due(members, r, l, seq))
                .count();
            assert!(
                in_ring >= due,
                "receiver {r} has {in_ring} of {due} messages"
            );
            if let Some(bound) = bound(members, r) {
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
