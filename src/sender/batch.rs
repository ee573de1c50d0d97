//! Sending what needs its number, or several that go together.

use std::ops::RangeInclusive;

use crate::parcel::Parcel;
use crate::{SendBatchError, SendError, Sender, Seq};

impl<T: Send + 'static> Sender<T> {
    /// Sends a message, and returns its number.
    ///
    /// It waits while the lane is full, and then until the message has come out of it, for which its
    /// receiver may have to receive.
    ///
    /// When it returns, the number is on the [clock](crate::Dispatcher::clock). Whatever is sent after that,
    /// on any sender of the dispatcher and in any thread that knows of it, gets a higher number.
    ///
    /// # Errors
    ///
    /// [`SendError`], with the message, if the receiver is gone or closed, also when that happens while
    /// this call waits;
    /// if the numbers have run out; or if the dispatcher has died.
    /// It has no number, then, and nobody has received it.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Seq};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// assert_eq!(tx.send_sequenced("one")?, Seq::from(1));
    /// assert_eq!(rx.recv_message()?, (Seq::from(1), "one"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_sequenced(&self, value: T) -> Result<Seq, SendError<T>> {
        self.source.send_sequenced(Parcel::own(value))
    }

    /// Sends a batch: all of it or nothing, with consecutive numbers, and no number in between goes to another
    /// message. Waits while the lane is full, and not for the numbers.
    ///
    /// The values are taken out of the iterator first; if that panics, nothing is sent. In the lane a batch
    /// takes one place, however many messages it has. It is numbered as a whole as soon as its receiver has space
    /// for its first message; the rest follows as the receiver has space, and nothing comes in between. An empty
    /// batch is sent at once, and is nothing.
    ///
    /// # Errors
    ///
    /// [`SendBatchError::TooLarge`], with the messages, if there are more than a receiver's
    /// [`capacity`](crate::Builder::capacity); [`SendBatchError::Disconnected`], with the messages, where
    /// [`send`](Self::send) fails.
    ///
    /// # Panics
    ///
    /// If the iterator does.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// tx.send_batch(["one", "two", "three"])?;
    /// for n in 1..=3 {
    ///     assert_eq!(rx.recv_message()?.0.get(), n);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_batch(&self, values: impl IntoIterator<Item = T>) -> Result<(), SendBatchError<T>> {
        let parcels = values.into_iter().map(Parcel::own).collect();
        self.source.send_batch(parcels)
    }

    /// Sends a batch as [`send_batch`](Self::send_batch) does, and returns its numbers.
    ///
    /// It waits while the lane is full, and then until the batch has come out of it, for which its
    /// receiver may have to receive.
    /// When it returns, the numbers are on the [clock](crate::Dispatcher::clock). For an empty batch the range is
    /// empty.
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
    /// use clocked_lanes::{Dispatcher, Seq};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// let numbers = tx.send_batch_sequenced(["one", "two", "three"])?;
    /// assert_eq!(numbers, Seq::from(1)..=Seq::from(3));
    /// assert_eq!(rx.recv_message()?.0, *numbers.start());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_batch_sequenced(
        &self,
        values: impl IntoIterator<Item = T>,
    ) -> Result<RangeInclusive<Seq>, SendBatchError<T>> {
        let parcels = values.into_iter().map(Parcel::own).collect();
        self.source.send_batch_sequenced(parcels)
    }
}
