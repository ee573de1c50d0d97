//! Why a handle is disconnected, or could not be made.

use std::error::Error;
use std::{fmt, io};

use crate::Seq;

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
