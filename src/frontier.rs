//! How far a source has promised that nothing follows.

use crate::sync::atomic::{AtomicU64, Ordering};

/// A number up to which nothing more is put into a lane. It only rises.
///
/// The sender raises it after it has put a message in, and the engine reads it before it looks into the lane:
/// what was put in before is there then, so a lane that is found empty proves that nothing up to the
/// number read is on its way.
#[derive(Debug)]
pub(crate) struct Frontier(AtomicU64);

impl Frontier {
    pub(crate) fn new(origin: u64) -> Self {
        Self(AtomicU64::new(origin))
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        // ORDERING: acquire, partner of the release in `raise`: the look into the lane that follows sees what
        // was put in before.
        self.0.load(Ordering::Acquire)
    }

    /// Raises it. Returns whether it was lower.
    #[inline]
    pub(crate) fn raise(&self, frontier: u64) -> bool {
        // ORDERING: release, partner of the acquire in `get`. A maximum, as two threads may share the
        // sender; a read-modify-write continues the release sequence of the one before.
        self.0.fetch_max(frontier, Ordering::Release) < frontier
    }
}
