//! What a serializing dispatch may do, given what was done to it.
//!
//! Which lanes something came out of in a step is the engine's choice, and seen by how much is left in each. All else
//! follows from that, but for the order of what came out of different lanes in one step.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use super::numbers::{Bundle, Numbers};

pub(super) struct Lane {
    /// The inbox; `None` for a broadcaster's lane.
    pub(super) target: Option<usize>,
    pub(super) bundles: VecDeque<Bundle>,
}

#[derive(Default)]
pub(super) struct Inbox {
    /// What has numbers and was not returned.
    pub(super) coming: VecDeque<Round>,
    /// The number of the last event.
    pub(super) last: u64,
    /// The next message is known to have the number after the last event.
    pub(super) is_next: bool,
}

/// What a step has numbered for one inbox.
pub(super) struct Round {
    numbers: Range<u64>,
    /// By lane.
    messages: BTreeMap<usize, VecDeque<u16>>,
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) lanes: Vec<Lane>,
    pub(super) inboxes: Vec<Inbox>,
    pub(super) clock: u64,
    pub(super) numbers: Numbers,
}

impl Model {
    /// After a step: `lens` is how much is left in each lane.
    pub(super) fn stepped(&mut self, clock: u64, lens: impl Iterator<Item = usize>) {
        let numbers = self.clock + 1..clock + 1;
        if numbers.is_empty() {
            let unchanged = lens.eq(self.lanes.iter().map(|lane| lane.bundles.len()));
            return assert!(unchanged, "what came out of a lane has a number");
        }
        let mut rounds = vec![BTreeMap::<usize, VecDeque<u16>>::new(); self.inboxes.len()];
        for (l, len) in lens.enumerate() {
            let Lane { target, bundles } = &mut self.lanes[l];
            assert!(len <= bundles.len(), "lane {l} has too much in it");
            for bundle in bundles.drain(..bundles.len() - len) {
                self.clock += bundle.len() as u64;
                for (r, round) in rounds.iter_mut().enumerate() {
                    if target.is_none_or(|to| to == r) {
                        round.entry(l).or_default().extend(bundle.clone());
                    }
                }
            }
        }
        assert_eq!(self.clock, clock, "as many numbers as messages");
        for (inbox, messages) in self.inboxes.iter_mut().zip(rounds) {
            if !messages.is_empty() {
                let numbers = numbers.clone();
                inbox.coming.push_back(Round { numbers, messages });
            }
        }
    }

    /// How many messages have numbers and were not returned.
    pub(super) fn coming(&self, r: usize) -> usize {
        let rounds = self.inboxes[r].coming.iter();
        rounds
            .flat_map(|round| round.messages.values())
            .map(VecDeque::len)
            .sum()
    }

    pub(super) fn has_broadcast_coming(&self, r: usize) -> bool {
        let mut lanes = self.inboxes[r]
            .coming
            .iter()
            .flat_map(|round| round.messages.keys());
        lanes.any(|&l| self.lanes[l].target.is_none())
    }

    /// A number is known to be a message's.
    pub(super) fn numbered(&mut self, number: u64, id: u16) {
        assert!(number <= self.clock, "{number} is not on the clock");
        self.numbers.see(number, id);
    }

    pub(super) fn received(&mut self, r: usize, number: u64, id: u16) {
        self.numbered(number, id);
        let inbox = &mut self.inboxes[r];
        assert!(number > inbox.last, "{number} comes after {}", inbox.last);
        assert!(
            !inbox.is_next || number == inbox.last + 1,
            "{number} was not told of"
        );
        (inbox.last, inbox.is_next) = (number, false);
        let round = inbox.coming.front_mut().expect("something is coming");
        assert!(
            round.numbers.contains(&number),
            "{number} is of another step"
        );
        let mut lanes = round.messages.iter();
        let l = lanes.find_map(|(l, ids)| (ids.front() == Some(&id)).then_some(*l));
        let l = l.unwrap_or_else(|| panic!("{id} is not the next of its lane"));
        let ids = round.messages.get_mut(&l).expect("it was found just now");
        ids.pop_front();
        if ids.is_empty() {
            round.messages.remove(&l);
        }
        if round.messages.is_empty() {
            inbox.coming.pop_front();
        }
    }
}
