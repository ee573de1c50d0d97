//! The sending half of a channel.

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
use crate::{DisconnectReason, SendError, SendTimeoutError, TrySendError, WeakSender};

/// Sends to one receiver, on a lane of its own.
///
/// A message goes into the lane, and the dispatcher takes it from there, numbers it and puts it into the
/// receiver's inbox. So a send waits only when the lane is full, that is when the inbox is full as
/// well or the dispatcher has not come round yet. It does not wait for other receivers.
///
/// In a forwarding dispatch a message comes with its number, and the lane also fills up while lower numbers are
/// awaited: from other sources of the receiver in [`Order::Frontier`](crate::Order::Frontier), from any source at
/// all in [`Order::Dense`](crate::Order::Dense). There the lane waits for other receivers too, once they are
/// full and the window is used up.
///
/// # Order
///
/// The messages of one sender get their numbers, and arrive, in the order in which they were sent. Between
/// senders the order is the dispatcher's: **two sends by one thread through two senders may be numbered
/// either way.** Messages that must keep their order go through one sender, or through one
/// [`Broadcaster`](crate::Broadcaster). In a forwarding dispatch the numbers decide, and only messages with
/// the same number may arrive either way.
///
/// # Clone, drop
///
/// A clone is a further lane to the same receiver. Cloning and dropping never block, whatever is
/// full. What was sent before a sender is dropped still arrives. When the last sender of a
/// receiver and the last broadcaster are gone, the receiver is disconnected once it has got everything.
pub struct Sender<T, M = Serializing> {
    source: Source<T>,
    marker: PhantomData<fn() -> M>,
}

impl<T, M> Sender<T, M> {
    pub(crate) fn new(source: Source<T>) -> Self {
        Self {
            source,
            marker: PhantomData,
        }
    }

    /// The name of the receiver.
    #[must_use]
    pub fn target(&self) -> &str {
        self.source
            .lane()
            .target()
            .expect("a sender's lane has a target")
            .name()
    }

    /// Tells the senders and broadcasters of one dispatcher apart, as in a
    /// [`SenderSnapshot`](crate::SenderSnapshot).
    #[must_use]
    pub fn id(&self) -> u64 {
        self.source.lane().id()
    }

    /// How many messages are in the lane, which the dispatcher has not taken in yet. A batch counts as one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.source.moved_on().len()
    }

    /// Whether no message is in the lane.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages the lane can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.source.lane().capacity()
    }

    /// Whether the lane is full, so that a send has to wait.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.source.moved_on().is_full()
    }

    /// Whether sends fail for good.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        self.disconnect_reason().is_some()
    }

    /// Why sends fail for good; `None` if they do not.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{DisconnectReason, Dispatcher};
    ///
    /// let (tx, rx) = Dispatcher::<u32>::new().channel("a")?;
    /// assert_eq!(tx.disconnect_reason(), None);
    /// drop(rx);
    /// assert_eq!(tx.disconnect_reason(), Some(DisconnectReason::ReceiverGone));
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    #[must_use]
    pub fn disconnect_reason(&self) -> Option<DisconnectReason> {
        self.source.disconnect_reason()
    }

    /// Waits until sends fail for good, and tells why: mostly until the receiver has left or was closed. For a
    /// thread that makes something which nobody may want any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{DisconnectReason, Dispatcher};
    ///
    /// let (tx, rx) = Dispatcher::<u32>::new().channel("a")?;
    /// let watching = std::thread::spawn(move || tx.wait_closed());
    /// drop(rx);
    /// assert_eq!(watching.join().unwrap(), DisconnectReason::ReceiverGone);
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    pub fn wait_closed(&self) -> DisconnectReason {
        self.source
            .wait_closed(None)
            .expect("there is no end to the time, and a closed lane has a reason")
    }

    /// Waits until sends fail for good, but not longer than `timeout`; `None` if the time is up. A timeout too
    /// long to be a point in time is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use clocked_lanes::Dispatcher;
    ///
    /// let (tx, _rx) = Dispatcher::<u32>::new().channel("a")?;
    /// assert_eq!(tx.wait_closed_timeout(Duration::from_millis(5)), None);
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    pub fn wait_closed_timeout(&self, timeout: Duration) -> Option<DisconnectReason> {
        self.source.wait_closed(Instant::now().checked_add(timeout))
    }

    /// A handle that can be made a sender again, and does not keep the receiver connected until then.
    /// [`WeakSender::upgrade`] has an example.
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T, M> {
        let target = self.source.lane().target();
        WeakSender::new(
            target.expect("a sender's lane has a target"),
            self.source.connection(),
        )
    }
}

impl<T> Sender<T> {
    /// Sends a message; waits while the lane is full.
    ///
    /// That it was sent does not mean that it was numbered, or received: if the receiver leaves, what is in
    /// the lane is dropped, and so is a message that is just being put there.
    ///
    /// # Errors
    ///
    /// [`SendError`], with the message, if the receiver is gone or closed, also when that happens while
    /// this call waits;
    /// if the numbers have run out; or if the dispatcher has died. See
    /// [`disconnect_reason`](Self::disconnect_reason).
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, SendError};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// assert_eq!(tx.send(1), Ok(()));
    /// drop(rx);
    /// assert_eq!(tx.send(2), Err(SendError(2)));
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.source.send(Parcel::own(value))
    }

    /// Sends a message if the lane has space for it. Never blocks.
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
    /// let dispatcher = Dispatcher::builder().capacity(2).lane_capacity(3).build()?;
    /// let (tx, _rx) = dispatcher.channel("a")?;
    /// for n in 0..5 {
    ///     tx.send(n)?; // waits, if need be, until the dispatcher has moved two into the inbox
    /// }
    /// assert_eq!(tx.try_send(5), Err(TrySendError::Full(5)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.source.try_send(Parcel::own(value))
    }

    /// Sends a message; waits while the lane is full, but not longer than `timeout`. A timeout too long to
    /// be a point in time is no limit.
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
    /// let (tx, _rx) = dispatcher.channel("a")?;
    /// tx.send(1)?;
    /// tx.send(2)?;
    /// let late = tx.send_timeout(3, Duration::from_millis(5));
    /// assert_eq!(late, Err(SendTimeoutError::Timeout(3)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.source.send_timeout(Parcel::own(value), timeout)
    }

    /// Sends a message; waits while the lane is full, but not beyond `deadline`.
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
    /// let (tx, _rx) = Dispatcher::new().channel("a")?;
    /// assert_eq!(tx.send_deadline(1, Instant::now() + Duration::from_secs(1)), Ok(()));
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.source.send_deadline(Parcel::own(value), deadline)
    }
}

impl<T, M> Clone for Sender<T, M> {
    /// Opens a further lane to the same receiver. Never blocks; also when the receiver is gone, and the
    /// clone is then disconnected as well.
    fn clone(&self) -> Self {
        Self::new(self.source.clone())
    }
}

impl<T, M> fmt::Debug for Sender<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("target", &self.target())
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
