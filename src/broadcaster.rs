//! The handle that sends to everybody.

#[cfg(any(feature = "async", loom))]
mod asynchronous;
mod batch;
mod forwarding;
#[cfg(feature = "async")]
mod sink;

use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use crate::dispatcher::Serializing;
use crate::parcel::Parcel;
use crate::source::Source;
use crate::{DisconnectReason, SendError, SendTimeoutError, TrySendError, WeakBroadcaster};

/// Sends to every receiver of a dispatcher, on a lane of its own.
///
/// A broadcast has one number. It is delivered to every receiver that joined before it was sent (also to
/// those that join while it waits in the lane), in a serializing dispatch to all at once: when each of
/// them has space. Until then it waits, and holds up neither the messages of senders nor the clock. Without
/// any receiver it is numbered and dropped.
///
/// The value is shared, and cloned by the receivers as they receive it; the last one takes the original
/// (unless the last ones receive it at the same time, and each makes a clone).
/// A `Clone` that panics does so in the receiver's call, which finds the message again the next time.
///
/// # Forwarding
///
/// A broadcast that comes with its number arrives at each receiver as the order allows it there, and not at all
/// at once. A receiver that is full does not keep it from the others, up to a point:
///
/// - In [`Order::Frontier`](crate::Order::Frontier) a broadcaster is a source of every receiver, and holds back
///   the clocks of all, as any source does, until it forwards or advances. For a receiver that is full its
///   broadcasts wait aside, at most a [`lane_capacity`](crate::Builder::lane_capacity) of them; then the lane
///   waits, and the other receivers' clocks stop there, as nobody knows what is in it.
/// - In [`Order::Dense`](crate::Order::Dense) it arrives when all lower numbers have, and counts towards the window
///   until every receiver has space for it.
///
/// Without any receiver it is dropped.
///
/// # Capacity
///
/// In a serializing dispatch, a broadcast needs space in all inboxes at the same time, which their senders
/// could keep from ever happening. So beyond the [`capacity`](crate::Builder::capacity) of each inbox there
/// is one slot for a broadcast: it may be taken when the inbox holds no broadcast yet. Where broadcasts and
/// messages of senders both wait, they take turns.
pub struct Broadcaster<T, M = Serializing> {
    source: Source<T>,
    marker: PhantomData<fn() -> M>,
}

impl<T, M> Broadcaster<T, M> {
    pub(crate) fn new(source: Source<T>) -> Self {
        Self {
            source,
            marker: PhantomData,
        }
    }

    /// Tells the senders and broadcasters of one dispatcher apart, as in a
    /// [`SenderSnapshot`](crate::SenderSnapshot).
    #[must_use]
    pub fn id(&self) -> u64 {
        self.source.lane().id()
    }

    /// How many broadcasts are in the lane, which the dispatcher has not taken in yet. A batch counts as one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.source.moved_on().len()
    }

    /// Whether no broadcast is in the lane.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many broadcasts the lane can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.source.lane().capacity()
    }

    /// Whether the lane is full, so that a send has to wait.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.source.moved_on().is_full()
    }

    /// Whether sends fail for good. They do not just because there is no receiver: one may join.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        self.disconnect_reason().is_some()
    }

    /// Why sends fail for good; `None` if they do not.
    #[must_use]
    pub fn disconnect_reason(&self) -> Option<DisconnectReason> {
        self.source.disconnect_reason()
    }

    /// A handle that can be made a broadcaster again, and does not keep receivers connected until then.
    /// [`WeakBroadcaster::upgrade`] has an example.
    #[must_use]
    pub fn downgrade(&self) -> WeakBroadcaster<T, M> {
        WeakBroadcaster::new(self.source.connection())
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
        self.source.send(Parcel::shared(value))
    }

    /// Sends a message to everybody if the lane has space for it. Never blocks.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`], with the message, if the lane is full; [`TrySendError::Disconnected`], with
    /// the message, where [`send`](Self::send) fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, TrySendError};
    ///
    /// let dispatcher = Dispatcher::builder().capacity(1).lane_capacity(1).build()?;
    /// let (_tx, _rx) = dispatcher.channel("slow")?;
    /// let everybody = dispatcher.broadcaster();
    /// everybody.send(1)?; // into the inbox
    /// everybody.send(2)?; // stays in the lane
    /// assert_eq!(everybody.try_send(3), Err(TrySendError::Full(3)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.source.try_send(Parcel::shared(value))
    }

    /// Sends a message to everybody; waits while the lane is full, but not longer than `timeout`. A timeout
    /// too long to be a point in time is no limit.
    ///
    /// # Errors
    ///
    /// [`SendTimeoutError::Timeout`], with the message, if the time is up;
    /// [`SendTimeoutError::Disconnected`], with the message, where [`send`](Self::send) fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use clocked_lanes::{Dispatcher, SendTimeoutError};
    ///
    /// let dispatcher = Dispatcher::builder().capacity(1).lane_capacity(1).build()?;
    /// let (_tx, _rx) = dispatcher.channel("slow")?;
    /// let everybody = dispatcher.broadcaster();
    /// everybody.send(1)?;
    /// everybody.send(2)?;
    /// let late = everybody.send_timeout(3, Duration::from_millis(5));
    /// assert_eq!(late, Err(SendTimeoutError::Timeout(3)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.source.send_timeout(Parcel::shared(value), timeout)
    }

    /// Sends a message to everybody; waits while the lane is full, but not beyond `deadline`.
    ///
    /// # Errors
    ///
    /// As [`send_timeout`](Self::send_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use clocked_lanes::Dispatcher;
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (_tx, rx) = dispatcher.channel("a")?;
    /// let deadline = Instant::now() + Duration::from_secs(1);
    /// dispatcher.broadcaster().send_deadline("cut", deadline)?;
    /// assert_eq!(rx.recv_message()?.1, "cut");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.source.send_deadline(Parcel::shared(value), deadline)
    }
}

impl<T, M> Clone for Broadcaster<T, M> {
    /// Opens a further lane. Never blocks.
    fn clone(&self) -> Self {
        Self::new(self.source.clone())
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
