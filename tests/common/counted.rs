//! Values that are counted when they are made, cloned and dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::common::eventually::eventually;

#[derive(Debug, Default)]
struct Counts {
    made: AtomicU64,
    dropped: AtomicU64,
}

/// Makes values, and knows how many of them there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<Counts>);

/// A value that its tally counts. Clones count as further values.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) id: u64,
    tally: Tally,
}

impl Tally {
    pub(crate) fn value(&self, id: u64) -> Counted {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        Counted {
            id,
            tally: self.clone(),
        }
    }

    /// Waits until every value is dropped; panics if one more is dropped than was made, or one is not.
    #[track_caller]
    pub(crate) fn all_dropped(&self) {
        eventually(|| {
            let dropped = self.0.dropped.load(Ordering::SeqCst);
            let made = self.0.made.load(Ordering::SeqCst);
            assert!(dropped <= made, "{made} values made, {dropped} dropped");
            dropped == made
        });
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.tally.value(self.id)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.tally.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}
