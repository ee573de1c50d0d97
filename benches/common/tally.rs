//! A tally: how many messages a receiver has got, and the check that they are the right ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

/// Where in a message its sender is: below are the sender's messages, 0, 1, 2, …
const SENDER: u32 = 40;

/// What a sender begins to count with, if it is the `sender`th of those to one receiver.
pub(crate) fn first(sender: usize) -> u64 {
    (sender as u64) << SENDER
}

/// What one receiver has got so far. Kept by the receiving thread.
#[derive(Debug)]
pub(crate) struct Tally {
    /// What each sender's next message is.
    next: Vec<u64>,
    received: u64,
    expected: u64,
    shown: Shown,
}

/// How many messages a receiver has got, for others to read: a run that is given up can say how far it got.
///
/// On a cache line of its own that nobody reads meanwhile, this costs what a local variable does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown(Arc<CachePadded<AtomicU64>>);

impl Shown {
    pub(crate) fn received(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Tally {
    /// Expects so many messages from each of so many senders.
    pub(crate) fn new(senders: usize, messages: u64) -> Self {
        Self {
            next: (0..senders).map(first).collect(),
            received: 0,
            expected: senders as u64 * messages,
            shown: Shown::default(),
        }
    }

    pub(crate) fn shown(&self) -> Shown {
        self.shown.clone()
    }

    /// Counts a message.
    ///
    /// # Panics
    ///
    /// If it is not its sender's next one.
    #[inline]
    pub(crate) fn count(&mut self, value: u64) {
        let next = &mut self.next[(value >> SENDER) as usize];
        assert_eq!(value, *next, "a message is missing or out of order");
        *next += 1;
        self.received += 1;
        // Relaxed: one thread writes, and the others want no more than the figure.
        self.shown.0.store(self.received, Ordering::Relaxed);
    }

    /// Whether everything expected has been received.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        self.received >= self.expected
    }
}
