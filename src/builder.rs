//! How a dispatcher is built.

use std::fmt;
use std::marker::PhantomData;

use crate::clock_cell::clock;
use crate::control::Control;
use crate::core::{Connection, Core};
use crate::dispatcher::{Dispatcher, Serializing};
use crate::driver::{Drive, Inline};
use crate::engine::Engine;
use crate::forwarding;
use crate::numbers::Numbers;
use crate::rejects::reject_queue;
use crate::sync::{Arc, channel};
use crate::telemetry::Telemetry;
use crate::{BuildError, Clock, Forwarding, Order, Seq, driver, fault, inbox, lane};

const CAPACITY: usize = 256;
const LANE_CAPACITY: usize = 256;
const THREAD_NAME: &str = "clocked-lanes";

/// Sets a dispatcher up. Made by [`Dispatcher::builder`].
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Seq};
///
/// let dispatcher = Dispatcher::<String>::builder()
///     .capacity(1024)
///     .lane_capacity(64)
///     .start_after(Seq::from(1_000))
///     .thread_name("orders")
///     .build()?;
/// assert_eq!(dispatcher.clock().seq, Seq::from(1_000));
/// # Ok::<(), clocked_lanes::BuildError>(())
/// ```
#[must_use = "nothing is built before `build`"]
pub struct Builder<T, M = Serializing> {
    capacity: usize,
    lane_capacity: usize,
    start: Seq,
    thread_name: String,
    stack_size: Option<usize>,
    is_inline: bool,
    /// In a forwarding dispatcher.
    order: Option<Order>,
    traces_messages: bool,
    /// Where the engine goes if it has no driver.
    #[cfg(fuzzing)]
    stepper: Option<crate::Stepper<T>>,
    marker: PhantomData<fn(T) -> M>,
}

impl<T, M> Builder<T, M> {
    /// How many messages wait for a receiver at most: the size of its inbox, in messages. At least 1; 256
    /// unless set. In a serializing dispatch one broadcast more may wait, see
    /// [`Broadcaster`](crate::Broadcaster).
    pub fn capacity(mut self, messages: usize) -> Self {
        self.capacity = messages;
        self
    }

    /// How many messages wait in a sender's or broadcaster's lane at most, in front of the dispatcher. At
    /// least 1; 256 unless set. A forwarding dispatcher holds one message more of each sender whose turn has not
    /// come, and what [`Order`] and [`Broadcaster`](crate::Broadcaster) tell of.
    pub fn lane_capacity(mut self, messages: usize) -> Self {
        self.lane_capacity = messages;
        self
    }

    /// The number before the first one: messages get `start + 1`, `start + 2`, and so on. 0 unless set. In a
    /// forwarding dispatch, numbers up to `start` are late.
    ///
    /// A program that keeps the last number it has seen can go on from there after a restart. Numbers end
    /// at [`Seq::MAX`]; where the dispatcher gives them, sends beyond it fail with
    /// [`NumbersExhausted`](crate::DisconnectReason::NumbersExhausted), so a dispatcher that starts after
    /// `u64::MAX - 2` takes two messages. (Within 2<sup>60</sup> of the end every message reserves its
    /// number as it is sent; one that is dropped because its receiver leaves has used up a reservation,
    /// and the dispatch ends that much earlier. The numbers given out have no gap all the same.)
    pub fn start_after(mut self, seq: Seq) -> Self {
        self.start = seq;
        self
    }

