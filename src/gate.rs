//! Where a source that joins a forwarding dispatch learns from which number on it may send.

use crate::Order;
use crate::inbox::Inbox;
use crate::sync::atomic::{AtomicU64, Ordering, fence};

/// Limits that the engine announces, and that sources and receivers read as they join.
///
/// A source must not start behind a clock: what it then sent would be late though nobody has told it. The
/// engine does not know of it yet, and the clock moves on. So they do as in Dekker's mutual exclusion. The
/// engine announces how far it will go, then looks whether somebody is joining, and goes no
/// further than announced, or not at all if somebody is. A source says that it is joining, then
/// reads what was announced, and starts there. Between writing and looking each has a fence, and one of the
/// two fences comes first: either the engine finds that somebody is joining, or the source reads the
/// limit. If the engine does not go as far as announced because somebody is joining, it takes the limit
/// back, and announces it anew the next time, with another look.
///
/// A clone starts exactly at the frontier of its parent, unless another thread raises that at the time: see
/// `Connection::origin`.
#[derive(Debug)]
pub(crate) struct Gate {
    order: Order,
    /// For receivers.
    receivers: AtomicU64,
    /// For sources that reach every receiver; in `Order::Dense`, for all.
    sources: AtomicU64,
    /// In `Order::Dense`: the number that can never come; 0 as long as there is none.
    missing: AtomicU64,
}

impl Gate {
    pub(crate) fn new(order: Order, start: u64) -> Self {
        Self {
            order,
            receivers: AtomicU64::new(start),
            sources: AtomicU64::new(start),
            missing: AtomicU64::new(0),
        }
    }

    pub(crate) fn order(&self) -> Order {
        self.order
    }

    /// By the engine, before [`fence_at_gate`].
    pub(crate) fn announce_for_receivers(&self, limit: u64) {
        // ORDERING: relaxed, here and in the other methods; `fence_at_gate` stands between a limit and
        // what was told on the control lane.
        self.receivers.store(limit, Ordering::Relaxed);
    }

    /// By the engine, before [`fence_at_gate`].
    pub(crate) fn announce_for_sources(&self, limit: u64) {
        self.sources.store(limit, Ordering::Relaxed);
    }

    /// Where a receiver starts. By a handle, after [`fence_at_gate`].
    pub(crate) fn limit_for_receivers(&self) -> u64 {
        self.receivers.load(Ordering::Relaxed)
    }

    /// Where a source of `target`, or of all, starts. By a handle, after [`fence_at_gate`].
    pub(crate) fn limit_for_source<T>(&self, target: Option<&Inbox<T>>) -> u64 {
        match target {
            Some(inbox) if self.order == Order::Frontier => inbox.limit(),
            _ => self.sources.load(Ordering::Relaxed),
        }
    }

    /// The number that every wait is for and that nobody can send any more.
    pub(crate) fn missing(&self) -> Option<u64> {
        // ORDERING: relaxed, here and below. It is set before lanes are closed for it, and looked for by those
        // who have found their lane closed: that orders it.
        match self.missing.load(Ordering::Relaxed) {
            0 => None,
            number => Some(number),
        }
    }

    pub(crate) fn set_missing(&self, number: u64) {
        self.missing.store(number, Ordering::Relaxed);
    }
}

/// Stands between what is announced, or told, and the look at the other side's.
pub(crate) fn fence_at_gate() {
    // ORDERING: partner of itself; the argument is at `Gate`.
    fence(Ordering::SeqCst);
}
