//! What `Order::Dense` may do: each number is one message's, and goes when all lower ones have come or cannot come.

use std::collections::{BTreeMap, BTreeSet};

use super::members::{Item, Members};

#[derive(Default)]
pub(super) struct Dense {
    pub(super) window: u64,
    /// Which message has got a number, as far as it is seen.
    pub(super) winners: BTreeMap<u64, u16>,
    pub(super) rejected: Vec<(u64, Option<u16>)>,
    /// The number that has ended it all.
    pub(super) missing: Option<u64>,
}

/// What is taken in of a lane.
struct Taken<'a> {
    items: &'a [(u64, Item)],
    /// What was promised with that.
    frontier: u64,
    is_source: bool,
    /// Something beyond the window comes next.
    has_head: bool,
}

impl<'a> Taken<'a> {
    fn new(members: &'a Members, l: usize, upto: u64) -> Self {
        let lane = &members.lanes[l];
        let (items, is_source) = (lane.items.as_slice(), members.is_source(l));
        let mut numbers = items.iter();
        let head = numbers.position(|&(seq, item)| item != Item::Promise && seq > upto);
        let head = head.filter(|_| is_source);
        let frontier = match head {
            None => lane.frontier,
            // What was promised after the last message counts, and what is behind a head does not.
            Some(at) if at + 1 == items.len() => lane.frontier.min(items[at].0 - 1),
            Some(at) => {
                let promises = items[..at].iter().filter(|it| it.1 == Item::Promise);
                promises.map(|it| it.0).max().unwrap_or(0)
            }
        };
        Self {
            items: &items[..head.unwrap_or(items.len())],
            frontier,
            is_source,
            has_head: head.is_some(),
        }
    }
}

impl Dense {
    /// How far numbers have come when everything is done that can be; or else the one that never comes.
    pub(super) fn settled(members: &Members, from: u64, window: u64) -> Result<u64, u64> {
        let mut arrived = from;
        loop {
            let lanes = 0..members.lanes.len();
            let taken = lanes.map(|l| Taken::new(members, l, arrived.saturating_add(window)));
            let taken: Vec<_> = taken.collect();
            let items = taken.iter().flat_map(|lane| lane.items);
            let numbers = items.filter(|(_, item)| *item != Item::Promise);
            let come: BTreeSet<u64> = numbers.map(|(seq, _)| *seq).collect();
            let sources = || taken.iter().filter(|lane| lane.is_source);
            let promised = sources().map(|lane| lane.frontier).min();
            let all = || come.last().copied().unwrap_or(0);
            let mut next = arrived.max(promised.unwrap_or_else(all));
            while next < u64::MAX && come.contains(&(next + 1)) {
                next += 1;
            }
            if next == arrived {
                let mut open = sources().filter(|lane| lane.frontier <= arrived);
                let is_anybody_blocked = taken.iter().any(|lane| lane.has_head);
                let is_stuck = is_anybody_blocked && open.all(|lane| lane.has_head);
                return if is_stuck {
                    Err(arrived + 1)
                } else {
                    Ok(arrived)
                };
            }
            arrived = next;
        }
    }

    /// How far numbers may have come.
    pub(super) fn bound(members: &Members) -> u64 {
        Self::settled(members, members.floor, u64::MAX).expect("nothing is beyond the window")
    }

    /// How many have sent a number.
    pub(super) fn senders(members: &Members, seq: u64) -> usize {
        let items = members.lanes.iter().flat_map(|lane| &lane.items);
        items
            .filter(|(number, item)| *number == seq && *item != Item::Promise)
            .count()
    }

    /// Whether a number above `clock` was sent more than once: then it is up to the engine which one waits and which
    /// one is rejected.
    pub(super) fn has_repeats(members: &Members, clock: u64) -> bool {
        let items = members.lanes.iter().flat_map(|lane| &lane.items);
        let mut numbers = items.filter(|(seq, item)| *seq > clock && *item != Item::Promise);
        numbers.any(|(seq, _)| Self::senders(members, *seq) > 1)
    }
}
