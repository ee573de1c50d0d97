//! The handle that makes channels.

use std::fmt;
use std::marker::PhantomData;

use crate::builder::Builder;
use crate::clock_cell::{ClockCell, ClockWriter, clock};
use crate::control::{Control, Newcomer};
use crate::core::Connection;
use crate::gate::fence_at_gate;
use crate::inbox::{Inbox, Says, inbox};
use crate::source::Source;
use crate::sync::Arc;
use crate::{
    Broadcaster, ChannelError, Clock, Forwarding, Order, Receiver, Rejects, Sender, Seq, Snapshot,
};

/// The mode of a dispatcher that numbers the messages itself: `send` it is.
///
/// A type parameter only; there are no values of it. The other mode is [`Forwarding`].
#[derive(Clone, Copy, Debug)]
pub enum Serializing {}

/// A set of channels whose messages are numbered in one order.
///
/// Each receiver has a name and gets the messages sent to it; and it learns how far the numbers have
/// got, whomever they were given to. A dispatcher is a handle: it can be cloned, and dropping it closes
/// nothing. The thread behind it ends when the last handle of any kind is gone.
///
/// One that [`Builder::forwarding`] makes does not give numbers: messages arrive with them, and it puts
/// them into their order. [`Order`] has the two contracts.
///
/// No method of this type blocks.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Event, Seq};
///
/// let dispatcher = Dispatcher::new();
/// let (orders, for_orders) = dispatcher.channel("orders")?;
/// let (stock, for_stock) = dispatcher.channel("stock")?;
///
/// orders.send("two apples")?;
/// let (seq, value) = for_orders.recv_message()?;
/// assert_eq!((seq, value), (Seq::from(1), "two apples"));
///
/// // Whoever owns `for_stock` can tell that it has missed nothing up to that order.
/// assert_eq!(for_stock.recv()?, Event::Clock(seq));
/// # drop(stock);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Dispatcher<T, M = Serializing> {
    connection: Connection<T>,
    marker: PhantomData<fn() -> M>,
}

impl<T: Send + 'static> Dispatcher<T> {
    /// Makes a dispatcher that numbers messages, with the defaults of [`Builder`], and starts its thread.
    ///
    /// # Panics
    ///
    /// If the operating system does not start the thread. [`builder`](Self::builder) reports that as an
    /// error.
    #[must_use]
    pub fn new() -> Self {
        match Self::builder().build() {
            Ok(dispatcher) => dispatcher,
            Err(error) => panic!("cannot make a dispatcher: {error} ({error:?})"),
        }
    }

    /// Sets up a dispatcher with other than the default values.
    pub fn builder() -> Builder<T> {
        Builder::new()
    }
}

impl<T: Send + 'static> Default for Dispatcher<T> {
    /// As [`new`](Self::new).
    fn default() -> Self {
        Self::new()
    }
}

impl<T, M> Dispatcher<T, M> {
    pub(crate) fn from_connection(connection: Connection<T>) -> Self {
        Self {
            connection,
            marker: PhantomData,
        }
    }

    /// Makes a receiver called `name`, and a sender to it.
    ///
    /// The receiver gets every broadcast that is sent after this call has returned. It starts at the
    /// current clock: its first event has a higher number.
    ///
    /// # Errors
    ///
    /// [`ChannelError::NameInUse`] if a receiver of this name is alive; its name is free as soon as it is
    /// dropped. [`ChannelError::DispatcherDied`] if the dispatcher's thread has died;
    /// [`ChannelError::MissingNumber`] if a dispatch in [`Order::Dense`] has ended so.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{ChannelError, Dispatcher};
    ///
    /// let dispatcher = Dispatcher::<u32>::new();
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// assert_eq!(
    ///     dispatcher.channel("a").unwrap_err(),
    ///     ChannelError::NameInUse("a".to_owned()),
    /// );
    /// drop(rx);
    /// assert!(dispatcher.channel("a").is_ok());
    /// # Ok::<(), ChannelError>(())
    /// ```
    pub fn channel(
        &self,
        name: impl Into<String>,
    ) -> Result<(Sender<T, M>, Receiver<T>), ChannelError> {
        let name = name.into();
        let core = self.connection.core();
        if core.roster().read(|m| m.receiver(&name).is_some()) {
            return Err(ChannelError::NameInUse(name));
        }
        if let Some(number) = core.missing() {
            return Err(ChannelError::MissingNumber(Seq::from(number)));
        }
        let Start {
            origin,
            clock,
            writer,
            says,
        } = self.start();
        let (inlet, outlet) = inbox(name, core.capacity(), clock, says);
        let inbox = Arc::clone(outlet.inbox());
        let (lane, end) = self.connection.new_lane(Some(Arc::clone(&inbox)), origin);
        // The engine is told first: whoever finds the name on the roster, and tells the engine of a
        // further lane to it, is then behind us in the control lane.
        let told = self.connection.tell(Control::Channel {
            inlet,
            lane: end,
            clock: writer,
        });
        if !told {
            return Err(ChannelError::DispatcherDied);
        }
        if !core.roster().add_receiver(&inbox, &lane) {
            // Somebody else was faster with this name. What was told is taken back. (No model shows the need:
            // without it the engine would keep the inbox, to no effect, until it ends.)
            inbox.leave();
            self.connection.tell(Control::LaneLeft(lane));
            self.connection
                .tell(Control::ReceiverLeft(Arc::clone(&inbox)));
            return Err(ChannelError::NameInUse(inbox.name().to_owned()));
        }
        let source = Source::new(lane, self.connection.clone());
        let receiver = Receiver::new(outlet, self.connection.clone());
        core.telemetry().receiver_joined(&inbox);
        Ok((Sender::new(source.announced()), receiver))
    }

