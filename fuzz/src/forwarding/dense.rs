//! What `Order::Dense` may do: each number is one message's, and goes when all lower ones have come or cannot come.

use std::collections::BTreeMap;

use clocked_lanes::{DisconnectReason, Rejected};

use super::contract::Contract;
use super::members::{Item, Members};
use crate::value::Value;

#[derive(Default)]
pub(super) struct Dense {
    window: u64,
    /// Which message has got a number, as far as it is seen.
    winners: BTreeMap<u64, u16>,
    rejected: Vec<(u64, Option<u16>)>,
    /// The number that has ended it all.
    missing: Option<u64>,
}

impl Dense {
    pub(super) fn new(window: u64) -> Self {
        Self {
            window,
            ..Self::default()
        }
    }

    /// How many have sent a number.
    fn senders(members: &Members, seq: u64) -> usize {
        let items = members.lanes.iter().flat_map(|lane| &lane.items);
        items
            .filter(|(number, item)| *number == seq && *item != Item::Promise)
            .count()
    }

    /// Whether a number above `clock` was sent more than once: then it is up to the engine which one waits and which
    /// one is rejected.
    fn has_repeats(members: &Members, clock: u64) -> bool {
        let items = members.lanes.iter().flat_map(|lane| &lane.items);
        let mut numbers = items.filter(|(seq, item)| *seq > clock && *item != Item::Promise);
        numbers.any(|(seq, _)| Self::senders(members, *seq) > 1)
    }

    /// How far numbers can have come, given how many of each lane's items count and what each source has promised.
    fn arrived(
        members: &Members,
        from: u64,
        items: impl Fn(usize) -> usize,
        promise: impl Fn(usize) -> u64,
    ) -> u64 {
        let lanes = || members.lanes.iter().enumerate();
        let come = lanes().flat_map(|(l, lane)| lane.items[..items(l)].iter());
        let mut come: Vec<u64> = come
            .filter(|(_, item)| *item != Item::Promise)
            .map(|(seq, _)| *seq)
            .collect();
        come.sort_unstable();
        let sources = (0..members.lanes.len()).filter(|&l| members.is_source(l));
        let all = come.last().copied().unwrap_or(0);
        let mut arrived = from.max(sources.map(promise).min().unwrap_or(all));
        for seq in come {
            if seq.checked_sub(1) == Some(arrived) {
                arrived = seq;
            }
        }
        arrived
    }

    fn bound(members: &Members) -> u64 {
        Self::arrived(
            members,
            members.floor,
            |l| members.lanes[l].items.len(),
            |l| members.lanes[l].frontier,
        )
    }

    /// Up to what number a lane is taken in: the first one beyond the window, by its place among the items.
    fn head(&self, members: &Members, l: usize, arrived: u64) -> Option<usize> {
        let lane = &members.lanes[l];
        if !members.is_source(l) {
            return None;
        }
        let mut numbers = lane.items.iter().filter(|(_, item)| *item != Item::Promise);
        let head = numbers.find(|(seq, _)| *seq > arrived && seq - arrived > self.window)?;
        lane.items.iter().position(|item| item == head)
    }

    /// How far numbers have come when everything is done that can be; or else the one that never comes.
    fn settled(&self, members: &Members, from: u64) -> Result<u64, u64> {
        let mut arrived = from;
        loop {
            let head = |l| self.head(members, l, arrived);
            let items = |l| head(l).unwrap_or(members.lanes[l].items.len());
            let promise = |l: usize| {
                let lane = &members.lanes[l];
                match head(l) {
                    None => lane.frontier,
                    // What was promised after the last message counts, and what is behind a head does not.
                    Some(at) if at + 1 == lane.items.len() => {
                        lane.frontier.min(lane.items[at].0 - 1)
                    }
                    Some(at) => {
                        let promises = lane.items[..at]
                            .iter()
                            .filter(|(_, item)| *item == Item::Promise);
                        promises.map(|(seq, _)| *seq).max().unwrap_or(0)
                    }
                }
            };
            let next = Self::arrived(members, arrived, items, promise);
            if next > arrived {
                arrived = next;
                continue;
            }
            let lanes = 0..members.lanes.len();
            let is_anybody_blocked = lanes.clone().any(|l| head(l).is_some());
            let mut open = lanes.filter(|&l| members.is_source(l) && promise(l) <= arrived);
            let is_stuck = is_anybody_blocked && open.all(|l| head(l).is_some());
            return if is_stuck {
                Err(arrived + 1)
            } else {
                Ok(arrived)
            };
        }
    }

    /// What has to arrive and has not: of a number that several have sent, any one.
    fn check_missing(&self, members: &Members, r: usize, upto: u64) {
        for (seq, id, _) in members.missing(r, upto) {
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
                assert_eq!(self.settled(members, *clock), Ok(*clock), "the clock");
            }
        }
    }

    fn gave_up(&mut self, members: &Members, number: u64, clock: u64) {
        assert_eq!(number, clock + 1, "what is missing is the next number");
        if !Self::has_repeats(members, clock) {
            assert_eq!(
                self.settled(members, clock),
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
