//! What the crate takes from std, or from loom.
//!
//! This file is the only one that knows which. Everything above it is written once, against the
//! names below, so that a loom model runs the code that a release build runs. The switch is
//! `cfg(loom)` and never `cfg(test)`: integration tests link the library as a user does.
//!
//! It is also the only file that names `crossbeam_channel`, the lanes' channel; under loom a
//! stand-in with the same contract takes its place. `crossbeam_epoch` has a switch of its own,
//! `cfg(crossbeam_loom)`, and [`Tracked`] follows it.

use std::ops::Deref;

#[cfg(not(loom))]
mod imp {
    use std::time::Instant;

    pub(crate) use crossbeam_channel as channel;
    pub(crate) use std::sync::{Arc, Mutex, MutexGuard};

    /// Whether a panic of the crate's own is to be seen by whoever runs this, rather than to end in an error.
    pub(crate) const FAULTS_ARE_FINDINGS: bool = false;

    /// How many steps of the engine a thread takes for others, at most, before it has one of those who wait take over.
    pub(crate) const STEPS: usize = 8;

    pub(crate) mod atomic {
        pub(crate) use std::sync::atomic::{
            AtomicBool, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence,
        };
    }

    pub(crate) mod thread {
        pub(crate) use std::thread::{Builder, yield_now};

        use std::sync::Arc;
        use std::task::Waker;

        thread_local! {
            static KEPT: std::cell::OnceCell<Arc<Waker>> = const { std::cell::OnceCell::new() };
        }

        /// What `make` makes for this thread: the same for every call, if thread-locals still live.
        pub(crate) fn kept(make: fn() -> Arc<Waker>) -> Arc<Waker> {
            KEPT.try_with(|kept| Arc::clone(kept.get_or_init(make)))
                .unwrap_or_else(|_| make())
        }

        /// How often to yield, at least, before blocking. Ten are some microseconds, as blocking is.
        pub(crate) const YIELDS: usize = 10;

        /// Unparks the thread that it was made by.
        #[derive(Clone)]
        pub(crate) struct Unparker(std::thread::Thread);

        impl Unparker {
            pub(crate) fn of_this_thread() -> Self {
                Self(std::thread::current())
            }

            pub(crate) fn unpark(&self) {
                self.0.unpark();
            }
        }

        /// Parks the calling thread until it is unparked or `deadline` has come; may return early.
        pub(crate) fn park_until(deadline: Option<super::Instant>) {
            match deadline {
                None => std::thread::park(),
                Some(at) => {
                    std::thread::park_timeout(at.saturating_duration_since(super::Instant::now()));
                }
            }
        }
    }

    /// What to do before parking: let others run, for some microseconds.
    ///
    /// `crossbeam_utils` has one that spins first. Here, who finds nothing, or no space, waits for a thread that
    /// has a batch of messages to move, and that may have no core to do it on.
    #[derive(Debug)]
    pub(crate) struct Backoff {
        step: std::cell::Cell<u32>,
    }

    /// How often to spin, each time twice as long as before: the first few hundred nanoseconds.
    const SPINS: u32 = 5;
    /// How often to yield.
    const YIELDS: u32 = 8;

    impl Backoff {
        /// One that yields at once.
        pub(crate) fn yielding() -> Self {
            Self {
                step: std::cell::Cell::new(SPINS),
            }
        }

        /// One that spins first: for news that one other thread brings, and quickly.
        pub(crate) fn spinning() -> Self {
            Self {
                step: std::cell::Cell::new(0),
            }
        }

        pub(crate) fn snooze(&self) {
            let step = self.step.get();
            self.step.set(step + 1);
            if step >= SPINS {
                std::thread::yield_now();
                return;
            }
            for _ in 0..1 << step {
                std::hint::spin_loop();
            }
        }

        pub(crate) fn is_completed(&self) -> bool {
            self.step.get() >= SPINS + YIELDS
        }
    }

    /// `std`'s cell behind loom's interface, so that callers say which kind of access they want.
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        #[inline]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        #[inline]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}

#[cfg(loom)]
#[path = "sync"]
mod imp {
    /// The stand-in for `crossbeam_channel`.
    pub(crate) mod channel;
    /// What it chooses with.
    pub(crate) mod coin;

    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};

