//! What a receiver receives.

use crate::Seq;

/// What a receiver learns in one step: a message of its own, or how far the numbers have got.
///
/// An event with the number `n`, of either kind, also says that every message for this receiver
/// numbered `n` or lower has been returned by now. There is one exception: in
/// [`Order::Frontier`](crate::Order::Frontier) several sources may use one number, so a message at `n` says
/// it of the numbers below `n` only. That there is no more at `n`, `Clock(n)` says, or an event with a higher
/// number.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Event, Seq};
///
/// let dispatcher = Dispatcher::new();
/// let (orders, for_orders) = dispatcher.channel("orders")?;
/// let (_stock, for_stock) = dispatcher.channel("stock")?;
///
/// orders.send("two apples")?;
/// assert_eq!(for_orders.recv()?, Event::Message { seq: Seq::from(1), value: "two apples" });
/// // Nothing was sent to the other receiver, and still it knows that the numbers are at 1.
/// assert_eq!(for_stock.recv()?, Event::Clock(Seq::from(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Two messages with one number, and what says that there is no third:
///
/// ```
/// use clocked_lanes::{Dispatcher, Event, Order, Seq};
///
/// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
/// let (a, rx) = dispatcher.channel("join")?;
/// let b = dispatcher.sender("join")?;
/// a.forward(1, "from one or the other")?;
/// b.forward(1, "from one or the other")?;
/// for observed in [0, 0] {
///     assert_eq!(rx.recv_message()?, (Seq::from(1), "from one or the other"));
///     assert_eq!(rx.observed().get(), observed);
/// }
/// assert_eq!(rx.recv()?, Event::Clock(Seq::from(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event<T> {
    /// A message addressed to this receiver.
    Message {
        /// The number of the message.
        seq: Seq,
        /// What was sent.
        value: T,
    },
    /// The numbers have got this far, and nothing up to here is missing. Ticks coalesce: one tells of
    /// all numbers since the last event.
    Clock(Seq),
}

impl<T> Event<T> {
    /// The number that this event speaks of.
    #[must_use]
    pub fn seq(&self) -> Seq {
        match self {
            Self::Message { seq, .. } | Self::Clock(seq) => *seq,
        }
    }

    /// Returns the number and the value if this is a message.
    #[must_use]
    pub fn into_message(self) -> Option<(Seq, T)> {
        match self {
            Self::Message { seq, value } => Some((seq, value)),
            Self::Clock(_) => None,
        }
    }
}
