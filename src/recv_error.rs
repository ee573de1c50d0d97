//! Errors of receiving.

use std::error::Error;
use std::fmt;

/// Nothing was received, and nothing will be: the receiver has got everything that was sent to it, and
/// its senders and all broadcasters are gone; the dispatcher's thread has died; or a number is missing for good
/// ([`DisconnectReason::MissingNumber`](crate::DisconnectReason::MissingNumber)).
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
