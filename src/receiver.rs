//! The receiving half of a channel.

#[cfg(any(feature = "async", loom))]
mod asynchronous;
mod waiting;

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use crate::control::Control;
use crate::core::Connection;
use crate::inbox::{Look, Outlet};
use crate::iter::{Drain, IntoIter, Iter, TryIter};
use crate::sync::Arc;
use crate::wait_queue::Key;
use crate::{
    Clock, DisconnectReason, Event, Progress, RecvError, RecvTimeoutError, Seq, TryRecvError,
};

/// Receives the messages sent to one name, and learns how far the numbers have got.
///
/// An event with number `n`, a message or a tick, says that every message for this receiver numbered
/// `n` or lower has been returned. Numbers rise from event to event. Where there is a message it comes
/// before a tick; a tick stands for all numbers since the last event, however many they are.
///
/// In [`Order::Frontier`](crate::Order::Frontier) several messages, and the tick after them, may have the same
/// number, so there a message at `n` says it of the lower numbers only: see [`Event`].
///
/// A receiver belongs to one thread at a time: it can be sent to another one but not shared.
///
/// ```compile_fail,E0277
/// fn shared_between_threads<T: Sync>() {}
/// shared_between_threads::<clocked_lanes::Receiver<u32>>();
/// ```
///
/// # Drop
///
/// Dropping a receiver never blocks. Its name is free at once; its senders, also those that are blocked,
/// get their values back; what is in its inbox is dropped by this call. What is left in the lanes is
/// dropped by the dispatcher's thread, or by a sender that was about to send. A panic in a destructor ends
/// there, and a destructor that waited for this dispatcher there would wait for ever.
pub struct Receiver<T> {
    outlet: Outlet<T>,
    connection: Connection<T>,
    /// Its place among those who are parked, in a dispatch without a thread.
    parked: Cell<Key>,
}

impl<T> Receiver<T> {
    pub(crate) fn new(outlet: Outlet<T>, connection: Connection<T>) -> Self {
        Self {
            outlet,
            connection,
            parked: Cell::default(),
        }
    }

