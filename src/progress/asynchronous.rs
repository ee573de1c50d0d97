//! How a task waits for a receiver's progress.

use std::future::poll_fn;
use std::task::Poll;

use crate::driver::{Awaited, Parked, Party};
use crate::{Progress, ProgressError, Seq};

impl Progress {
    /// Waits until the receiver has observed `seq`, as [`wait_for`](Self::wait_for) does; the task waits. Works on
    /// any executor. A future that is dropped waits no more, and has changed nothing.
    ///
    /// # Errors
    ///
    /// As [`wait_for`](Self::wait_for).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use clocked_lanes::{Dispatcher, Seq};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// let progress = rx.progress();
    /// std::thread::spawn(move || rx.iter().for_each(drop));
    /// tx.send(1)?;
    /// assert!(progress.wait_for_async(1).await? >= Seq::from(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn wait_for_async(&self, seq: impl Into<Seq>) -> Result<Seq, ProgressError> {
        let seq = seq.into();
        let mut place = self.observed.place();
        let mut parked = Parked::new(&self.caller, Awaited::Anything, Party::Task);
        poll_fn(|cx| {
            if let Some(result) = self.look(seq) {
                return Poll::Ready(result);
            }
            place.queue_up(seq.get(), cx.waker());
            parked.sign_up(cx.waker());
            self.look(seq).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
