//! What joins two dispatchers.

use std::error::Error;
use std::fmt;

use crate::parcel::Parcel;
use crate::{
    Broadcaster, Event, ForwardError, Forwarding, Receiver, Sender, Seq, TryForwardError,
    TryRecvError,
};

/// Passes what a receiver gets on to a forwarding dispatcher: a message is forwarded with its number, and a tick
/// becomes `advance`.
///
/// So dispatchers are put together, as deep as one likes: the order and the clock at the bottom are those of
/// the top. When the upper receiver has come to its end, the pump is at its end too, and drops both; the
/// lower dispatch then ends in turn, once it has delivered everything.
///
/// The upper receiver may get several messages with one number ([`Order::Frontier`](crate::Order::Frontier)). All
/// are passed on, so such a pump should be the only user of its sender.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Event, Order, Pump, Seq};
///
/// let top = Dispatcher::new();
/// let (tx, upper) = top.channel("upper")?;
/// let bottom = Dispatcher::builder().forwarding(Order::Frontier).build()?;
/// let (into, leaf) = bottom.channel("leaf")?;
/// let pumping = std::thread::spawn(|| Pump::new(upper, into).run());
///
/// tx.send("from the top")?;
/// drop(tx);
/// let (seq, value) = leaf.recv_message()?;
/// assert_eq!((seq, value), (Seq::from(1), "from the top"));
/// pumping.join().unwrap()?;
/// assert!(leaf.recv_message().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pump<T, S = Sender<T, Forwarding>> {
    from: Receiver<T>,
    to: S,
    /// A message that was taken out and is not put in yet.
    held: Option<(Seq, T)>,
}

/// What a pump can pump into: a [`Sender`] or a [`Broadcaster`] of a forwarding dispatcher.
///
/// Sealed: it cannot be implemented elsewhere.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Order, Pump, Pumped, Seq};
///
/// let top = Dispatcher::new();
/// let (tx, upper) = top.channel("upper")?;
/// let bottom = Dispatcher::builder().forwarding(Order::Frontier).build()?;
/// let everybody = bottom.broadcaster();
/// let (_, leaf_1) = bottom.channel("leaf 1")?;
/// let (_, leaf_2) = bottom.channel("leaf 2")?;
/// let mut pump = Pump::new(upper, everybody);
/// tx.send("to both")?;
/// drop(tx);
/// while pump.step()? != Pumped::Ended {}
/// drop(pump);
/// for leaf in [leaf_1, leaf_2] {
///     assert_eq!(leaf.recv_message()?, (Seq::from(1), "to both"));
///     assert!(leaf.recv_message().is_err());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait PumpTarget<T>: sealed::Target<T> {}

mod sealed {
    use crate::{ForwardError, Seq, TryForwardError};

    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Target<T> {
        /// Has several messages with one number accepted.
        fn allow_ties(&self);

        /// Puts a message in, whose number may be that of the one before.
        fn put(&self, seq: Seq, value: T, waits: bool) -> Result<(), TryForwardError<T>>;

        fn advance_to(&self, seq: Seq) -> Result<(), ForwardError<()>>;
    }
}

impl<T> sealed::Target<T> for Sender<T, Forwarding> {
    fn allow_ties(&self) {
        self.source().allow_ties();
    }

    fn put(&self, seq: Seq, value: T, waits: bool) -> Result<(), TryForwardError<T>> {
        self.source().put_tied(seq, Parcel::own(value), waits)
    }

    fn advance_to(&self, seq: Seq) -> Result<(), ForwardError<()>> {
        self.advance(seq)
    }
}

impl<T> PumpTarget<T> for Sender<T, Forwarding> {}

impl<T: Clone + Send + Sync + 'static> sealed::Target<T> for Broadcaster<T, Forwarding> {
    fn allow_ties(&self) {
        self.source().allow_ties();
    }

    fn put(&self, seq: Seq, value: T, waits: bool) -> Result<(), TryForwardError<T>> {
        self.source().put_tied(seq, Parcel::shared(value), waits)
    }

    fn advance_to(&self, seq: Seq) -> Result<(), ForwardError<()>> {
        self.advance(seq)
    }
}

impl<T: Clone + Send + Sync + 'static> PumpTarget<T> for Broadcaster<T, Forwarding> {}

/// How a step of a [`Pump`] has ended. [`Pump::step`] has an example.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pumped {
    /// There is nothing to pump at the moment.
    Empty,
    /// The lane below is full.
    Full,
    /// The upper receiver has come to its end, and everything is passed on.
    Ended,
}

/// Why a pump cannot go on. Has the message that could not be passed on, if it was one.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Order, Pump, Seq};
///
/// let (tx, upper) = Dispatcher::new().channel("upper")?;
/// let bottom = Dispatcher::builder().forwarding(Order::Frontier).build()?;
/// let (into, leaf) = bottom.channel("leaf")?;
/// drop(leaf);
/// tx.send("lost below")?;
/// let error = Pump::new(upper, into).run().unwrap_err();
/// assert!(error.is_disconnected() && !error.is_late());
/// assert_eq!(error.message, Some((Seq::from(1), "lost below")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(PartialEq, Eq, Clone)]
pub struct PumpError<T> {
    /// The message, with its number; `None` if it was a tick.
    pub message: Option<(Seq, T)>,
    is_late: bool,
}

