//! The handle that sends to everybody.

use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use crate::core::Connection;
use crate::dispatcher::Serializing;
use crate::lane::Lane;
use crate::parcel::Parcel;
use crate::sender::{send_error, send_timeout_error, try_send_error};
use crate::sync::Arc;
use crate::{DisconnectReason, SendError, SendTimeoutError, TrySendError};

/// Sends to every receiver of a dispatcher, on a lane of its own.
///
/// A broadcast has one number. It is delivered to every receiver that joined before it was sent (also to
/// those that join while it waits in the lane), to all at once: when each of them has space. Until
/// then it waits, and holds up neither the messages of senders nor the clock. Without any
/// receiver it is numbered and dropped.
///
/// The value is shared, and cloned by the receivers as they receive it; the last one takes the original.
/// A `Clone` that panics does so in the receiver's call, which finds the message again the next time.
///
/// # Capacity
///
/// A broadcast needs space in all inboxes at the same time, which their senders could keep from ever
/// happening. So beyond the [`capacity`](crate::Builder::capacity) of each inbox there is one
/// slot for a broadcast: it may be taken when the inbox holds no broadcast yet. Where broadcasts and
/// messages of senders both wait, they take turns.
pub struct Broadcaster<T, M = Serializing> {
    lane: Arc<Lane<T>>,
    connection: Connection<T>,
    marker: PhantomData<fn() -> M>,
}

impl<T, M> Broadcaster<T, M> {
    pub(crate) fn from_lane(lane: Arc<Lane<T>>, connection: Connection<T>) -> Self {
        Self {
            lane,
            connection,
            marker: PhantomData,
        }
    }

    /// How many broadcasts are in the lane, which the dispatcher has not numbered yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lane.len()
    }

    /// Whether no broadcast is in the lane.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many broadcasts the lane can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.lane.capacity()
    }

    /// Whether the lane is full, so that a send has to wait.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.lane.is_full()
    }

    /// Whether sends fail for good. They do not just because there is no receiver: one may join.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        self.disconnect_reason().is_some()
    }

    /// Why sends fail for good; `None` if they do not.
    #[must_use]
    pub fn disconnect_reason(&self) -> Option<DisconnectReason> {
        let core = self.connection.core();
        if core.is_dead() {
            Some(DisconnectReason::DispatcherDied)
        } else if core.numbers().is_empty() {
            Some(DisconnectReason::NumbersExhausted)
        } else {
            None
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Broadcaster<T> {
    /// Sends a message to everybody; waits while the lane is full.
    ///
    /// # Errors
    ///
    /// [`SendError`], with the message, if the numbers have run out or the dispatcher has died. See
    /// [`disconnect_reason`](Self::disconnect_reason).
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (_a, for_a) = dispatcher.channel("a")?;
    /// let (_b, for_b) = dispatcher.channel("b")?;
    /// let everybody = dispatcher.broadcaster();
    ///
    /// everybody.send("cut")?;
    /// let (seq, value) = for_a.recv_message()?;
    /// assert_eq!(value, "cut");
    /// // The same number everywhere: each receiver cuts its stream at the same place.
    /// assert_eq!(for_b.recv_message()?, (seq, value));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.lane
            .send(self.connection.core(), Parcel::shared(value))
            .map_err(send_error)
    }

    /// Sends a message to everybody if the lane has space for it. Never blocks.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`], with the message, if the lane is full; [`TrySendError::Disconnected`], with
    /// the message, where [`send`](Self::send) fails.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.lane
            .try_send(self.connection.core(), Parcel::shared(value))
            .map_err(try_send_error)
    }

    /// Sends a message to everybody; waits while the lane is full, but not longer than `timeout`. A timeout
    /// too long to be a point in time is no limit.
    ///
    /// # Errors
    ///
    /// [`SendTimeoutError::Timeout`], with the message, if the time is up;
    /// [`SendTimeoutError::Disconnected`], with the message, where [`send`](Self::send) fails.
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.send_deadline(value, deadline),
            None => self.send(value).map_err(SendTimeoutError::from),
        }
    }

    /// Sends a message to everybody; waits while the lane is full, but not beyond `deadline`.
    ///
    /// # Errors
    ///
    /// As [`send_timeout`](Self::send_timeout).
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.lane
            .send_deadline(self.connection.core(), Parcel::shared(value), deadline)
            .map_err(send_timeout_error)
    }
}

impl<T, M> Clone for Broadcaster<T, M> {
    /// Opens a further lane. Never blocks.
    fn clone(&self) -> Self {
        Self::from_lane(self.connection.join(None), self.connection.clone())
    }
}

impl<T, M> Drop for Broadcaster<T, M> {
    fn drop(&mut self) {
        self.connection.leave(&self.lane);
    }
}

impl<T, M> fmt::Debug for Broadcaster<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcaster")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
