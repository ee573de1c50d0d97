//! How far a receiver has observed, and who waits for that.

use std::collections::BTreeMap;
use std::task::Waker;

use crossbeam_utils::CachePadded;

use crate::DisconnectReason;
use crate::contained::contain;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard};
use crate::waiter::{fence_after_publishing, fence_after_registering};

/// The target of those who wait for the receiver to be through, whatever the number. (Somebody who waits
/// for this very number has it, too, and looks again when it is woken for the wrong reason.)
pub(crate) const UNTIL_END: u64 = u64::MAX;

/// A number that rises, as one thread says, and a queue of those who wait for it to get somewhere.
///
/// How no wake-up is lost: as with a [`Waiter`](crate::waiter::Waiter). The receiver stores the number, and after
/// a fence looks at the lowest target; who waits enters its target, and after a fence looks at the
/// number. What else there is to learn, that the number will rise no more, changes under the lock under which
/// targets are entered.
#[derive(Debug)]
pub(crate) struct Observed {
    seen: CachePadded<Seen>,
    queue: Mutex<Queue>,
}

/// What the receiver looks at with every event.
#[derive(Debug)]
struct Seen {
    /// The number of the last event returned. Written by the receiver.
    seq: AtomicU64,
    /// How many there are who may wait for the number. Rises from zero on the receiver's thread only.
    watchers: AtomicUsize,
    /// The lowest target in the queue; `UNTIL_END` if there is none. Written under the lock.
    lowest: AtomicU64,
}

/// Who waits, by target and by ticket.
type Wakers = BTreeMap<(u64, u64), Waker>;

#[derive(Debug, Default)]
struct Queue {
    wakers: Wakers,
    next_ticket: u64,
    end: Option<End>,
    failure: Option<Failure>,
}

/// How the receiver has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// It has returned everything that was sent to it.
    Drained,
    /// It was dropped before.
    Left,
}

/// Why the number does not rise beyond `last`.
#[derive(Clone, Copy, Debug)]
struct Failure {
    last: u64,
    reason: DisconnectReason,
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

/// A place in the queue. To be given back with [`Observed::leave_queue`].
#[derive(Debug)]
pub(crate) struct Ticket {
    target: u64,
    number: u64,
}

impl Observed {
    pub(crate) fn new(start: u64) -> Self {
        Self {
            seen: CachePadded::new(Seen {
                seq: AtomicU64::new(start),
                watchers: AtomicUsize::new(0),
                lowest: AtomicU64::new(UNTIL_END),
            }),
            queue: Mutex::new(Queue::default()),
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
            self.tell(seq);
        }
    }

    #[inline(never)]
    fn tell(&self, seq: u64) {
        fence_after_publishing();
        // ORDERING: relaxed. The fence orders it; if it is out of date, the one who entered a lower target has
        // not looked at the number yet, and will see it.
        if self.seen.lowest.load(Ordering::Relaxed) <= seq {
            self.wake_up_to(seq);
        }
    }

    /// Signs one in who may wait. The first one on the receiver's thread, each other while one is there.
    pub(crate) fn watch(&self) {
        // ORDERING: relaxed, here and below: see `observe`.
        self.seen.watchers.fetch_add(1, Ordering::Relaxed);
    }

    /// Signs one out.
    pub(crate) fn unwatch(&self) {
        self.seen.watchers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes that the receiver has returned everything that was sent to it.
    pub(crate) fn drained(&self) {
        self.lock().end = Some(End::Drained);
        self.wake_from(0);
    }

    /// Notes that the receiver was dropped, unless it was drained by then.
    pub(crate) fn left(&self) {
        self.lock().end.get_or_insert(End::Left);
        self.wake_from(0);
    }

    /// Notes that the number does not rise beyond `last`.
    pub(crate) fn failed(&self, last: u64, reason: DisconnectReason) {
        self.lock().failure = Some(Failure { last, reason });
        self.wake_from(last.saturating_add(1));
    }

    /// Has those look again who wait for the receiver to be through.
    pub(crate) fn wake_until_end(&self) {
        self.wake_from(UNTIL_END);
    }

    /// Wakes those with targets up to `seq`.
    fn wake_up_to(&self, seq: u64) {
        let Some(next) = seq.checked_add(1) else {
            return self.wake_from(0);
        };
        self.wake(|wakers| {
            let others = wakers.split_off(&(next, 0));
            std::mem::replace(wakers, others)
        });
    }

    /// Wakes those with this target or a higher one.
    fn wake_from(&self, target: u64) {
        self.wake(|wakers| wakers.split_off(&(target, 0)));
    }

    fn wake(&self, split: impl FnOnce(&mut Wakers) -> Wakers) {
        let mut queue = self.lock();
        let woken = split(&mut queue.wakers);
        self.set_lowest(&queue);
        drop(queue);
        for waker in woken.into_values() {
            // User code, if it is a task's. Its panic is not the receiver's, nor the engine's.
            contain(|| waker.wake());
        }
    }

    /// What is known about a target.
    pub(crate) fn outlook(&self, target: u64) -> Outlook {
        let seq = self.seq();
        if seq >= target {
            return Outlook::Reached(seq);
        }
        let queue = self.lock();
        let (end, failure) = (queue.end, queue.failure);
        drop(queue);
        // Again: what it observed before it ended counts.
        let seq = self.seq();
        if seq >= target {
            return Outlook::Reached(seq);
        }
        match (end, failure) {
            (Some(End::Drained), _) => Outlook::Reached(target),
            (_, Some(failure)) if end.is_some() || target > failure.last => {
                Outlook::Never(failure.reason)
            }
            (Some(End::Left), _) => Outlook::Never(DisconnectReason::ReceiverGone),
            (None, _) => Outlook::Open,
        }
    }

    /// Enters the queue, or leaves another waker at the place there. To be followed by a look at the
    /// [`outlook`](Self::outlook).
    pub(crate) fn queue_up(&self, target: u64, waker: &Waker, place: &mut Option<Ticket>) {
        // Cloned before the lock is taken: user code.
        let waker = waker.clone();
        let mut queue = self.lock();
        let number = match place {
            Some(ticket) => ticket.number,
            None => {
                queue.next_ticket += 1;
                queue.next_ticket
            }
        };
        let old = queue.wakers.insert((target, number), waker);
        self.set_lowest(&queue);
        drop(queue);
        *place = Some(Ticket { target, number });
        drop(old);
        fence_after_registering();
    }

    /// Leaves the queue.
    pub(crate) fn leave_queue(&self, place: &Ticket) {
        let mut queue = self.lock();
        let old = queue.wakers.remove(&(place.target, place.number));
        self.set_lowest(&queue);
        drop(queue);
        // After the lock: user code.
        drop(old);
    }

    fn set_lowest(&self, queue: &Queue) {
        let lowest = queue.wakers.first_key_value().map(|(key, _)| key.0);
        // ORDERING: relaxed. Who enters has a fence after it; where it rises, a value out of date costs the
        // receiver a look into the queue.
        self.seen
            .lowest
            .store(lowest.unwrap_or(UNTIL_END), Ordering::Relaxed);
    }

    /// A panic under the lock is out of memory; the queue is whole then.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
