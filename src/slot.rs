//! Where the engine keeps what belongs to a handle.

use crate::sync::atomic::{AtomicUsize, Ordering};

/// Stands for no place.
const NONE: usize = usize::MAX;

/// An index that the engine writes into what it shares with a handle, so that it finds its own part
/// again without a search. Others compare it only to tell people who is meant.
#[derive(Debug)]
pub(crate) struct Slot(AtomicUsize);

impl Slot {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(NONE))
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<usize> {
        // ORDERING: relaxed, here and below. The engine alone finds something by the index; it is an atomic because
        // it lies in shared memory, and where the engine moves between threads, the move orders it.
        match self.0.load(Ordering::Relaxed) {
            NONE => None,
            index => Some(index),
        }
    }

    pub(crate) fn set(&self, index: usize) {
        self.0.store(index, Ordering::Relaxed);
    }

    pub(crate) fn clear(&self) {
        self.0.store(NONE, Ordering::Relaxed);
    }
}
