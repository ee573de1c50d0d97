//! One who waits, and how it is woken.

use std::ptr;
use std::task::{Wake, Waker};

use crate::contained::contain;
use crate::sync::atomic::{AtomicPtr, Ordering, fence};
use crate::sync::thread::{self, Unparker};

/// A slot for the one who waits: a thread or a task, both as a [`Waker`].
///
/// Empty, or the owner of a waker. Every access swaps the content as a whole, so whoever got a waker
/// out owns it, and no state in between is seen by anybody.
///
/// How no wake-up is lost. The waiting side registers, calls [`fence_after_registering`], and then
/// looks whether what it waits for has come; only if it has not does it go to sleep. The other side
/// brings it about, calls [`fence_after_publishing`], and then wakes whoever is registered. A wake-up
/// would be lost if the look missed the news *and* the wake missed the waker. The fences are both
/// sequentially consistent, so one comes first: if the waiting side's, the other sees the waker; if the
/// other's, the look sees the news.
#[derive(Debug)]
pub(crate) struct Waiter {
    /// Null, or from `Arc::into_raw`.
    slot: AtomicPtr<Waker>,
}

/// Stands between registering as waiting and the last look before sleep.
#[inline]
pub(crate) fn fence_after_registering() {
    // ORDERING: partner of `fence_after_publishing`; the argument is at `Waiter`.
    fence(Ordering::SeqCst);
}

/// Stands between making something known and looking who waits for it.
#[inline]
pub(crate) fn fence_after_publishing() {
    // ORDERING: partner of `fence_after_registering`; the argument is at `Waiter`.
    fence(Ordering::SeqCst);
}

impl Waiter {
    pub(crate) fn new() -> Self {
        Self {
            slot: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Leaves a waker to be woken, in place of one left earlier.
    pub(crate) fn register(&self, waker: &std::sync::Arc<Waker>) {
        let raw = std::sync::Arc::into_raw(std::sync::Arc::clone(waker)).cast_mut();
        // ORDERING: release, partner of the acquire in `wake_registered`: the waker is made before it is
        // woken. What is replaced was left by the waiting side, which is us, so nothing is to be acquired.
        let old = self.slot.swap(raw, Ordering::Release);
        drop(own(old));
    }

    /// Takes the waker back, if it is still there: nobody waits any more. By the waiting side.
    pub(crate) fn clear(&self) {
        // ORDERING: relaxed, both. The waiting side alone fills the slot, so it cannot miss a waker here,
        // and gets back what is its own.
        if !self.slot.load(Ordering::Relaxed).is_null() {
            let old = self.slot.swap(ptr::null_mut(), Ordering::Relaxed);
            drop(own(old));
        }
    }

    /// Whether the waker that was registered is still there. By the waiting side.
    pub(crate) fn is_registered(&self) -> bool {
        // ORDERING: relaxed. If the waker has been taken, its thread is about to be unparked.
        !self.slot.load(Ordering::Relaxed).is_null()
    }

    /// Wakes whoever waits. Costs one load if nobody does. To be called after
    /// [`fence_after_publishing`].
    #[inline]
    pub(crate) fn wake(&self) {
        // ORDERING: relaxed. The fence before this call orders it; if the null read here is out of date, the
        // waiting side has not looked yet, and will see the news.
        if !self.slot.load(Ordering::Relaxed).is_null() {
            self.wake_registered();
        }
    }

    #[cold]
    fn wake_registered(&self) {
        // ORDERING: acquire, partner of the release in `register`: takes over the waker as it was made.
        let old = self.slot.swap(ptr::null_mut(), Ordering::Acquire);
        if let Some(waker) = own(old) {
            // A waker is user code when the waiter is a task. Its panic is not the engine's.
            contain(|| waker.wake_by_ref());
        }
    }
}

/// What a swap has got out of the slot.
fn own(old: *mut Waker) -> Option<std::sync::Arc<Waker>> {
    if old.is_null() {
        return None;
    }
    // SAFETY: a pointer in the slot is from `Arc::into_raw`, in `register`, and the swap has made it ours
    // alone.
    Some(unsafe { std::sync::Arc::from_raw(old) })
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.clear();
    }
}

/// An [`Unparker`] as a waker.
struct UnparkOnWake(Unparker);

impl Wake for UnparkOnWake {
    fn wake(self: std::sync::Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

fn new_waker() -> std::sync::Arc<Waker> {
    let waker = std::sync::Arc::new(UnparkOnWake(Unparker::of_this_thread()));
    std::sync::Arc::new(Waker::from(waker))
}

/// A waker that unparks the calling thread.
pub(crate) fn this_thread() -> std::sync::Arc<Waker> {
    thread::kept(new_waker)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A waker that is still there as nobody can be woken any more goes with it.
    #[test]
    fn a_waker_goes_with_its_waiter() {
        let waker = Arc::new(Waker::noop().clone());
        let waiter = Waiter::new();
        waiter.register(&waker);
        assert_eq!(Arc::strong_count(&waker), 2);
        drop(waiter);
        assert_eq!(Arc::strong_count(&waker), 1);
    }
}
