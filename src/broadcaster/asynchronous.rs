//! Sending by a task.

use std::ops::RangeInclusive;

use crate::parcel::Parcel;
use crate::{Broadcaster, ForwardError, Forwarding, SendAsync, SendBatchError, SendError, Seq};

impl<T: Clone + Send + Sync + 'static> Broadcaster<T> {
    /// Sends a message; the task waits while the lane is full. Works on any executor.
    ///
    /// A future that is dropped has sent nothing, and drops the value; [`SendAsync::into_inner`] gives it back.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use clocked_lanes::Dispatcher;
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (_a, mut rx) = dispatcher.channel("a")?;
    /// let tx = dispatcher.broadcaster();
    /// tx.send_async("one").await?;
    /// assert_eq!(rx.recv_message_async().await?.1, "one");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn send_async(&self, value: T) -> SendAsync<'_, T> {
        self.source.send_async(Parcel::shared(value))
    }
}

impl<T: Clone + Send + Sync + 'static> Broadcaster<T> {
    /// Sends a message, and returns its number; the task waits as [`send_sequenced`](Self::send_sequenced) does.
    ///
    /// A future that is dropped while the lane is full has sent nothing; later the message is on its way, and only
    /// its number is not learnt.
    ///
    /// # Errors
    ///
    /// As [`send_sequenced`](Self::send_sequenced).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use clocked_lanes::{Dispatcher, Seq};
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (_a, _rx) = dispatcher.channel("a")?;
    /// let tx = dispatcher.broadcaster();
    /// assert_eq!(tx.send_sequenced_async("one").await?, Seq::from(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn send_sequenced_async(&self, value: T) -> Result<Seq, SendError<T>> {
        self.source
            .send_sequenced_async(Parcel::shared(value))
            .await
    }

    /// Sends a batch, and returns its numbers; the task waits as
    /// [`send_batch_sequenced`](Self::send_batch_sequenced) does. Dropped, it is as with
    /// [`send_sequenced_async`](Self::send_sequenced_async).
    ///
    /// # Errors
    ///
    /// As [`send_batch`](Self::send_batch).
    ///
    /// # Panics
    ///
    /// If the iterator does.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use clocked_lanes::{Dispatcher, Seq};
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (_a, _rx) = dispatcher.channel("a")?;
    /// let tx = dispatcher.broadcaster();
    /// let numbers = tx.send_batch_sequenced_async(["one", "two"]).await?;
    /// assert_eq!(numbers, Seq::from(1)..=Seq::from(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn send_batch_sequenced_async(
        &self,
        values: impl IntoIterator<Item = T>,
    ) -> Result<RangeInclusive<Seq>, SendBatchError<T>> {
        let parcels = values.into_iter().map(Parcel::shared).collect();
        self.source.send_batch_async(parcels).await
    }
}

impl<T: Clone + Send + Sync + 'static> Broadcaster<T, Forwarding> {
    /// Forwards a message with its number; the task waits while the lane is full. A future that is dropped before it
    /// is ready has forwarded nothing.
    ///
    /// # Errors
    ///
    /// As [`forward`](Self::forward).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use clocked_lanes::{Dispatcher, Order};
    ///
    /// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (a, rx) = dispatcher.channel("a")?;
    /// let tx = dispatcher.broadcaster();
    /// drop(a);
    /// tx.forward_async(5, "five").await?;
    /// assert_eq!(rx.recv_message()?.1, "five");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn forward_async(
        &self,
        seq: impl Into<Seq>,
        value: T,
    ) -> Result<(), ForwardError<T>> {
        self.source
            .forward_async(seq.into(), Parcel::shared(value))
            .await
    }
}
