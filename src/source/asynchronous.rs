//! How a task sends.

use std::future::{Future, poll_fn};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::driver::{Awaited, Parked, Party};
use crate::lane::{FOR_END, FOR_SPACE, NotPut};
use crate::parcel::Parcel;
use crate::ticket::Bundle;
use crate::{DisconnectReason, ForwardError, SendBatchError, SendError, Seq};

use super::Source;
use super::forwarding::NotForwarded;
use super::waiting::{Patience, Waiting};

/// A send by a task. Made by [`Sender::send_async`](crate::Sender::send_async) and
/// [`Broadcaster::send_async`](crate::Broadcaster::send_async).
///
/// Until it is ready nothing has been sent. Dropped before, it drops the value;
/// [`into_inner`](Self::into_inner) gives it back.
#[must_use = "futures do nothing unless they are awaited"]
pub struct SendAsync<'a, T> {
    source: &'a Source<T>,
    /// Until it is sent.
    parcel: Option<Parcel<T>>,
    waiting: Waiting<'a>,
}

impl<T> SendAsync<'_, T> {
    /// Gives up sending, and takes the value back; `None` if it was sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let (tx, _rx) = Dispatcher::new().channel("a")?;
    /// let sending = tx.send_async("changed my mind");
    /// assert_eq!(sending.into_inner(), Some("changed my mind"));
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    #[must_use]
    pub fn into_inner(mut self) -> Option<T> {
        self.parcel.take()?.take()
    }
}

impl<T> Future for SendAsync<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let parcel = this.parcel.take().expect("polled after it was ready");
        let result = this.source.poll_put(parcel, 1, &mut this.waiting, cx);
        match result {
            Ok(()) => Poll::Ready(Ok(())),
            Err(NotPut::Closed(item)) => Poll::Ready(Err(SendError(super::value_of(item)))),
            Err(NotPut::Full(item)) => {
                this.parcel = Some(item.parcel);
                Poll::Pending
            }
        }
    }
}

// The value is never pinned.
impl<T> Unpin for SendAsync<'_, T> {}

impl<T> std::fmt::Debug for SendAsync<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SendAsync")
            .field("is_sent", &self.parcel.is_none())
            .finish_non_exhaustive()
    }
}

impl<T> Source<T> {
    pub(crate) fn send_async(&self, parcel: Parcel<T>) -> SendAsync<'_, T> {
        SendAsync {
            source: self,
            parcel: Some(parcel),
            waiting: self.waiting(Party::Task),
        }
    }

    /// Puts in what needs `count` numbers. If it comes back as there is no space, the task is woken when there is.
    fn poll_put(
        &self,
        parcel: Parcel<T>,
        count: u64,
        waiting: &mut Waiting<'_>,
        cx: &Context<'_>,
    ) -> Result<(), NotPut<T>> {
        match self.put_counted(parcel, count, Patience::None) {
            Err(NotPut::Full(item)) => {
                waiting.queue_up(FOR_SPACE, cx.waker());
                self.put_counted(item.parcel, count, Patience::None)
            }
            result => result,
        }
    }

    pub(crate) async fn forward_async(
        &self,
        seq: Seq,
        parcel: Parcel<T>,
    ) -> Result<(), ForwardError<T>> {
        let mut waiting = self.waiting(Party::Task);
        let mut parcel = Some(parcel);
        poll_fn(|cx| {
            let mut put = || {
                let it = parcel.take().expect("polled after it was ready");
                match self.put_numbered(seq, it, Patience::None) {
                    Ok(()) => Poll::Ready(Ok(())),
                    Err(NotForwarded::Full(item)) => {
                        parcel = Some(item.parcel);
                        Poll::Pending
                    }
                    Err(NotForwarded::Late(item)) => {
                        Poll::Ready(Err(ForwardError::Late(super::value_of(item))))
                    }
                    Err(NotForwarded::Disconnected(item)) => {
                        Poll::Ready(Err(ForwardError::Disconnected(super::value_of(item))))
                    }
                }
            };
            if let Poll::Ready(result) = put() {
                return Poll::Ready(result);
            }
            waiting.queue_up(FOR_SPACE, cx.waker());
            put()
        })
        .await
    }

    /// Waits until nothing can be sent any more.
    pub(crate) async fn closed(&self) -> DisconnectReason {
        let mut waiting = self.waiting(Party::Task);
        poll_fn(|cx| {
            waiting.queue_up(FOR_END, cx.waker());
            match self.close_reason() {
                Some(reason) => Poll::Ready(reason),
                None => Poll::Pending,
            }
        })
        .await
    }
}

impl<T: Send + 'static> Source<T> {
    pub(crate) async fn send_sequenced_async(
        &self,
        parcel: Parcel<T>,
    ) -> Result<Seq, SendError<T>> {
        match self.send_bundle_async(vec![parcel]).await {
            Ok(first) => Ok(Seq::from(first)),
            Err(parcels) => {
                let value = parcels.into_iter().find_map(Parcel::take);
                Err(SendError(
                    value.expect("a message that was not sent is whole"),
                ))
            }
        }
    }

    pub(crate) async fn send_batch_async(
        &self,
        parcels: Vec<Parcel<T>>,
    ) -> Result<RangeInclusive<Seq>, SendBatchError<T>> {
        let parcels = self.checked(parcels)?;
        let Some(more) = (parcels.len() as u64).checked_sub(1) else {
            return Ok(super::batch::no_numbers());
        };
        match self.send_bundle_async(parcels).await {
            Ok(first) => Ok(Seq::from(first)..=Seq::from(first + more)),
            Err(parcels) => Err(SendBatchError::Disconnected(super::batch::values_of(
                parcels,
            ))),
        }
    }

    async fn send_bundle_async(&self, parcels: Vec<Parcel<T>>) -> Result<u64, Vec<Parcel<T>>> {
        let (bundle, ticket) = Bundle::with_ticket(parcels);
        let count = bundle.len();
        let mut parcel = Some(Parcel::bundle(bundle));
        let mut waiting = self.waiting(Party::Task);
        poll_fn(|cx| {
            let it = parcel.take().expect("polled after it was ready");
            match self.poll_put(it, count, &mut waiting, cx) {
                Ok(()) => Poll::Ready(Ok(())),
                Err(NotPut::Closed(item)) => {
                    Poll::Ready(Err(super::batch::parcels_of(item.parcel)))
                }
                Err(NotPut::Full(item)) => {
                    parcel = Some(item.parcel);
                    Poll::Pending
                }
            }
        })
        .await?;
        drop(waiting);
        let mut parked = Parked::new(self.connection.caller(), Awaited::Anything, Party::Task);
        poll_fn(|cx| ticket.poll(&mut parked, cx)).await
    }
}
