//! The error of sending a batch.

use std::error::Error;
use std::fmt;

/// The batch was not sent, none of it. Contains the messages, in their order.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, SendBatchError};
///
/// let dispatcher = Dispatcher::builder().capacity(2).build()?;
/// let (tx, rx) = dispatcher.channel("a")?;
/// let error = tx.send_batch([1, 2, 3]).unwrap_err();
/// assert!(error.is_too_large());
/// assert_eq!(error, SendBatchError::TooLarge(vec![1, 2, 3]));
/// drop(rx);
/// let error = tx.send_batch([1, 2]).unwrap_err();
/// assert!(error.is_disconnected());
/// assert_eq!(error.into_inner(), [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum SendBatchError<T> {
    /// There are more messages in it than a receiver can hold.
    TooLarge(Vec<T>),
    /// It never can be sent, as with [`SendError`](crate::SendError).
    Disconnected(Vec<T>),
}

impl<T> SendBatchError<T> {
    /// The messages.
    #[must_use]
    pub fn into_inner(self) -> Vec<T> {
        match self {
            Self::TooLarge(values) | Self::Disconnected(values) => values,
        }
    }

    /// Whether there are too many.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge(_))
    }

    /// Whether nothing can be sent for good.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl<T> fmt::Debug for SendBatchError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge(_) => "TooLarge(..)",
            Self::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Display for SendBatchError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(values) => write!(
                f,
                "a batch of {} messages is larger than the capacity of a receiver: send it in parts, or set \
                 a larger `capacity` when building the dispatcher",
                values.len()
            ),
            Self::Disconnected(_) => f.write_str(
                "the receiver is gone or closed, or the dispatcher can give out no more numbers: take the values back \
                 with `into_inner`, and see `disconnect_reason` of the handle",
            ),
        }
    }
}

impl<T> Error for SendBatchError<T> {}
