//! What came late, and is handed back.

use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};

use crate::sync::{Arc, channel};
use crate::{RecvError, RecvTimeoutError, Seq, TryRecvError};

/// A message that a forwarding dispatcher could not deliver in order, and that its sender could not know of.
///
/// Its number was late or had been used, or in [`Order::Dense`](crate::Order::Dense) it waited for a number that
/// can never come. Made by [`Rejects`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Rejected<T> {
    /// The number it was forwarded with.
    pub seq: Seq,
    /// What was forwarded; `None` if it was `forward_empty`.
    pub value: Option<T>,
    /// Who did it: the [`id`](crate::Sender::id) of the sender or broadcaster.
    pub sender: u64,
    /// The name of the receiver it was for; `None` if it was for all.
    pub target: Option<String>,
}

/// Receives what a forwarding dispatcher rejects. Made by
/// [`Dispatcher::rejects`](crate::Dispatcher::rejects).
///
/// All handles of a dispatcher share one queue. It is not bounded, so that a reject holds up nobody; what is
/// not taken out stays until the dispatcher is gone. A handle keeps no dispatcher alive.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Order};
///
/// let order = Order::Dense { window: 8 };
/// let dispatcher = Dispatcher::builder().forwarding(order).build()?;
/// let (tx, rx) = dispatcher.channel("a")?;
/// tx.forward(1, "one")?;
/// tx.forward(1, "one, again")?;
/// let rejected = dispatcher.rejects().recv()?;
/// assert_eq!((rejected.seq.get(), rejected.value), (1, Some("one, again")));
/// assert_eq!(rejected.sender, tx.id());
/// assert_eq!(rx.recv_message()?.1, "one");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Rejects<T>(Arc<channel::Receiver<Rejected<T>>>);

impl<T> Rejects<T> {
    pub(crate) fn new(queue: Arc<channel::Receiver<Rejected<T>>>) -> Self {
        Self(queue)
    }

    /// Takes the next one; waits until there is one.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if there is none and the dispatcher's thread has ended: every handle of the dispatcher is
    /// gone, or the thread has died.
    pub fn recv(&self) -> Result<Rejected<T>, RecvError> {
        self.wait(None).map_err(|_| RecvError)
    }

    /// Takes the next one if there is one. Never blocks.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none; [`TryRecvError::Disconnected`] where
    /// [`recv`](Self::recv) fails.
    pub fn try_recv(&self) -> Result<Rejected<T>, TryRecvError> {
        self.0.try_recv().map_err(|error| match error {
            channel::TryRecvError::Empty => TryRecvError::Empty,
            channel::TryRecvError::Disconnected => TryRecvError::Disconnected,
        })
    }

    /// Takes the next one; waits until there is one, but not longer than `timeout`. A timeout too long to be a
    /// point in time is no limit.
    ///
    /// # Errors
    ///
    /// [`RecvTimeoutError::Timeout`] if the time is up; [`RecvTimeoutError::Disconnected`] where
    /// [`recv`](Self::recv) fails.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Rejected<T>, RecvTimeoutError> {
        self.wait(Instant::now().checked_add(timeout))
    }

    /// Takes one after the other; waits for each, and ends where [`recv`](Self::recv) fails.
    pub fn iter(&self) -> impl FusedIterator<Item = Rejected<T>> + '_ {
        std::iter::from_fn(|| self.recv().ok()).fuse()
    }

    /// Takes those that are there. Never blocks.
    pub fn try_iter(&self) -> impl Iterator<Item = Rejected<T>> + '_ {
        std::iter::from_fn(|| self.try_recv().ok())
    }

    fn wait(&self, deadline: Option<Instant>) -> Result<Rejected<T>, RecvTimeoutError> {
        loop {
            match self.try_recv() {
                Ok(rejected) => return Ok(rejected),
                Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) => {}
            }
            let mut select = channel::Select::new();
            select.recv(&self.0);
            match deadline {
                None => {
                    select.ready();
                }
                Some(at) if select.ready_deadline(at).is_err() => {
                    return Err(RecvTimeoutError::Timeout);
                }
                Some(_) => {}
            }
        }
    }
}

impl<T> Clone for Rejects<T> {
    /// A further handle on the same queue: what one takes the other does not get.
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Rejects<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejects").finish_non_exhaustive()
    }
}
