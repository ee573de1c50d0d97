//! A tally: how many messages a receiver has got, and the check that they are the right ones.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

/// What one receiver has got so far of the messages 0, 1, 2, …
///
/// Kept by the receiving thread alone. It can be read by others, so that a run that is given up can
/// say how far it got; on a cache line of its own that nobody reads meanwhile, this costs what a local
/// variable does.
#[derive(Debug)]
pub(crate) struct Tally {
    expected: u64,
    received: CachePadded<AtomicU64>,
}

impl Tally {
    pub(crate) fn new(expected: u64) -> Self {
        Self {
            expected,
            received: CachePadded::new(AtomicU64::new(0)),
        }
    }

    /// Counts a message.
    ///
    /// # Panics
    ///
    /// If it is not the next one.
    #[inline]
    pub(crate) fn count(&self, value: u64) {
        let received = self.received();
        assert_eq!(value, received, "a message is missing or out of order");
        // Relaxed: one thread writes, and the others want no more than the figure.
        self.received.store(received + 1, Ordering::Relaxed);
    }

    /// How many messages have been received.
    #[inline]
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Whether everything expected has been received.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        self.received() >= self.expected
    }
}