    /// Finds out where a receiver that joins starts, with its first sender.
    fn start(&self) -> Start {
        let core = self.connection.core();
        let mut start = Start {
            origin: 0,
            clock: Arc::clone(core.clock()),
            writer: None,
            says: Says::UpToItsNumber,
        };
        if let Some(gate) = core.gate() {
            self.connection.tell(Control::Joining(Newcomer::Receiver));
            // No model shows this call: see `Connection::origin`.
            fence_at_gate();
            if gate.order() == Order::Frontier {
                start.origin = gate.limit_for_receivers();
                let (writer, cell) = clock(Clock {
                    seq: Seq::from(start.origin),
                    dispatched: 0,
                });
                start.clock = cell;
                start.writer = Some(writer);
                start.says = Says::BelowItsNumber;
            } else {
                start.origin = gate.limit_for_source::<T>(None).max(core.clock().seq());
            }
        }
        start
    }

    /// Makes one more sender to the receiver called `name`.
    ///
    /// # Errors
    ///
    /// [`ChannelError::UnknownName`] if no live receiver has this name; [`ChannelError::Disconnected`] if
    /// it was closed or has come to its end, because its senders and all broadcasters were dropped;
    /// [`ChannelError::DispatcherDied`] if the dispatcher's thread has died;
    /// [`ChannelError::MissingNumber`] if a dispatch in [`Order::Dense`] has ended so.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (_tx, rx) = dispatcher.channel("a")?;
    /// dispatcher.sender("a")?.send(1)?;
    /// assert_eq!(rx.recv_message()?.1, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sender(&self, name: impl Into<String>) -> Result<Sender<T, M>, ChannelError> {
        let name = name.into();
        let core = self.connection.core();
        let Some(inbox) = core.roster().read(|m| m.receiver(&name).cloned()) else {
            return Err(ChannelError::UnknownName(name));
        };
        if core.is_dead() {
            return Err(ChannelError::DispatcherDied);
        }
        if let Some(number) = core.missing() {
            return Err(ChannelError::MissingNumber(Seq::from(number)));
        }
        if inbox.is_closed() {
            return Err(if inbox.is_gone() {
                // It is about to be struck off.
                ChannelError::UnknownName(name)
            } else {
                ChannelError::Disconnected(name)
            });
        }
        if !inbox.add_sender() {
            return Err(ChannelError::Disconnected(name));
        }
        Ok(Sender::new(self.source(Some(inbox))))
    }

    /// Makes a handle that sends to every receiver.
    ///
    /// As long as one is alive, no receiver is disconnected. In [`Order::Frontier`] it is a source of every
    /// receiver, so it holds back all their clocks until it forwards, advances or is dropped.
    ///
    /// In a forwarding dispatch its [`frontier`](Broadcaster::frontier) tells where it starts: what it forwards has to have a
    /// higher number. In [`Order::Dense`] that is the [clock](Self::clock). In [`Order::Frontier`] it is no lower than the
    /// clock of any receiver, for which a lower number would be late, and so it may be far above the dispatcher's clock,
    /// which is the lowest of them. It may be above all of them, too, but not above what some receiver's sources have
    /// promised: a receiver that is full, or has left, counts as far as it could have got. If it is to send
    /// lower numbers, make it before the other sources get there.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (_a, for_a) = dispatcher.channel("a")?;
    /// let (_b, for_b) = dispatcher.channel("b")?;
    /// dispatcher.broadcaster().send("to all")?;
    /// assert_eq!(for_a.recv()?, for_b.recv()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Where one starts:
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Event, ForwardError, Order, Seq};
    ///
    /// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (ahead, for_ahead) = dispatcher.channel("ahead")?;
    /// let (_behind, _for_behind) = dispatcher.channel("behind")?;
    /// ahead.advance(100)?;
    /// assert_eq!(for_ahead.recv()?, Event::Clock(Seq::from(100)));
    ///
    /// let everybody = dispatcher.broadcaster();
    /// assert_eq!(dispatcher.clock().seq.get(), 0); // that is where `behind` is
    /// assert_eq!(everybody.frontier().get(), 100);
    /// assert_eq!(everybody.forward(50, "late"), Err(ForwardError::Late("late")));
    /// everybody.forward(101, "in time")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn broadcaster(&self) -> Broadcaster<T, M> {
        Broadcaster::new(self.source(None))
    }

    fn source(&self, target: Option<Arc<Inbox<T>>>) -> Source<T> {
        Source::new(self.connection.join(target, None), self.connection.clone()).announced()
    }

    /// How far the dispatch has got: a consistent pair, read without a lock.
    ///
    /// A number that a receiver has returned is on the clock; so whoever hears of it reads that number here,
    /// or a higher one. This holds but for [`Order::Frontier`].
    ///
    /// In a forwarding dispatch, the number means:
    ///
    /// - in [`Order::Frontier`], the lowest clock of all live receivers: every source of every receiver is done with
    ///   the numbers up to there, and what was forwarded with them is in the inboxes. Single receivers
    ///   may be far ahead, see [`Receiver::clock`]. It never goes back, and stands still while there is no
    ///   receiver.
    /// - in [`Order::Dense`], how far the numbers have arrived: all up to there have come, or can no longer come. A
    ///   message for a receiver that is full may have a number up to there and still wait for space;
    ///   that receiver gets no tick beyond it.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Event, Order, Seq};
    ///
    /// let dispatcher = Dispatcher::<u32>::builder().forwarding(Order::Frontier).build()?;
    /// let (a, for_a) = dispatcher.channel("a")?;
    /// let (b, for_b) = dispatcher.channel("b")?;
    /// a.advance(9)?;
    /// assert_eq!(for_a.recv()?, Event::Clock(Seq::from(9)));
    /// assert_eq!(for_a.clock().seq.get(), 9);
    /// assert_eq!(dispatcher.clock().seq.get(), 0); // that is where `b` is
    ///
    /// b.advance(5)?;
    /// while dispatcher.clock().seq.get() < 5 {
    ///     std::thread::yield_now();
    /// }
    /// assert_eq!(for_b.recv()?, Event::Clock(Seq::from(5)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.connection.help();
        self.connection.core().clock().read()
    }

    /// Who is there, how full everything is, and who waits for whom: read without a lock.
    ///
    /// The members are those of one instant. The figures are read one after the other while everybody
    /// goes on, so two of them may be of slightly different times. See [`Snapshot`] for an example.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.connection.help();
        Snapshot::take(self.connection.core())
    }

    #[cfg(all(test, not(loom)))]
    pub(crate) fn connection(&self) -> &Connection<T> {
        &self.connection
    }

    /// Has the engine die as by a fault of its own.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn kill_engine(&self) {
        self.connection.tell(Control::Die);
    }
}

impl<T> Dispatcher<T, Forwarding> {
    /// What was forwarded with a number that turned out to be late or used: see [`Rejects`], which has an
    /// example.
    #[must_use]
    pub fn rejects(&self) -> Rejects<T> {
        let queue = Arc::clone(self.connection.core().rejects());
        Rejects::new(queue, self.connection.caller().clone())
    }
}

/// Where a receiver starts.
struct Start {
    /// The frontier of its first sender.
    origin: u64,
    clock: Arc<ClockCell>,
    /// The other end of the clock, if it is the receiver's own.
    writer: Option<ClockWriter>,
    says: Says,
}

impl<T, M> Clone for Dispatcher<T, M> {
    fn clone(&self) -> Self {
        Self::from_connection(self.connection.clone())
    }
}

impl<T, M> fmt::Debug for Dispatcher<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher")
            .field("clock", &self.clock())
            .finish_non_exhaustive()
    }
}
