//! Those who wait for a number to get somewhere.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::contained::contain;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard};
use crate::waiter::fence_after_registering;

/// A queue of wakers, each with the number that it waits for, its target.
///
/// For many who wait, where a [`Waiter`](crate::waiter::Waiter) is for one. No wake-up is lost for the same
/// reason as there: who waits enters the queue, and after a fence looks whether what it waits for has come; the
/// other side brings that about, calls [`fence_after_publishing`](crate::waiter::fence_after_publishing), and then
/// looks who is in the queue. The lock is for those who are in it: who finds nobody to wake does not take
/// it.
#[derive(Debug)]
pub(crate) struct WaitQueue {
    /// The lowest target; `u64::MAX` if nobody is there. Written under the lock.
    lowest: AtomicU64,
    /// How many are there. Written under the lock.
    len: AtomicUsize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    wakers: Wakers,
    next_ticket: u64,
}

/// By target and ticket.
type Wakers = BTreeMap<(u64, u64), Waker>;

/// Which place in the queue somebody has, by target and ticket; none before [`WaitQueue::enter`] gives one.
#[derive(Debug, Default)]
pub(crate) struct Key(Option<(u64, u64)>);

/// A place in a queue, which is left when this is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    queue: &'a WaitQueue,
    key: Key,
}

impl WaitQueue {
    pub(crate) fn new() -> Self {
        Self {
            lowest: AtomicU64::new(u64::MAX),
            len: AtomicUsize::new(0),
            entries: Mutex::new(Entries::default()),
        }
    }

    /// Wakes those with targets up to `n`. After `fence_after_publishing`.
    #[inline]
    pub(crate) fn wake_up_to(&self, n: u64) {
        // ORDERING: relaxed, here and below. The fence before this call orders it; if what is read is out of date,
        // the one who entered meanwhile has not looked yet, and will see the news.
        if self.lowest.load(Ordering::Relaxed) <= n {
            self.wake(|wakers| match n.checked_add(1) {
                Some(next) => {
                    let others = wakers.split_off(&(next, 0));
                    std::mem::replace(wakers, others)
                }
                None => std::mem::take(wakers),
            });
        }
    }

    /// Wakes those with this target or a higher one. After `fence_after_publishing`.
    #[inline]
    pub(crate) fn wake_from(&self, target: u64) {
        if !self.is_empty() {
            self.wake(|wakers| wakers.split_off(&(target, 0)));
        }
    }

    /// Wakes the first of those with this target, and has it leave. Returns `false` if there is none.
    pub(crate) fn wake_first(&self, target: u64) -> bool {
        let mut entries = self.lock();
        let mut places = entries.wakers.range((target, 0)..=(target, u64::MAX));
        let first = places.next().map(|(&place, _)| place);
        let Some(waker) = first.and_then(|place| entries.wakers.remove(&place)) else {
            return false;
        };
        self.summarise(&entries);
        drop(entries);
        contain(|| waker.wake());
        true
    }

    /// Whether somebody is there with a target up to `n`. After a fence, as with waking.
    #[inline]
    pub(crate) fn has_up_to(&self, n: u64) -> bool {
        self.lowest.load(Ordering::Relaxed) <= n
    }

    /// Whether nobody is there. After a fence, as with waking.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len.load(Ordering::Relaxed) == 0
    }

    /// Queues up, or leaves another waker at the place there, which always has the same target. To be followed by a
    /// look whether what it waits for has come, and by [`leave`](Self::leave) when it waits no more.
    pub(crate) fn enter(&self, key: &mut Key, target: u64, waker: &Waker) {
        // Cloned before the lock is taken, and dropped after it: user code.
        let waker = waker.clone();
        let mut entries = self.lock();
        let place = *key.0.get_or_insert_with(|| {
            entries.next_ticket += 1;
            (target, entries.next_ticket)
        });
        let old = entries.wakers.insert(place, waker);
        self.summarise(&entries);
        drop(entries);
        drop(old);
        fence_after_registering();
    }

    /// Leaves the queue, if it is there.
    pub(crate) fn leave(&self, key: &mut Key) {
        let Some(place) = key.0.take() else {
            return;
        };
        let mut entries = self.lock();
        let old = entries.wakers.remove(&place);
        self.summarise(&entries);
        drop(entries);
        drop(old);
    }

    #[cold]
    fn wake(&self, split: impl FnOnce(&mut Wakers) -> Wakers) {
        let mut entries = self.lock();
        let woken = split(&mut entries.wakers);
        self.summarise(&entries);
        drop(entries);
        for waker in woken.into_values() {
            // User code, if it is a task's. Its panic is not that of whoever brings the news.
            contain(|| waker.wake());
        }
    }

    fn summarise(&self, entries: &Entries) {
        let lowest = entries.wakers.first_key_value().map(|(key, _)| key.0);
        // ORDERING: relaxed. Who enters has a fence after it. Where somebody leaves, a value out of date costs
        // a look into the queue.
        self.lowest
            .store(lowest.unwrap_or(u64::MAX), Ordering::Relaxed);
        self.len.store(entries.wakers.len(), Ordering::Relaxed);
    }

    /// A panic under the lock can only be for want of memory, and the queue is whole then.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Key {
    /// Whether it stands for no place.
    pub(crate) fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl<'a> Place<'a> {
    pub(crate) fn new(queue: &'a WaitQueue) -> Self {
        let key = Key::default();
        Self { queue, key }
    }

    /// Queues up. To be followed by a look whether what it waits for has come.
    pub(crate) fn queue_up(&mut self, target: u64, waker: &Waker) {
        self.queue.enter(&mut self.key, target, waker);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.queue.leave(&mut self.key);
    }
}
