//! Errors. Those of sends hand the value back, as in `crossbeam-channel`.

use std::error::Error;
use std::{fmt, io};

use crate::Seq;

/// The message could not be sent, and never will be. Contains the message.
///
/// See [`Sender::disconnect_reason`](crate::Sender::disconnect_reason) for why.
#[derive(PartialEq, Eq, Clone, Copy)]
pub struct SendError<T>(pub T);

/// The message was not sent. Contains the message.
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum TrySendError<T> {
    /// The sender's lane is full.
    Full(T),
    /// The message never can be sent, as with [`SendError`].
    Disconnected(T),
}

/// The message was not sent in time. Contains the message.
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum SendTimeoutError<T> {
    /// The sender's lane was full all the time.
    Timeout(T),
    /// The message never can be sent, as with [`SendError`].
    Disconnected(T),
}

/// Nothing was received, and nothing will be: the receiver has got everything that was sent to it, and
/// its senders and all broadcasters are gone; the dispatcher's thread has died; or a number is missing for good
/// ([`DisconnectReason::MissingNumber`]).
///
/// See [`Receiver::disconnect_reason`](crate::Receiver::disconnect_reason) for which of them.
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub struct RecvError;

/// Nothing was received.
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub enum TryRecvError {
    /// There is nothing at the moment.
    Empty,
    /// There never will be, as with [`RecvError`].
    Disconnected,
}

/// Nothing was received in time.
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub enum RecvTimeoutError {
    /// Nothing came in the time given.
    Timeout,
    /// Nothing ever will, as with [`RecvError`].
    Disconnected,
}

/// Why a handle is disconnected.
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The receiver was dropped.
    ReceiverGone,
    /// The receiver was [closed](crate::Receiver::close).
    ReceiverClosed,
    /// All senders of the receiver, and all broadcasters, were dropped before. A receiver that has come
    /// to its end stays there.
    SendersGone,
    /// The numbers have run out: [`Seq::MAX`](crate::Seq::MAX) is given out, or reserved for a message on
    /// its way. (If that one is not sent after all, because there is no space for it in time, its number can
    /// be had again.)
    NumbersExhausted,
    /// The dispatcher's thread has died, which is a fault in this crate. What it had not delivered is
    /// lost.
    DispatcherDied,
    /// In [`Order::Dense`](crate::Order::Dense): this number has not come, and could not come any more, as
    /// each sender that had not promised otherwise waited with a number beyond the window. What waited
    /// is in [`Dispatcher::rejects`](crate::Dispatcher::rejects).
    ///
    /// ```
    /// use clocked_lanes::{DisconnectReason, Dispatcher, Order, Seq};
    ///
    /// let order = Order::Dense { window: 2 };
    /// let dispatcher = Dispatcher::builder().forwarding(order).build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// tx.forward(2, "two")?;
    /// tx.forward(3, "three")?; // beyond the window, and in front of 1, should that follow
    /// assert!(rx.recv().is_err());
    /// let reason = Some(DisconnectReason::MissingNumber(Seq::from(1)));
    /// assert_eq!(rx.disconnect_reason(), reason);
    /// assert_eq!(tx.disconnect_reason(), reason);
    /// let rejected: Vec<_> = dispatcher.rejects().try_iter().map(|r| r.value).collect();
    /// assert_eq!(rejected, [Some("two"), Some("three")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    MissingNumber(Seq),
}

/// The dispatcher could not be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The capacity of receivers is zero.
    ZeroCapacity,
    /// The capacity of lanes is zero.
    ZeroLaneCapacity,
    /// The window of [`Order::Dense`](crate::Order::Dense) is zero.
    ZeroWindow,
    /// A buffer of the capacity given would be larger than any object can be.
    CapacityTooLarge,
    /// The name for the thread has a null byte in it.
    InvalidThreadName,
    /// The operating system has not started the thread.
    Spawn(io::Error),
}

/// A channel or a sender could not be made.
#[derive(PartialEq, Eq, Clone, Debug)]
#[non_exhaustive]
pub enum ChannelError {
    /// A live receiver has this name.
    NameInUse(String),
    /// No live receiver has this name.
    UnknownName(String),
    /// The receiver of this name is there but has come to its end: its senders and all broadcasters
    /// were dropped, or it was [closed](crate::Receiver::close).
    Disconnected(String),
    /// The dispatcher's thread has died.
    DispatcherDied,
    /// The dispatch has ended, as with
    /// [`DisconnectReason::MissingNumber`].
    MissingNumber(Seq),
}

const NOT_COME: &str = "has not come, while every sender waited with one beyond the window: go on with a new \
     dispatcher, see that every number is forwarded once, filled with `forward_empty` or promised away with \
     `advance`, or use a larger window";

const NEVER_SENT: &str = "the receiver is gone or closed, or the dispatcher can give out no more numbers: \
     take the value back with `into_inner`, and see `disconnect_reason` of the handle";

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not sent: {NEVER_SENT}")
    }
}

impl<T> Error for SendError<T> {}