    /// Whether a panic of the crate's own is to be seen by whoever runs this, rather than to end in an error.
    pub(crate) const FAULTS_ARE_FINDINGS: bool = true;

    /// How many steps of the engine a thread takes for others, at most: as few as possible, so that a model sees one
    /// that has others take over.
    pub(crate) const STEPS: usize = 1;

    pub(crate) mod atomic {
        pub(crate) use loom::sync::atomic::{
            AtomicBool, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence,
        };
    }

    pub(crate) mod thread {
        use loom::sync::{Arc, Condvar, Mutex};

        pub(crate) use loom::thread::{Builder, yield_now};

        use loom::thread_local;

        /// What `make` makes, for each call anew: loom drops a thread's locals in no certain order, so of those that
        /// share something there may only be one.
        pub(crate) fn kept(
            make: fn() -> std::sync::Arc<std::task::Waker>,
        ) -> std::sync::Arc<std::task::Waker> {
            make()
        }

        /// How often to yield before blocking: in a model it is no use.
        pub(crate) const YIELDS: usize = 0;

        /// What a thread parks on. Loom's own `park` loses the token of a thread that is unparked while it
        /// waits for something else, a lock or another thread.
        struct Token {
            is_there: Mutex<bool>,
            given: Condvar,
        }

        thread_local! {
            static TOKEN: Arc<Token> = Arc::new(Token {
                is_there: Mutex::new(false),
                given: Condvar::new(),
            });
        }

        /// Unparks the thread that it was made by.
        #[derive(Clone)]
        pub(crate) struct Unparker(Arc<Token>);

        impl Unparker {
            pub(crate) fn of_this_thread() -> Self {
                Self(TOKEN.with(Arc::clone))
            }

            pub(crate) fn unpark(&self) {
                *self.0.is_there.lock().unwrap() = true;
                self.0.given.notify_one();
            }
        }

        /// Parks the calling thread. Time stands still in a model: the deadline never comes.
        pub(crate) fn park_until(_deadline: Option<std::time::Instant>) {
            let Unparker(token) = Unparker::of_this_thread();
            let mut is_there = token.is_there.lock().unwrap();
            while !*is_there {
                is_there = token.given.wait(is_there).unwrap();
            }
            *is_there = false;
        }
    }

    /// Spinning in a model is handing over to another thread, and there is no use in doing it twice
    /// before blocking.
    #[derive(Debug)]
    pub(crate) struct Backoff;

    impl Backoff {
        pub(crate) fn yielding() -> Self {
            Self
        }

        pub(crate) fn spinning() -> Self {
            Self
        }

        pub(crate) fn snooze(&self) {
            loom::thread::yield_now();
        }

        pub(crate) fn is_completed(&self) -> bool {
            true
        }
    }
}

pub(crate) use imp::{
    Arc, Backoff, FAULTS_ARE_FINDINGS, Mutex, MutexGuard, STEPS, UnsafeCell, atomic, channel,
    thread,
};

#[cfg(loom)]
pub(crate) use imp::coin;

/// A value behind a pointer of `crossbeam_epoch`.
///
/// Nothing but the value, unless loom sees into the epochs (`cfg(crossbeam_loom)`). Then it checks that the value
/// is built before it is looked at, and that nobody looks any more when it is dropped.
pub(crate) struct Tracked<T> {
    value: T,
    #[cfg(crossbeam_loom)]
    accesses: UnsafeCell<()>,
}

// SAFETY: the cell holds nothing.
#[cfg(crossbeam_loom)]
unsafe impl<T: Sync> Sync for Tracked<T> {}

impl<T> Tracked<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value,
            #[cfg(crossbeam_loom)]
            accesses: UnsafeCell::new(()),
        }
    }
}

impl<T> Deref for Tracked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        #[cfg(crossbeam_loom)]
        self.accesses.with(|_| ());
        &self.value
    }
}

#[cfg(crossbeam_loom)]
impl<T> Drop for Tracked<T> {
    fn drop(&mut self) {
        // A model that has failed unwinds, and is to say why and not to abort.
        if !std::thread::panicking() {
            self.accesses.with_mut(|_| ());
        }
    }
}