    /// Has the dispatcher do without a thread: the threads that use it do its work in passing.
    ///
    /// A message then has one thread less on its way. That is faster for the most part, and a round trip takes about a
    /// fifth of the time; but senders that are blocked for long slow down the others somewhat. (The README has
    /// figures.) All that is promised holds as it does with a thread. The differences:
    ///
    /// - Work is done by who needs it: a call that finds nothing to receive, no space to send, or somebody parked who
    ///   may need what it has just sent, and each call that waits. So it is done in calls that never block otherwise:
    ///   a `try_recv`, a `try_send` into a lane that is full, or dropping a handle may take the time that it takes to
    ///   move some messages of others. No call waits for another one that is at it; it leaves a note instead.
    /// - **A message has no number before somebody does that.** If nobody receives, waits or parks, what was sent is in
    ///   its lane. Whoever asks moves it on: [`Dispatcher::clock`], [`snapshot`](Dispatcher::snapshot) and the `len` of
    ///   a handle do, too. So the clock gets on wherever anybody looks at it, and a
    ///   [`Progress`](crate::Progress) as its receiver's owner receives.
    /// - What nobody receives is dropped in such a call, by whichever thread it is, as are the wakers of tasks called.
    ///   They must not wait for the dispatcher there. A panic in them ends there.
    /// - [`thread_name`](Self::thread_name) is the dispatcher's name all the same, to subscribers and recorders;
    ///   [`stack_size`](Self::stack_size) is of no effect.
    ///
    /// With a thread, which is what one gets unless this is called, a message gets its number soon after it was sent,
    /// whatever its receivers do, and each call costs what it costs, whoever else is there. That surprises less, and
    /// is what the owners of slow receivers, or of ones that poll now and then, want. Choose this one where
    /// receivers do little else than receive.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Event, Seq};
    ///
    /// let dispatcher = Dispatcher::builder().inline().build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// let (_quiet, other) = dispatcher.channel("b")?;
    /// tx.send("hello")?;
    /// assert_eq!(other.recv()?, Event::Clock(Seq::from(1)));
    /// assert_eq!(rx.recv()?, Event::Message { seq: Seq::from(1), value: "hello" });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inline(mut self) -> Self {
        self.is_inline = true;
        self
    }

    /// The name of the dispatcher's thread, or of the dispatcher if it has none. `clocked-lanes` unless set.
    pub fn thread_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.thread_name);
        self
    }

    /// The size of the stack of the dispatcher's thread, in bytes; the standard library's default unless
    /// set, and 64 KiB at least. Destructors of values whose receiver has left run on it.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Whether each message sent and received is an event of `tracing`, at level TRACE and with its number where
    /// that is known: a message that a serializing dispatch has yet to number is sent without. `false` unless set.
    ///
    /// The crate docs tell [what else](crate#tracing) there is. This is for looking closely, as it slows every
    /// message down, also where nobody listens.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let dispatcher = Dispatcher::builder().trace_messages(true).build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// tx.send('x')?; // sent dispatcher="clocked-lanes" sender=1 receiver="a"
    /// rx.recv()?; // received dispatcher="clocked-lanes" receiver="a" seq=1
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(all(feature = "tracing", not(loom)))]
    #[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
    pub fn trace_messages(mut self, traces: bool) -> Self {
        self.traces_messages = traces;
        self
    }

    /// Has the engine go to `stepper`, which does what the dispatcher's thread would do.
    #[cfg(fuzzing)]
    #[doc(hidden)]
    pub fn by_hand(mut self, stepper: &crate::Stepper<T>) -> Self {
        self.stepper = Some(stepper.clone());
        self
    }

    fn telemetry(&self) -> Telemetry {
        Telemetry::new(&self.thread_name, self.traces_messages)
    }

    fn check(&self) -> Result<(), BuildError> {
        if self.capacity == 0 {
            return Err(BuildError::ZeroCapacity);
        }
        if self.lane_capacity == 0 {
            return Err(BuildError::ZeroLaneCapacity);
        }
        if self.order == Some(Order::Dense { window: 0 }) {
            return Err(BuildError::ZeroWindow);
        }
        let limit = isize::MAX.unsigned_abs();
        let fits = |bytes: Option<usize>| bytes.is_some_and(|bytes| bytes <= limit);
        if !fits(inbox::ring_bytes::<T>(self.capacity))
            || !fits(lane::queue_bytes::<T>(self.lane_capacity))
        {
            return Err(BuildError::CapacityTooLarge);
        }
        if self.thread_name.contains('\0') {
            return Err(BuildError::InvalidThreadName);
        }
        Ok(())
    }
}

impl<T: Send + 'static, M> Builder<T, M> {
    /// Gives the engine to its driver.
    fn connect(
        self,
        core: Arc<Core<T>>,
        tell: channel::Sender<Control<T>>,
        engine: impl Drive<T> + Send + 'static,
        telemetry: Telemetry,
    ) -> Result<Dispatcher<T, M>, BuildError> {
        let engine = fault::fragile(engine, &self.thread_name);
        #[cfg(fuzzing)]
        if let Some(stepper) = self.stepper {
            stepper.take(Box::new(engine));
            return Ok(Dispatcher::from_connection(Connection::new(
                core, tell, None,
            )));
        }
        let inline = if self.is_inline {
            Some(Inline::new(Box::new(engine), telemetry))
        } else {
            driver::spawn(self.thread_name, self.stack_size, telemetry, engine)
                .map_err(BuildError::Spawn)?;
            None
        };
        let connection = Connection::new(core, tell, inline);
        Ok(Dispatcher::from_connection(connection))
    }
}

