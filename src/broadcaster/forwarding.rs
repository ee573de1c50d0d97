//! What a broadcaster does with numbered messages.

use std::time::{Duration, Instant};

use crate::parcel::Parcel;
use crate::source::Source;
use crate::{Broadcaster, ForwardError, ForwardTimeoutError, Forwarding, Seq, TryForwardError};

impl<T> Broadcaster<T, Forwarding> {
    /// How far this broadcaster has promised that nothing follows: numbers that it forwards have to be higher.
    ///
    /// In [`Order::Frontier`](crate::Order::Frontier) it is the highest number forwarded, or promised with
    /// [`advance`](Self::advance); in [`Order::Dense`](crate::Order::Dense), where numbers come in any order,
    /// only the latter counts. A clone starts at its parent's frontier; where other broadcasters start, and
    /// how far that may be above the clock, is at [`Dispatcher::broadcaster`](crate::Dispatcher::broadcaster).
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order};
    ///
    /// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let tx = dispatcher.broadcaster();
    /// tx.forward(5, 'x')?;
    /// assert_eq!(tx.frontier().get(), 5);
    /// tx.advance(3)?; // changes nothing
    /// assert_eq!(tx.clone().frontier().get(), 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn frontier(&self) -> Seq {
        self.source.frontier()
    }

    /// Promises that this broadcaster forwards nothing numbered `seq` or lower any more. Never blocks, and works over
    /// any distance. A number that is not above the frontier changes nothing.
    ///
    /// # Errors
    ///
    /// [`ForwardError::Disconnected`] if the dispatch has ended; see [`disconnect_reason`](Self::disconnect_reason).
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Event, Order, Seq};
    ///
    /// let dispatcher = Dispatcher::<u32>::builder().forwarding(Order::Frontier).build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// let everybody = dispatcher.broadcaster();
    /// everybody.advance(1_000)?;
    /// drop(tx); // it is at 0, and would hold the receiver back
    /// assert_eq!(rx.recv()?, Event::Clock(Seq::from(1_000)));
    /// assert_eq!(everybody.frontier().get(), 1_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn advance(&self, seq: impl Into<Seq>) -> Result<(), ForwardError<()>> {
        self.source.advance(seq.into())
    }

    /// Fills a number that has no message. In [`Order::Dense`](crate::Order::Dense) it goes into the lane as a
    /// message does, and waits while that is full; in [`Order::Frontier`](crate::Order::Frontier) it is
    /// [`advance`](Self::advance).
    ///
    /// # Errors
    ///
    /// As [`forward`](Self::forward).
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Event, Order, Seq};
    ///
    /// let order = Order::Dense { window: 16 };
    /// let dispatcher = Dispatcher::builder().forwarding(order).build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// let everybody = dispatcher.broadcaster();
    /// everybody.forward(2, "two")?;
    /// everybody.forward_empty(1)?;
    /// assert_eq!(rx.recv_message()?, (Seq::from(2), "two"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forward_empty(&self, seq: impl Into<Seq>) -> Result<(), ForwardError<()>> {
        self.source.forward_empty(seq.into())
    }
}

impl<T: Clone + Send + Sync + 'static> Broadcaster<T, Forwarding> {
    /// Forwards a message that has a number to everybody who joined before; waits while the lane is full.
    ///
    /// # Errors
    ///
    /// Each has the message in it. [`ForwardError::Late`] if the number is not above the
    /// [`frontier`](Self::frontier); [`ForwardError::Disconnected`] if the dispatch has ended, also when that
    /// happens while this call waits. See [`disconnect_reason`](Self::disconnect_reason).
    ///
    /// What is found to be late or repeated only later, because two threads share this broadcaster or, in
    /// [`Order::Dense`](crate::Order::Dense), because the number was used by another one, goes to
    /// [`Dispatcher::rejects`](crate::Dispatcher::rejects).
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, ForwardError, Order, Seq};
    ///
    /// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// let everybody = dispatcher.broadcaster();
    /// everybody.forward(3, "three")?;
    /// everybody.forward(7, "seven")?;
    /// assert_eq!(everybody.forward(5, "five"), Err(ForwardError::Late("five")));
    /// drop(tx); // it is at 0, and would hold the receiver back
    /// assert_eq!(rx.recv_message()?, (Seq::from(3), "three"));
    /// assert_eq!(rx.recv_message()?, (Seq::from(7), "seven"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forward(&self, seq: impl Into<Seq>, value: T) -> Result<(), ForwardError<T>> {
        self.source.forward(seq.into(), Parcel::shared(value))
    }

    /// Forwards a message if the lane has space for it. Never blocks.
    ///
    /// # Errors
    ///
    /// [`TryForwardError::Full`], with the message, if the lane is full; else as
    /// [`forward`](Self::forward).
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order, TryForwardError};
    ///
    /// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// let everybody = dispatcher.broadcaster();
    /// everybody.try_forward(1, 'x')?;
    /// assert_eq!(everybody.try_forward(1, 'y'), Err(TryForwardError::Late('y')));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_forward(&self, seq: impl Into<Seq>, value: T) -> Result<(), TryForwardError<T>> {
        self.source.try_forward(seq.into(), Parcel::shared(value))
    }

    /// Forwards a message; waits while the lane is full, but not longer than `timeout`. A timeout too long to
    /// be a point in time is no limit.
    ///
    /// # Errors
    ///
    /// [`ForwardTimeoutError::Timeout`], with the message, if the time is up; else as
    /// [`forward`](Self::forward).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use clocked_lanes::{Dispatcher, Order};
    ///
    /// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// let everybody = dispatcher.broadcaster();
    /// everybody.forward_timeout(1, 'x', Duration::from_secs(1))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forward_timeout(
        &self,
        seq: impl Into<Seq>,
        value: T,
        timeout: Duration,
    ) -> Result<(), ForwardTimeoutError<T>> {
        self.source
            .forward_timeout(seq.into(), Parcel::shared(value), timeout)
    }

    /// Forwards a message; waits while the lane is full, but not beyond `deadline`.
    ///
    /// # Errors
    ///
    /// As [`forward_timeout`](Self::forward_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use clocked_lanes::{Dispatcher, Order};
    ///
    /// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// let everybody = dispatcher.broadcaster();
    /// everybody.forward_deadline(1, 'x', Instant::now() + Duration::from_secs(1))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forward_deadline(
        &self,
        seq: impl Into<Seq>,
        value: T,
        deadline: Instant,
    ) -> Result<(), ForwardTimeoutError<T>> {
        self.source
            .forward_deadline(seq.into(), Parcel::shared(value), deadline)
    }
}

impl<T> Broadcaster<T, Forwarding> {
    pub(crate) fn source(&self) -> &Source<T> {
        &self.source
    }
}
