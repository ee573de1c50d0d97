//! How a task receives.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::driver::Party;
use crate::inbox::Look;
use crate::{Event, RecvError, Seq};

use super::Receiver;

/// The next event, for a task.
struct Recv<'a, T> {
    receiver: &'a mut Receiver<T>,
    /// A tick is an event as well.
    ticks: bool,
}

impl<T> Receiver<T> {
    /// Receives the next event; the task waits until there is one. Works on any executor.
    ///
    /// Until it is ready nothing has been taken out: a future that is dropped has lost nothing.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use clocked_lanes::{Dispatcher, Event, Seq};
    ///
    /// let (tx, mut rx) = Dispatcher::new().channel("a")?;
    /// tx.send_async('x').await?;
    /// assert_eq!(rx.recv_async().await?, Event::Message { seq: Seq::from(1), value: 'x' });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn recv_async(&mut self) -> Result<Event<T>, RecvError> {
        Recv {
            receiver: self,
            ticks: true,
        }
        .await
    }

    /// Receives the next message; the task waits until there is one. Ticks are skipped, and do not wake it.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use clocked_lanes::{Dispatcher, Seq};
    ///
    /// let (tx, mut rx) = Dispatcher::new().channel("a")?;
    /// tx.send('x')?;
    /// assert_eq!(rx.recv_message_async().await?, (Seq::from(1), 'x'));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn recv_message_async(&mut self) -> Result<(Seq, T), RecvError> {
        let event = Recv {
            receiver: self,
            ticks: false,
        }
        .await?;
        Ok(event.into_message().expect("ticks are skipped"))
    }

    fn poll(&self, ticks: bool, cx: &Context<'_>) -> Poll<Result<Event<T>, RecvError>> {
        match self.look_for(ticks) {
            Look::Nothing => {}
            found => {
                self.unregister();
                return Poll::Ready(result_of(found));
            }
        }
        self.register(&Arc::new(cx.waker().clone()), Party::Task, ticks);
        match self.look_for(ticks) {
            Look::Nothing => Poll::Pending,
            found => {
                self.unregister();
                Poll::Ready(result_of(found))
            }
        }
    }

    fn look_for(&self, ticks: bool) -> Look<T> {
        if ticks {
            self.look()
        } else {
            self.look_for_message()
        }
    }
}

fn result_of<T>(found: Look<T>) -> Result<Event<T>, RecvError> {
    match found {
        Look::Event(event) => Ok(event),
        Look::Nothing | Look::End => Err(RecvError),
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Result<Event<T>, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.receiver.poll(self.ticks, cx)
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        self.receiver.unregister();
    }
}

/// Events; ends when the receiver is disconnected.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use clocked_lanes::Dispatcher;
/// use futures_util::StreamExt;
///
/// let (tx, rx) = Dispatcher::new().channel("a")?;
/// tx.send('x')?;
/// tx.send('y')?;
/// drop(tx);
/// let messages = rx.filter_map(async |event| event.into_message());
/// let values: String = messages.map(|(_, value)| value).collect().await;
/// assert_eq!(values, "xy");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[cfg(feature = "async")]
impl<T> futures_core::Stream for Receiver<T> {
    type Item = Event<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event<T>>> {
        Receiver::poll(&self, true, cx).map(Result::ok)
    }
}
