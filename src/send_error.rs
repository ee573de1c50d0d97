//! Errors of sends. They hand the value back, as in `crossbeam-channel`.

use std::error::Error;
use std::fmt;

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