impl<T: Send + 'static> Builder<T> {
    pub(crate) fn new() -> Self {
        Self {
            capacity: CAPACITY,
            lane_capacity: LANE_CAPACITY,
            start: Seq::default(),
            thread_name: THREAD_NAME.to_owned(),
            stack_size: None,
            is_inline: cfg!(clocked_lanes_inline),
            order: None,
            traces_messages: false,
            #[cfg(fuzzing)]
            stepper: None,
            marker: PhantomData,
        }
    }

    /// Has messages arrive numbered instead of numbering them. See [`Order`] for the two contracts.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order, Seq};
    ///
    /// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (a, rx) = dispatcher.channel("joined")?;
    /// let b = dispatcher.sender("joined")?;
    /// b.forward(2, "right")?;
    /// a.forward(1, "left")?;
    /// a.advance(2)?;
    /// assert_eq!(rx.recv_message()?, (Seq::from(1), "left"));
    /// assert_eq!(rx.recv_message()?, (Seq::from(2), "right"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forwarding(self, order: Order) -> Builder<T, Forwarding> {
        Builder {
            capacity: self.capacity,
            lane_capacity: self.lane_capacity,
            start: self.start,
            thread_name: self.thread_name,
            stack_size: self.stack_size,
            is_inline: self.is_inline,
            order: Some(order),
            traces_messages: self.traces_messages,
            #[cfg(fuzzing)]
            stepper: self.stepper,
            marker: PhantomData,
        }
    }

    /// Builds the dispatcher and starts its thread.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if a capacity is zero or larger than memory can be, if the thread name has a null
    /// byte in it, or if the operating system does not start the thread.
    pub fn build(self) -> Result<Dispatcher<T>, BuildError> {
        self.check()?;
        let start = Clock {
            seq: self.start,
            dispatched: 0,
        };
        let (writer, cell) = clock(start);
        let numbers = Numbers::after(self.start.get());
        let telemetry = self.telemetry();
        // Nothing is rejected where numbers are given.
        let (_, rejects) = reject_queue();
        let core = Arc::new(Core::new(
            self.capacity,
            self.lane_capacity,
            cell,
            numbers,
            None,
            rejects,
            telemetry.clone(),
        ));
        let (tell, control) = channel::unbounded();
        let engine = Engine::new(Arc::clone(&core), control, writer, self.start);
        self.connect(core, tell, engine, telemetry)
    }
}

impl<T: Send + 'static> Builder<T, Forwarding> {
    /// Builds the dispatcher and starts its thread.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if a capacity or the window is zero or larger than memory can be, if the thread name has
    /// a null byte in it, or if the operating system does not start the thread.
    pub fn build(self) -> Result<Dispatcher<T, Forwarding>, BuildError> {
        self.check()?;
        let order = self.order.expect("a forwarding dispatcher has an order");
        let start = self.start.get();
        let telemetry = self.telemetry();
        let told = telemetry.clone();
        let (capacity, lane_capacity) = (self.capacity, self.lane_capacity);
        match order {
            Order::Frontier => {
                let parts = forwarding::dispatch(capacity, lane_capacity, order, start, told);
                let engine = forwarding::Frontier::new(parts.hall, parts.clock, start);
                self.connect(parts.core, parts.tell, engine, telemetry)
            }
            Order::Dense { window } => {
                let parts = forwarding::dispatch(capacity, lane_capacity, order, start, told);
                let engine = forwarding::Dense::new(parts.hall, parts.clock, start, window);
                self.connect(parts.core, parts.tell, engine, telemetry)
            }
        }
    }
}

impl<T, M> fmt::Debug for Builder<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("capacity", &self.capacity)
            .field("lane_capacity", &self.lane_capacity)
            .field("start_after", &self.start)
            .field("thread_name", &self.thread_name)
            .field("stack_size", &self.stack_size)
            .field("inline", &self.is_inline)
            .field("order", &self.order)
            .field("trace_messages", &self.traces_messages)
            .finish()
    }
}
