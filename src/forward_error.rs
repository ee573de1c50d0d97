//! Errors of forwarding. They hand the value back.

use std::error::Error;
use std::fmt;

/// The message could not be forwarded, and never will be. Contains the message.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, ForwardError, Order};
///
/// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
/// let (tx, rx) = dispatcher.channel("a")?;
/// tx.advance(10)?;
/// assert_eq!(tx.forward(10, "ten"), Err(ForwardError::Late("ten")));
/// drop(rx);
/// let error = tx.forward(11, "eleven").unwrap_err();
/// assert!(error.is_disconnected() && !error.is_late());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum ForwardError<T> {
    /// The number is not above the sender's frontier: it was used, or promised away with `advance`.
    Late(T),
    /// The receiver is gone or the dispatch has ended; see
    /// [`Sender::disconnect_reason`](crate::Sender::disconnect_reason).
    Disconnected(T),
}

/// The message was not forwarded. Contains the message.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Order};
///
/// let dispatcher = Dispatcher::builder().lane_capacity(1).forwarding(Order::Frontier).build()?;
/// let (tx, rx) = dispatcher.channel("a")?;
/// let other = dispatcher.sender("a")?; // at 0, and so nothing above 1 is delivered
/// let error = (2..).find_map(|n| tx.try_forward(n, n).err()).unwrap();
/// assert!(error.is_full() && !error.is_late() && !error.is_disconnected());
/// let refused = error.into_inner();
/// drop(other);
/// tx.forward(refused, refused)?;
/// assert_eq!(rx.recv_message()?.1, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum TryForwardError<T> {
    /// The sender's lane is full.
    Full(T),
    /// As [`ForwardError::Late`].
    Late(T),
    /// As [`ForwardError::Disconnected`].
    Disconnected(T),
}

/// The message was not forwarded in time. Contains the message.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use clocked_lanes::{Dispatcher, Order};
///
/// let dispatcher = Dispatcher::builder().lane_capacity(1).forwarding(Order::Frontier).build()?;
/// let (tx, _rx) = dispatcher.channel("a")?;
/// let _other = dispatcher.sender("a")?; // at 0, and so nothing above 1 is delivered
/// let limit = Duration::from_millis(5);
/// let error = (2..).find_map(|n| tx.forward_timeout(n, n, limit).err()).unwrap();
/// assert!(error.is_timeout() && !error.is_late() && !error.is_disconnected());
/// let refused = error.into_inner();
/// assert_eq!(tx.frontier().get() + 1, refused); // the number can be used again
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum ForwardTimeoutError<T> {
    /// The sender's lane was full all the time.
    Timeout(T),
    /// As [`ForwardError::Late`].
    Late(T),
    /// As [`ForwardError::Disconnected`].
    Disconnected(T),
}

const LATE: &str = "not forwarded: the number is not above the sender's frontier, so it was used or \
     promised away; take the value back with `into_inner`, and forward higher numbers only (see `frontier`)";
const DISCONNECTED: &str = "not forwarded: the receiver is gone, or the dispatch has ended; take the value \
     back with `into_inner`, and see `disconnect_reason` of the handle";

impl<T> ForwardError<T> {
    /// Takes the message back.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order};
    ///
    /// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (tx, _rx) = dispatcher.channel("a")?;
    /// tx.forward(5, "five")?;
    /// let error = tx.forward(4, "four").unwrap_err();
    /// assert!(error.is_late());
    /// assert_eq!(error.into_inner(), "four");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Late(value) | Self::Disconnected(value) => value,
        }
    }

    /// Whether the number was late.
    pub fn is_late(&self) -> bool {
        matches!(self, Self::Late(_))
    }

    /// Whether nothing can be forwarded any more.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl<T> TryForwardError<T> {
    /// Takes the message back.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::Late(value) | Self::Disconnected(value) => value,
        }
    }

    /// Whether the lane was full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the number was late.
    pub fn is_late(&self) -> bool {
        matches!(self, Self::Late(_))
    }

    /// Whether nothing can be forwarded any more.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl<T> ForwardTimeoutError<T> {
    /// Takes the message back.
    pub fn into_inner(self) -> T {
        match self {
            Self::Timeout(value) | Self::Late(value) | Self::Disconnected(value) => value,
        }
    }

    /// Whether the time was up.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    /// Whether the number was late.
    pub fn is_late(&self) -> bool {
        matches!(self, Self::Late(_))
    }

    /// Whether nothing can be forwarded any more.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl<T> fmt::Debug for ForwardError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late(_) => "Late(..)",
            Self::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Debug for TryForwardError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Late(_) => "Late(..)",
            Self::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Debug for ForwardTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "Timeout(..)",
            Self::Late(_) => "Late(..)",
            Self::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Display for ForwardError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late(_) => LATE,
            Self::Disconnected(_) => DISCONNECTED,
        })
    }
}

impl<T> fmt::Display for TryForwardError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => {
                "not forwarded: the lane is full, because a receiver does not keep up or a lower number is \
                 still to come; try again later, or use `forward` to wait"
            }
            Self::Late(_) => LATE,
            Self::Disconnected(_) => DISCONNECTED,
        })
    }
}

impl<T> fmt::Display for ForwardTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => {
                "not forwarded in time: the lane stayed full; try again, or look at `Dispatcher::snapshot` \
                 for who does not keep up and who holds the clock back"
            }
            Self::Late(_) => LATE,
            Self::Disconnected(_) => DISCONNECTED,
        })
    }
}

impl<T> Error for ForwardError<T> {}

impl<T> Error for TryForwardError<T> {}

impl<T> Error for ForwardTimeoutError<T> {}

impl<T> From<ForwardError<T>> for TryForwardError<T> {
    fn from(error: ForwardError<T>) -> Self {
        match error {
            ForwardError::Late(value) => Self::Late(value),
            ForwardError::Disconnected(value) => Self::Disconnected(value),
        }
    }
}

impl<T> From<ForwardError<T>> for ForwardTimeoutError<T> {
    fn from(error: ForwardError<T>) -> Self {
        match error {
            ForwardError::Late(value) => Self::Late(value),
            ForwardError::Disconnected(value) => Self::Disconnected(value),
        }
    }
}
