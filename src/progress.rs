//! How far a receiver has got, for other threads.

#[cfg(any(feature = "async", loom))]
mod asynchronous;

use std::fmt;
use std::time::{Duration, Instant};

use crate::driver::{Awaited, Parked, Party, WeakCaller};
use crate::observed::{Observed, Outlook};
use crate::sync::{Arc, Backoff, thread};
use crate::waiter::this_thread;
use crate::{ProgressError, ProgressTimeoutError, Seq};

/// Tells how far a receiver has observed the numbers, and waits until it has. Made by
/// [`Receiver::progress`](crate::Receiver::progress).
///
/// That a receiver has *observed* `n` means: each message for it that is numbered `n` or lower has been
/// returned to its owner. It does not mean that the owner has finished what it does with the last of
/// them. Who needs that, as somebody does who reads what the owner writes, has the owner receive while it
/// holds the lock that guards the result: then whoever waits for `n` and takes the lock after that finds
/// it done. Or the question itself is sent to the owner, who gets to it when it has done the rest.
///
/// A receiver that was disconnected after it had returned everything counts as up to date, for every number. One
/// that was dropped before will not get any further, which is an error.
///
/// A `Progress` keeps nothing alive. It can be cloned, and shared between threads.
pub struct Progress {
    observed: Arc<Observed>,
    caller: WeakCaller,
}

impl Progress {
    /// By the receiver's thread.
    pub(crate) fn new(observed: Arc<Observed>, caller: WeakCaller) -> Self {
        observed.watch();
        Self { observed, caller }
    }

    /// How far the receiver has got: as [`Receiver::observed`](crate::Receiver::observed), also after it was
    /// dropped. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Seq};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// let progress = rx.progress();
    /// tx.send("one")?;
    /// assert_eq!(progress.observed(), Seq::from(0));
    /// rx.recv()?;
    /// assert_eq!(progress.observed(), Seq::from(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn observed(&self) -> Seq {
        Seq::from(self.observed.seq())
    }

    /// Waits until the receiver has observed `seq`; returns at once if it has. Returns how far it has got: `seq`
    /// or more.
    ///
    /// It waits for the receiver's owner to receive, and thereby for whatever that is held up by. An owner that
    /// waits for its own receiver waits for ever.
    ///
    /// # Errors
    ///
    /// [`ProgressError`] if the receiver will not get there: it was dropped before it had received everything, or
    /// its dispatcher has died, or in [`Order::Dense`](crate::Order::Dense) a lower number is missing for good.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Seq};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// let progress = rx.progress();
    /// for n in 1..=3 {
    ///     tx.send(n)?;
    /// }
    /// drop(tx);
    /// let owner = std::thread::spawn(move || rx.iter().count());
    /// assert!(progress.wait_for(2)? >= Seq::from(2));
    /// # owner.join().unwrap();
    /// // Everything has been received. There will be no number 1,000 for it to miss.
    /// assert_eq!(progress.wait_for(1_000)?, Seq::from(1_000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for(&self, seq: impl Into<Seq>) -> Result<Seq, ProgressError> {
        match self.wait(seq.into(), None) {
            Ok(seq) => Ok(seq),
            Err(ProgressTimeoutError::Disconnected(error)) => Err(error),
            Err(ProgressTimeoutError::Timeout { .. }) => unreachable!("there is no deadline"),
        }
    }

    /// Waits until the receiver has observed `seq`, but not longer than `timeout`. A timeout too long to be a
    /// point in time is no limit.
    ///
    /// With a timeout of zero it only tells whether the receiver has got there.
    ///
    /// # Errors
    ///
    /// [`ProgressTimeoutError::Timeout`] if the time is up; [`ProgressTimeoutError::Disconnected`] where
    /// [`wait_for`](Self::wait_for) fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use clocked_lanes::{Dispatcher, Seq};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// let progress = rx.progress();
    /// tx.send("one")?;
    /// assert!(progress.wait_for_timeout(1, Duration::from_millis(5)).is_err());
    /// rx.recv()?;
    /// assert_eq!(progress.wait_for_timeout(1, Duration::ZERO), Ok(Seq::from(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for_timeout(
        &self,
        seq: impl Into<Seq>,
        timeout: Duration,
    ) -> Result<Seq, ProgressTimeoutError> {
        self.wait(seq.into(), Instant::now().checked_add(timeout))
    }

    /// Waits until the receiver has observed `seq`, but not beyond `deadline`.
    ///
    /// # Errors
    ///
    /// As [`wait_for_timeout`](Self::wait_for_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use clocked_lanes::{Dispatcher, ProgressTimeoutError, Seq};
    ///
    /// let (_tx, rx) = Dispatcher::<u32>::new().channel("a")?;
    /// let late = rx.progress().wait_for_deadline(7, Instant::now());
    /// assert_eq!(late, Err(ProgressTimeoutError::Timeout { observed: Seq::from(0) }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for_deadline(
        &self,
        seq: impl Into<Seq>,
        deadline: Instant,
    ) -> Result<Seq, ProgressTimeoutError> {
        self.wait(seq.into(), Some(deadline))
    }

    fn wait(&self, seq: Seq, deadline: Option<Instant>) -> Result<Seq, ProgressTimeoutError> {
        let backoff = Backoff::yielding();
        loop {
            if let Some(result) = self.look(seq) {
                return result.map_err(Into::into);
            }
            if backoff.is_completed() || deadline.is_some_and(|at| Instant::now() >= at) {
                break;
            }
            backoff.snooze();
        }
        let waker = this_thread();
        let mut place = self.observed.place();
        let mut parked = Parked::new(&self.caller, Awaited::Anything, Party::Thread);
        loop {
            place.queue_up(seq.get(), &waker);
            parked.sign_up(&waker);
            if let Some(result) = self.look(seq) {
                return result.map_err(Into::into);
            }
            if deadline.is_some_and(|at| Instant::now() >= at) {
                let observed = self.observed();
                return Err(ProgressTimeoutError::Timeout { observed });
            }
            thread::park_until(deadline);
        }
    }

    fn look(&self, seq: Seq) -> Option<Result<Seq, ProgressError>> {
        match self.observed.outlook(seq.get()) {
            Outlook::Reached(seq) => Some(Ok(Seq::from(seq))),
            Outlook::Open => None,
            Outlook::Never(reason) => Some(Err(ProgressError {
                observed: self.observed(),
                reason,
            })),
        }
    }
}

impl Clone for Progress {
    fn clone(&self) -> Self {
        self.observed.watch();
        Self {
            observed: Arc::clone(&self.observed),
            caller: self.caller.clone(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.observed.unwatch();
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("observed", &self.observed())
            .finish_non_exhaustive()
    }
}
