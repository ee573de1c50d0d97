//! Which message has which number, as far as that is seen: S1.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Messages that go together, by their ids.
pub(super) type Bundle = Range<u16>;

#[derive(Default)]
pub(super) struct Numbers {
    /// The first message of the bundle of each message.
    first_of: Vec<u16>,
    /// The first number of each bundle, by its first message.
    starts: HashMap<u16, u64>,
    messages: BTreeMap<u64, u16>,
}

impl Numbers {
    /// A bundle of so many messages.
    pub(super) fn bundle(&mut self, len: usize) -> Bundle {
        let first = self.first_of.len() as u16;
        self.first_of.extend((0..len).map(|_| first));
        first..first + len as u16
    }

    /// How many messages there are.
    pub(super) fn made(&self) -> usize {
        self.first_of.len()
    }

    pub(super) fn see(&mut self, number: u64, id: u16) {
        let first = self.first_of[usize::from(id)];
        let start = number - u64::from(id - first);
        assert_eq!(
            *self.starts.entry(first).or_insert(start),
            start,
            "{id} has one number"
        );
        assert_eq!(
            *self.messages.entry(number).or_insert(id),
            id,
            "{number} is one message's"
        );
    }

    /// Those that were seen.
    pub(super) fn seen(&self) -> impl Iterator<Item = u64> {
        self.messages.keys().copied()
    }
}