    /// Receives the next event; waits until there is one.
    ///
    /// # Errors
    ///
    /// [`RecvError`] when everything sent was received, and the senders and all broadcasters are gone; if the
    /// dispatcher has died; or if in [`Order::Dense`](crate::Order::Dense) a number is missing for good. See
    /// [`disconnect_reason`](Self::disconnect_reason). It stays so.
    ///
    /// # Panics
    ///
    /// If the message is a broadcast and its `Clone` panics. The message is still there.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Event, RecvError, Seq};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// tx.send('x')?;
    /// drop(tx);
    /// assert_eq!(rx.recv(), Ok(Event::Message { seq: Seq::from(1), value: 'x' }));
    /// assert_eq!(rx.recv(), Err(RecvError));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv(&self) -> Result<Event<T>, RecvError> {
        match self.next_message() {
            Some(message) => Ok(message),
            None => self.wait(|| self.look(), true, None).map_err(|_| RecvError),
        }
    }

    /// Receives the next event if there is one. Never blocks.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if nothing has happened since the last event;
    /// [`TryRecvError::Disconnected`] where [`recv`](Self::recv) fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, TryRecvError};
    ///
    /// let (_tx, rx) = Dispatcher::<u32>::new().channel("a")?;
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    pub fn try_recv(&self) -> Result<Event<T>, TryRecvError> {
        match self.look() {
            Look::Event(event) => Ok(event),
            Look::Nothing => Err(TryRecvError::Empty),
            Look::End => Err(TryRecvError::Disconnected),
        }
    }

    /// Receives the next event; waits until there is one, but not longer than `timeout`. A timeout too long
    /// to be a point in time is no limit.
    ///
    /// # Errors
    ///
    /// [`RecvTimeoutError::Timeout`] if the time is up; [`RecvTimeoutError::Disconnected`] where
    /// [`recv`](Self::recv) fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use clocked_lanes::{Dispatcher, RecvTimeoutError};
    ///
    /// let (_tx, rx) = Dispatcher::<u32>::new().channel("a")?;
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(5)), Err(RecvTimeoutError::Timeout));
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Event<T>, RecvTimeoutError> {
        self.wait(|| self.look(), true, Instant::now().checked_add(timeout))
    }

    /// Receives the next event; waits until there is one, but not beyond `deadline`.
    ///
    /// # Errors
    ///
    /// As [`recv_timeout`](Self::recv_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use clocked_lanes::Dispatcher;
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// tx.send(1)?;
    /// let event = rx.recv_deadline(Instant::now() + Duration::from_secs(1))?;
    /// assert_eq!(event.seq().get(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_deadline(&self, deadline: Instant) -> Result<Event<T>, RecvTimeoutError> {
        self.wait(|| self.look(), true, Some(deadline))
    }

    /// Receives the next message; waits until there is one. Ticks are skipped, and do not wake it.
    ///
    /// Ticks that are there when it looks count as observed.
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
    /// use clocked_lanes::{Dispatcher, Seq};
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (a, for_a) = dispatcher.channel("a")?;
    /// let (b, for_b) = dispatcher.channel("b")?;
    /// a.send("one")?;
    /// for_a.recv_message()?;
    /// b.send("two")?;
    /// assert_eq!(for_b.recv_message()?, (Seq::from(2), "two"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_message(&self) -> Result<(Seq, T), RecvError> {
        let event = match self.next_message() {
            Some(message) => message,
            None => self
                .wait(|| self.look_for_message(), false, None)
                .map_err(|_| RecvError)?,
        };
        Ok(event.into_message().expect("ticks are skipped"))
    }

    /// Receives the next message if there is one, skipping ticks. Never blocks.
    ///
    /// # Errors
    ///
    /// As [`try_recv`](Self::try_recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, TryRecvError};
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (a, for_a) = dispatcher.channel("a")?;
    /// let (_b, for_b) = dispatcher.channel("b")?;
    /// a.send("one")?;
    /// for_a.recv_message()?;
    /// // The clock is at 1, but there is no message.
    /// assert_eq!(for_b.try_recv_message(), Err(TryRecvError::Empty));
    /// assert_eq!(for_b.observed().get(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv_message(&self) -> Result<(Seq, T), TryRecvError> {
        match self.look_for_message() {
            Look::Event(event) => Ok(event.into_message().expect("ticks are skipped")),
            Look::Nothing => Err(TryRecvError::Empty),
            Look::End => Err(TryRecvError::Disconnected),
        }
    }

    /// Iterates over events; waits for each, and ends when the receiver is disconnected.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// for n in 1..=3 {
    ///     tx.send(n * 10)?;
    /// }
    /// drop(tx);
    /// let values: Vec<_> = rx.iter().filter_map(|event| event.into_message()).collect();
    /// assert_eq!(values, [(1.into(), 10), (2.into(), 20), (3.into(), 30)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter::new(self)
    }

    /// Iterates over the events there are; ends when there is none at the moment. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let (_tx, rx) = Dispatcher::<u32>::new().channel("a")?;
    /// assert_eq!(rx.try_iter().count(), 0);
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter::new(self)
    }

    /// Takes out what is there now, up to `max` events. Never blocks.
    ///
    /// First the messages; then, if they were fewer than `max`, a tick if the clock was ahead of them. The
    /// space of all of them is given back to the senders once, when the iterator is dropped: cheaper than
    /// one by one. Messages that the iterator was not asked for stay where they are.
    ///
    /// # Panics
    ///
    /// The iterator's `next` panics if the message is a broadcast and its `Clone` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Event};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// tx.send('x')?;
    /// tx.send('y')?;
    /// let mut values = String::new();
    /// while values.len() < 2 {
    ///     for event in rx.drain(64) {
    ///         values.extend(event.into_message().map(|(_, value)| value));
    ///     }
    /// }
    /// assert_eq!(values, "xy");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(&self, max: usize) -> Drain<'_, T> {
        Drain::new(self, max)
    }

    /// How far this receiver has got: it has returned every message for it up to this number.
    ///
    /// That is the number of the last event returned, or the clock when it joined; after a message at `n` in
    /// [`Order::Frontier`](crate::Order::Frontier), where another one at `n` may follow, it is `n - 1`.
    #[must_use]
    pub fn observed(&self) -> Seq {
        Seq::from(self.outlet.inbox().observed().seq())
    }

    /// A handle on how far this receiver has got, for other threads: they can read it, and wait until it has got
    /// to a number.
    ///
    /// As long as there is none, nothing is done for it; with one, each event received costs a memory fence
    /// more.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (orders, for_orders) = dispatcher.channel("orders")?;
    /// let (_stock, for_stock) = dispatcher.channel("stock")?;
    /// let stock = for_stock.progress();
    /// std::thread::spawn(move || for_stock.iter().for_each(drop));
    ///
    /// orders.send("two apples")?;
    /// let (seq, _) = for_orders.recv_message()?;
    /// // What is numbered up to the order, and is for `stock`, has been received there.
    /// assert!(stock.wait_for(seq)? >= seq);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn progress(&self) -> Progress {
        let observed = Arc::clone(self.outlet.inbox().observed());
        Progress::new(observed, self.connection.caller().clone())
    }

    /// How far the dispatch has got: a consistent pair, read without a lock.
    ///
    /// Unlike a tick it says nothing about this receiver's messages: there may be some up to this number.
    ///
    /// In [`Order::Frontier`](crate::Order::Frontier) it is this receiver's own clock: the number that all its
    /// sources are done with, and how many messages had been put into its inbox by then. Otherwise it is that
    /// of the [dispatcher](crate::Dispatcher::clock).
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.connection.help();
        self.outlet.clock().read()
    }

    /// The name of this receiver.
    #[must_use]
    pub fn name(&self) -> &str {
        self.outlet.inbox().name()
    }

    /// How many messages are in the inbox.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connection.help();
        self.outlet.inbox().len()
    }

    /// Whether no message is in the inbox. There may be a tick.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages the inbox can hold, not counting the one broadcast it can hold beyond that in a
    /// serializing dispatch.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.outlet.inbox().capacity()
    }

    /// Why there is nothing more to come than what is in the inbox; `None` if there may be more.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{DisconnectReason, Dispatcher};
    ///
    /// let (tx, rx) = Dispatcher::<u32>::new().channel("a")?;
    /// drop(tx);
    /// assert!(rx.recv().is_err());
    /// assert_eq!(rx.disconnect_reason(), Some(DisconnectReason::SendersGone));
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    #[must_use]
    pub fn disconnect_reason(&self) -> Option<DisconnectReason> {
        let inbox = self.outlet.inbox();
        if inbox.has_died() {
            Some(DisconnectReason::DispatcherDied)
        } else if let (true, Some(number)) = (inbox.is_stuck(), self.connection.core().missing()) {
            Some(DisconnectReason::MissingNumber(Seq::from(number)))
        } else if inbox.has_ended() && inbox.is_closed() {
            Some(DisconnectReason::ReceiverClosed)
        } else if inbox.has_ended() {
            Some(DisconnectReason::SendersGone)
        } else {
            None
        }
    }

    /// Closes the receiver: nothing more can be sent to it, and what was sent still arrives. Then it is
    /// disconnected. Never blocks.
    ///
    /// Sends fail from now on, also those that are blocked, and hand the value back; no more senders can be
    /// made. Of the broadcasts it gets those that have a number already. Its name stays in use until it is
    /// dropped.
    ///
    /// In [`Order::Dense`](crate::Order::Dense) its senders count as having left: the numbers that they have not
    /// sent are given up, unless others send them.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{DisconnectReason, Dispatcher, SendError};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// tx.send("in time")?;
    /// rx.close();
    /// assert!(rx.is_closed());
    /// assert_eq!(tx.send("too late"), Err(SendError("too late")));
    /// assert_eq!(tx.disconnect_reason(), Some(DisconnectReason::ReceiverClosed));
    /// assert_eq!(rx.recv_message()?.1, "in time");
    /// assert!(rx.recv().is_err());
    /// assert!(rx.is_disconnected());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self) {
        let inbox = self.outlet.inbox();
        if !inbox.is_closed() {
            inbox.close();
            self.connection.tell(Control::Closing(Arc::clone(inbox)));
        }
    }

    /// Whether this receiver was [closed](Self::close). It may have more to return.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.outlet.inbox().is_closed()
    }

    /// Whether there is nothing more to come than what is in the inbox. See
    /// [`disconnect_reason`](Self::disconnect_reason) for why.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        self.disconnect_reason().is_some()
    }

    pub(crate) fn outlet(&self) -> &Outlet<T> {
        &self.outlet
    }

    /// Frees the space of what was taken out, and tells the engine if it waits for that.
    #[inline]
    pub(crate) fn commit(&self) {
        if self.outlet.commit() {
            let inbox = Arc::clone(self.outlet.inbox());
            self.connection.tell(Control::Space(inbox));
        }
    }

    #[inline]
    fn look(&self) -> Look<T> {
        if let Some(message) = self.next_message() {
            return Look::Event(message);
        }
        // Before a tick: a message goes before that.
        if self.connection.help_for(self.outlet.inbox()) {
            if let Some(message) = self.next_message() {
                return Look::Event(message);
            }
        }
        let look = self.outlet.look_at_clock();
        self.commit();
        if let Look::Event(Event::Message { seq, .. }) = &look {
            self.tell_received(*seq);
        }
        look
    }

    /// The next message, if it is there.
    #[inline(always)]
    fn next_message(&self) -> Option<Event<T>> {
        let message = self.outlet.pop()?;
        self.commit();
        self.tell_received(message.seq());
        Some(message)
    }

    #[inline]
    pub(crate) fn tell_received(&self, seq: Seq) {
        let telemetry = self.connection.core().telemetry();
        telemetry.message_received(self.outlet.inbox(), seq.get());
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let inbox = self.outlet.inbox();
        self.outlet.leave();
        self.connection.core().roster().remove_receiver(inbox);
        self.connection
            .tell(Control::ReceiverLeft(Arc::clone(inbox)));
        self.connection.core().telemetry().receiver_left(inbox);
        // A task that waited, and dropped the receiver instead of asking it again.
        self.unregister();
        // Last, since destructors are user code and may panic, and only what is there now, since the
        // engine may not know yet that it need not deliver any more.
        self.outlet.discard();
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = Event<T>;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = Event<T>;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter::new(self)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("name", &self.name())
            .field("observed", &self.observed())
            .field("len", &self.outlet.inbox().len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
