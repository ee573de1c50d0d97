//! What keeps a lane waiting, for people who ask.

use crate::slot::Slot;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Which receiver the engine of a forwarding dispatch waits for before it takes more out of a lane.
///
/// The engine writes it when a lane comes to wait and when it goes on, and not for each message; in
/// [`Order::Frontier`](crate::Order::Frontier) also for a lane that is empty and would wait if it were not. Anybody
/// reads it without a lock.
#[derive(Debug)]
pub(crate) struct Blockage {
    /// Where the engine keeps the receiver's inlet.
    port: Slot,
    /// Nothing up to this number comes out of the lane any more.
    passed: AtomicU64,
}

impl Blockage {
    pub(crate) fn new() -> Self {
        Self {
            port: Slot::new(),
            passed: AtomicU64::new(0),
        }
    }

    /// The receiver, by its inbox's slot, and the number up to which all of the lane has been taken out; `None` if the
    /// lane does not wait for a receiver.
    pub(crate) fn get(&self) -> Option<(usize, u64)> {
        // ORDERING: relaxed, here and below. It is for people, and as of about now.
        Some((self.port.get()?, self.passed.load(Ordering::Relaxed)))
    }

    /// By the engine.
    pub(crate) fn set(&self, port: usize, passed: u64) {
        self.passed.store(passed, Ordering::Relaxed);
        self.port.set(port);
    }

    /// By the engine.
    pub(crate) fn clear(&self) {
        self.port.clear();
    }
}
