//! How far a receiver has observed.

use crossbeam_utils::CachePadded;

use crate::DisconnectReason;
use crate::Seq;
use crate::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use crate::wait_queue::{Place, WaitQueue};
use crate::waiter::fence_after_publishing;

/// The receiver may return more. The state at the start.
const OPEN: u8 = 0;
/// It has returned everything that was sent to it. Entered from `OPEN` by the receiver, and never left.
const DRAINED: u8 = 1;
/// It was dropped before. Entered from `OPEN` by the receiver, and never left.
const LEFT: u8 = 2;

/// There is no limit to the number. The state at the start.
const FINE: u8 = 0;
/// The engine has died. Entered by it, and never left.
const DIED: u8 = 1;
/// The number after the limit is missing. Entered by the engine, and never left.
const STUCK: u8 = 2;

/// A number that rises, as one thread says, and those who wait for it.
///
/// It outlives the receiver, and knows how that has ended. All of it changes as [`WaitQueue`] requires: first the
/// change, then the fence, then a look who waits.
#[derive(Debug)]
pub(crate) struct Observed {
    seen: CachePadded<Seen>,
    /// `OPEN`, `DRAINED` or `LEFT`.
    end: AtomicU8,
    /// `FINE`, `DIED` or `STUCK`.
    failure: AtomicU8,
    /// With a failure: how far the number can rise at most.
    limit: AtomicU64,
    queue: WaitQueue,
}

/// What the receiver has to do with at each event.
#[derive(Debug)]
struct Seen {
    /// The number of the last event returned. Written by the receiver.
    seq: AtomicU64,
    /// How many there are who may wait for the number. Rises from zero on the receiver's thread only.
    watchers: AtomicUsize,
}

/// What is known about a target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outlook {
    /// The number has got there; this is how far.
    Reached(u64),
    /// It may.
    Open,
    /// It will not.
    Never(DisconnectReason),
}

impl Observed {
    pub(crate) fn new(start: u64) -> Self {
        Self {
            seen: CachePadded::new(Seen {
                seq: AtomicU64::new(start),
                watchers: AtomicUsize::new(0),
            }),
            end: AtomicU8::new(OPEN),
            failure: AtomicU8::new(FINE),
            limit: AtomicU64::new(u64::MAX),
            queue: WaitQueue::new(),
        }
    }

    pub(crate) fn seq(&self) -> u64 {
        // ORDERING: acquire, partner of the release in `observe`: who sees that the receiver has observed `n`
        // sees what its thread did before.
        self.seen.seq.load(Ordering::Acquire)
    }

    /// Raises the number. By the receiver.
    #[inline]
    pub(crate) fn observe(&self, seq: u64) {
        // ORDERING: release, partner of the acquire in `seq`.
        self.seen.seq.store(seq, Ordering::Release);
        // ORDERING: relaxed. The first to watch signs in on the receiver's thread, which is this one, and the
        // others while one is there; so if this is zero, nobody watches any more.
        if self.seen.watchers.load(Ordering::Relaxed) > 0 {
            fence_after_publishing();
            self.queue.wake_up_to(seq);
        }
    }

    /// Signs one in who may wait for the number. The first one on the receiver's thread, each other while one is
    /// there.
    pub(crate) fn watch(&self) {
        // ORDERING: relaxed, here and below: see `observe`.
        self.seen.watchers.fetch_add(1, Ordering::Relaxed);
    }

    /// Signs one out.
    pub(crate) fn unwatch(&self) {
        self.seen.watchers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes that the receiver has returned everything that was sent to it.
    pub(crate) fn drain(&self) {
        self.finish(DRAINED);
    }

    /// Notes that the receiver was dropped; of no effect if it was drained by then.
    pub(crate) fn leave(&self) {
        // ORDERING: relaxed. Only the receiver writes it.
        if self.end.load(Ordering::Relaxed) == OPEN {
            self.finish(LEFT);
        }
    }

    fn finish(&self, end: u8) {
        // ORDERING: release, partner of the acquire in `outlook`: who sees the end sees the last number.
        // (No model shows it: where somebody watches, `observe` has made a fence since.)
        self.end.store(end, Ordering::Release);

        fence_after_publishing();
        self.queue.wake_from(0);
    }

    /// Notes that the engine has died.
    pub(crate) fn die(&self) {
        self.fail(DIED, 0);
    }

    /// Notes that the number after `last` is missing.
    pub(crate) fn get_stuck(&self, last: u64) {
        self.fail(STUCK, last);
    }

    fn fail(&self, failure: u8, limit: u64) {
        // ORDERING: relaxed; the store below releases it.
        self.limit.store(limit, Ordering::Relaxed);
        // ORDERING: release, partner of the acquire in `outlook`: who sees the failure sees the limit.
        self.failure.store(failure, Ordering::Release);
        fence_after_publishing();
        self.queue.wake_from(0);
    }

    /// A place among those who wait.
    pub(crate) fn place(&self) -> Place<'_> {
        Place::new(&self.queue)
    }

    /// What is known about a target.
    pub(crate) fn outlook(&self, target: u64) -> Outlook {
        // ORDERING: acquire, partner of the release in `finish`, so that the number read below is the last one.
        let end = self.end.load(Ordering::Acquire);
        let seq = self.seq();
        if seq >= target {
            return Outlook::Reached(seq);
        }
        if end == DRAINED {
            return Outlook::Reached(target);
        }
        // ORDERING: acquire, partner of the release in `fail`; the relaxed load of the limit comes after it.
        let failure = self.failure.load(Ordering::Acquire);
        let limit = self.limit.load(Ordering::Relaxed);
        let reason = match failure {
            FINE => DisconnectReason::ReceiverGone,
            DIED => DisconnectReason::DispatcherDied,
            _ => DisconnectReason::MissingNumber(Seq::from(limit + 1)),
        };
        if end == LEFT || (failure != FINE && target > limit) {
            Outlook::Never(reason)
        } else {
            Outlook::Open
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::Dispatcher;

    /// A receiver looks for those who wait as long as there is somebody who may.
    #[test]
    fn who_watches_is_known() {
        let (_tx, rx) = Dispatcher::<u32>::new().channel("a").unwrap();
        let watchers = || {
            rx.outlet()
                .inbox()
                .observed()
                .seen
                .watchers
                .load(Ordering::Relaxed)
        };
        let progress = rx.progress();
        let too = progress.clone();
        assert_eq!(watchers(), 2);
        drop((progress, too));
        assert_eq!(watchers(), 0);
    }
}