impl<T> SendError<T> {
    /// Takes the message back.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// drop(rx);
    /// assert_eq!(tx.send("late").unwrap_err().into_inner(), "late");
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str(
                "not sent: the lane is full, because a receiver does not keep up; try again later, use \
                 `send` to wait, or build the dispatcher with a larger `lane_capacity`",
            ),
            Self::Disconnected(_) => write!(f, "not sent: {NEVER_SENT}"),
        }
    }
}

impl<T> Error for TrySendError<T> {}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(SendError(value): SendError<T>) -> Self {
        Self::Disconnected(value)
    }
}

impl<T> TrySendError<T> {
    /// Takes the message back.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::Disconnected(value) => value,
        }
    }

    /// Whether the lane was full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the message never can be sent.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "Timeout(..)",
            Self::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(_) => f.write_str(
                "not sent in time: the lane stayed full, because a receiver does not keep up; try again, \
                 or look at `Dispatcher::snapshot` for which one it is",
            ),
            Self::Disconnected(_) => write!(f, "not sent: {NEVER_SENT}"),
        }
    }
}

impl<T> Error for SendTimeoutError<T> {}

impl<T> From<SendError<T>> for SendTimeoutError<T> {
    fn from(SendError(value): SendError<T>) -> Self {
        Self::Disconnected(value)
    }
}

impl<T> SendTimeoutError<T> {
    /// Takes the message back.
    pub fn into_inner(self) -> T {
        match self {
            Self::Timeout(value) | Self::Disconnected(value) => value,
        }
    }

    /// Whether the time was up.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    /// Whether the message never can be sent.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

const NEVER_RECEIVED: &str = "everything sent was received and every source is gone, or the \
     dispatcher has died: stop receiving, and see `disconnect_reason` of the receiver";

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NEVER_RECEIVED)
    }
}

impl Error for RecvError {}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => {
                "there is nothing to receive yet: try again later, or use `recv` to wait"
            }
            Self::Disconnected => NEVER_RECEIVED,
        })
    }
}

impl Error for TryRecvError {}

impl From<RecvError> for TryRecvError {
    fn from(RecvError: RecvError) -> Self {
        Self::Disconnected
    }
}

impl TryRecvError {
    /// Whether there was nothing at the moment.
    pub fn is_empty(&self) -> bool {
        *self == Self::Empty
    }

    /// Whether there never will be anything.
    pub fn is_disconnected(&self) -> bool {
        *self == Self::Disconnected
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "nothing was received in time: try again",
            Self::Disconnected => NEVER_RECEIVED,
        })
    }
}

impl Error for RecvTimeoutError {}

impl From<RecvError> for RecvTimeoutError {
    fn from(RecvError: RecvError) -> Self {
        Self::Disconnected
    }
}

impl RecvTimeoutError {
    /// Whether the time was up.
    pub fn is_timeout(&self) -> bool {
        *self == Self::Timeout
    }

    /// Whether there never will be anything.
    pub fn is_disconnected(&self) -> bool {
        *self == Self::Disconnected
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReceiverGone => "the receiver was dropped",
            Self::ReceiverClosed => "the receiver was closed",
            Self::SendersGone => "all senders of the receiver and all broadcasters were dropped",
            Self::NumbersExhausted => {
                "the numbers have run out: go on with a new dispatcher that starts lower"
            }
            Self::DispatcherDied => "the dispatcher's thread has died: go on with a new dispatcher",
            Self::MissingNumber(seq) => return write!(f, "number {seq} {NOT_COME}"),
        })
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ZeroCapacity => {
                "a receiver needs room for a message: give `capacity` a value of at least 1"
            }
            Self::ZeroLaneCapacity => {
                "a lane needs room for a message: give `lane_capacity` a value of at least 1"
            }
            Self::ZeroWindow => {
                "a window needs room for a number: give `Order::Dense` a window of at least 1"
            }
            Self::CapacityTooLarge => {
                "the buffers would be larger than memory can be: give `capacity` and `lane_capacity` \
                 smaller values; they are allocated in full"
            }
            Self::InvalidThreadName => {
                "the thread name has a null byte in it: give `thread_name` one without"
            }
            Self::Spawn(_) => {
                "the dispatcher's thread could not be started: see the source of this error"
            }
        })
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Spawn(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameInUse(name) => write!(
                f,
                "a receiver is called `{name}` already: choose another name, drop that receiver first, or \
                 get another sender to it with `sender`"
            ),
            Self::UnknownName(name) => write!(
                f,
                "no receiver is called `{name}`: make one with `channel`; a name is free again once its \
                 receiver is dropped"
            ),
            Self::Disconnected(name) => write!(
                f,
                "the receiver `{name}` has come to its end, because its senders and all broadcasters were \
                 dropped: drop it and make a new one with `channel`"
            ),
            Self::MissingNumber(seq) => write!(f, "number {seq} {NOT_COME}"),
            Self::DispatcherDied => {
                f.write_str("the dispatcher's thread has died: go on with a new dispatcher")
            }
        }
    }
}

impl Error for ChannelError {}
