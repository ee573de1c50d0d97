//! Errors of waiting for a receiver's progress.

use std::error::Error;
use std::fmt;

use crate::{DisconnectReason, Seq};

/// The receiver has not observed the number, and never will.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{DisconnectReason, Dispatcher, Seq};
///
/// let (tx, rx) = Dispatcher::new().channel("a")?;
/// let progress = rx.progress();
/// tx.send("one")?;
/// rx.recv()?;
/// drop(rx);
/// let error = progress.wait_for(2).unwrap_err();
/// assert_eq!(error.observed, Seq::from(1));
/// assert_eq!(error.reason, DisconnectReason::ReceiverGone);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ProgressError {
    /// How far it had got.
    pub observed: Seq,
    /// Why it does not get further: it was dropped before it had received everything
    /// ([`ReceiverGone`](DisconnectReason::ReceiverGone)), or its dispatch has come to a bad end.
    pub reason: DisconnectReason,
}

/// The receiver has not observed the number in time.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use clocked_lanes::{Dispatcher, ProgressTimeoutError, Seq};
///
/// let (_tx, rx) = Dispatcher::<u32>::new().channel("a")?;
/// let late = rx.progress().wait_for_timeout(1, Duration::from_millis(5));
/// assert_eq!(late, Err(ProgressTimeoutError::Timeout { observed: Seq::from(0) }));
/// # Ok::<(), clocked_lanes::ChannelError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProgressTimeoutError {
    /// It may yet.
    Timeout {
        /// How far it has got.
        observed: Seq,
    },
    /// It never will.
    Disconnected(ProgressError),
}

impl fmt::Display for ProgressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { observed, reason } = self;
        match reason {
            DisconnectReason::ReceiverGone => write!(
                f,
                "the receiver was dropped when it had observed {observed}, and will not get to the number \
                 awaited: keep it until it is disconnected"
            ),
            DisconnectReason::MissingNumber(number) => write!(
                f,
                "the receiver has observed {observed} and will not get to the number awaited, because number \
                 {number} is missing: see that every number is forwarded once"
            ),
            _ => write!(
                f,
                "the receiver has observed {observed} and may not get to the number awaited, because the \
                 dispatcher has died: make a new one, and report the fault"
            ),
        }
    }
}

impl Error for ProgressError {}

impl fmt::Display for ProgressTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout { observed } => write!(
                f,
                "the receiver has only observed {observed} by now: wait longer, or see \
                 `Dispatcher::snapshot` for what holds it up"
            ),
            Self::Disconnected(error) => error.fmt(f),
        }
    }
}

impl Error for ProgressTimeoutError {}

impl From<ProgressError> for ProgressTimeoutError {
    fn from(error: ProgressError) -> Self {
        Self::Disconnected(error)
    }
}
