//! Senders as sinks.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;

use crate::parcel::Parcel;
use crate::{Forwarding, Sender, Seq, TryForwardError, TrySendError};

/// Ready when the lane has space, or when nothing can be sent any more; the error of the latter comes with the
/// message, when it is to be sent. A message is flushed as soon as it is in the lane, and closing changes nothing:
/// that is for the one who drops the handle.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use clocked_lanes::Dispatcher;
/// use futures_util::SinkExt;
///
/// let (mut tx, rx) = Dispatcher::new().channel("a")?;
/// SinkExt::send(&mut tx, "one").await?;
/// assert_eq!(rx.recv_message()?.1, "one");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
impl<T> Sink<T> for Sender<T> {
    type Error = TrySendError<T>;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TrySendError<T>>> {
        self.source.poll_space(cx).map(Ok)
    }

    fn start_send(self: Pin<&mut Self>, value: T) -> Result<(), TrySendError<T>> {
        self.source.try_send(Parcel::own(value))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TrySendError<T>>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TrySendError<T>>> {
        Poll::Ready(Ok(()))
    }
}

/// As without numbers: messages come with theirs.
impl<T> Sink<(Seq, T)> for Sender<T, Forwarding> {
    type Error = TryForwardError<T>;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TryForwardError<T>>> {
        self.source.poll_space(cx).map(Ok)
    }

    fn start_send(self: Pin<&mut Self>, (seq, value): (Seq, T)) -> Result<(), TryForwardError<T>> {
        self.source.try_forward(seq, Parcel::own(value))
    }

    fn poll_flush(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), TryForwardError<T>>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), TryForwardError<T>>> {
        Poll::Ready(Ok(()))
    }
}