impl<T, S: PumpTarget<T>> Pump<T, S> {
    /// Makes a pump. Nothing is pumped before [`step`](Self::step) or [`run`](Self::run), which have examples.
    pub fn new(from: Receiver<T>, to: S) -> Self {
        to.allow_ties();
        Self {
            from,
            to,
            held: None,
        }
    }

    /// Pumps what there is, as long as the lane below has space. Never blocks.
    ///
    /// # Errors
    ///
    /// [`PumpError`], with the message, if the receiver below is gone or its dispatch has ended, or if the
    /// number of the message is not above the frontier of the sender below.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Event, Order, Pump, Pumped, Seq};
    ///
    /// let top = Dispatcher::<u32>::builder().forwarding(Order::Frontier).build()?;
    /// let (tx, upper) = top.channel("upper")?;
    /// let bottom = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (into, leaf) = bottom.channel("leaf")?;
    /// let mut pump = Pump::new(upper, into);
    /// tx.advance(7)?;
    /// while leaf.observed() < Seq::from(7) {
    ///     assert_eq!(pump.step()?, Pumped::Empty);
    ///     let _ = leaf.try_recv();
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn step(&mut self) -> Result<Pumped, PumpError<T>> {
        loop {
            if !self.put(false)? {
                return Ok(Pumped::Full);
            }
            match self.from.try_recv() {
                Ok(event) => self.take(event)?,
                Err(TryRecvError::Empty) => return Ok(Pumped::Empty),
                Err(TryRecvError::Disconnected) => return Ok(Pumped::Ended),
            }
        }
    }

    /// Pumps until the upper receiver has come to its end; waits where it has to. Then drops both ends.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order, Pump};
    ///
    /// let (tx, upper) = Dispatcher::new().channel("upper")?;
    /// let bottom = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (into, leaf) = bottom.channel("leaf")?;
    /// for n in 1..=3 {
    ///     tx.send(n * 10)?;
    /// }
    /// drop(tx);
    /// Pump::new(upper, into).run()?;
    /// let values: Vec<_> = leaf.iter().filter_map(|event| event.into_message()).collect();
    /// assert_eq!(values, [(1.into(), 10), (2.into(), 20), (3.into(), 30)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run(mut self) -> Result<(), PumpError<T>> {
        loop {
            self.put(true)?;
            match self.from.recv() {
                Ok(event) => self.take(event)?,
                Err(_) => return Ok(()),
            }
        }
    }

    /// Takes the pump apart. A message that was taken out and not been passed on is handed out as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order, Pump};
    ///
    /// let (_tx, upper) = Dispatcher::<u32>::new().channel("upper")?;
    /// let bottom = Dispatcher::builder().forwarding(Order::Frontier).build()?;
    /// let (into, _leaf) = bottom.channel("leaf")?;
    /// let (upper, into, held) = Pump::new(upper, into).into_parts();
    /// assert_eq!((upper.name(), into.target(), held), ("upper", "leaf", None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_parts(self) -> (Receiver<T>, S, Option<(Seq, T)>) {
        (self.from, self.to, self.held)
    }

    fn take(&mut self, event: Event<T>) -> Result<(), PumpError<T>> {
        match event {
            Event::Message { seq, value } => {
                self.held = Some((seq, value));
                Ok(())
            }
            Event::Clock(seq) => self.advance(seq),
        }
    }

    /// Puts in what is held. Returns whether nothing is held any more.
    fn put(&mut self, waits: bool) -> Result<bool, PumpError<T>> {
        let Some((seq, value)) = self.held.take() else {
            return Ok(true);
        };
        let (value, is_late) = match self.to.put(seq, value, waits) {
            Ok(()) => {
                // Whether the message also says it of its own number depends on who sent it.
                self.advance(self.from.observed())?;
                return Ok(true);
            }
            Err(TryForwardError::Full(value)) => {
                self.held = Some((seq, value));
                return Ok(false);
            }
            Err(TryForwardError::Late(value)) => (value, true),
            Err(TryForwardError::Disconnected(value)) => (value, false),
        };
        Err(PumpError {
            message: Some((seq, value)),
            is_late,
        })
    }

    fn advance(&self, seq: Seq) -> Result<(), PumpError<T>> {
        self.to.advance_to(seq).map_err(|_| PumpError {
            message: None,
            is_late: false,
        })
    }
}

impl<T> PumpError<T> {
    /// Whether the number of the message was not above the frontier of the sender below.
    pub fn is_late(&self) -> bool {
        self.is_late
    }

    /// Whether the receiver below is gone, or its dispatch has ended.
    pub fn is_disconnected(&self) -> bool {
        !self.is_late
    }
}

impl<T> fmt::Debug for PumpError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PumpError")
            .field("seq", &self.message.as_ref().map(|(seq, _)| seq))
            .field("is_late", &self.is_late)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PumpError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_late {
            "not pumped: the number is not above the frontier of the sender below: let the pump be the only one \
             to use its sender"
        } else {
            "not pumped: the receiver below is gone, or its dispatch has ended: drop the pump, so that the \
             senders above learn of it"
        })
    }
}

impl<T> Error for PumpError<T> {}

impl<T, S> fmt::Debug for Pump<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pump")
            .field("from", &self.from)
            .field("holds", &self.held.as_ref().map(|(seq, _)| seq))
            .finish_non_exhaustive()
    }
}
