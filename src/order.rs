//! The mode in which messages come with their numbers.

/// The mode of a dispatcher whose messages arrive numbered: `forward` it is.
///
/// A type parameter only; there are no values of it. Made by [`Builder::forwarding`](crate::Builder::forwarding).
///
/// A forwarding dispatcher gives no numbers, so nothing can be sent without one:
///
/// ```compile_fail,E0599
/// use clocked_lanes::{Dispatcher, Order};
///
/// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build().unwrap();
/// let (tx, _rx) = dispatcher.channel("a").unwrap();
/// tx.send(1);
/// ```
///
/// And a serializing one takes none:
///
/// ```compile_fail,E0599
/// use clocked_lanes::Dispatcher;
///
/// let (tx, _rx) = Dispatcher::new().channel("a").unwrap();
/// tx.forward(1, "a");
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Forwarding {}

/// What a forwarding dispatcher is promised about the numbers, and when it delivers.
///
/// # Examples
///
/// In [`Frontier`](Self::Frontier) every source of a receiver has to say how far it has got, and may leave numbers
/// out:
///
/// ```
/// use clocked_lanes::{Dispatcher, Event, Order, Seq};
///
/// let dispatcher = Dispatcher::builder().forwarding(Order::Frontier).build()?;
/// let (left, rx) = dispatcher.channel("join")?;
/// let right = dispatcher.sender("join")?;
/// right.forward(20, "right")?; // waits: `left` may still send 10
/// left.forward(10, "left")?;
/// left.advance(30)?;
/// right.advance(30)?;
/// assert_eq!(rx.recv_message()?, (Seq::from(10), "left"));
/// assert_eq!(rx.recv_message()?, (Seq::from(20), "right"));
/// while rx.recv()? != Event::Clock(Seq::from(30)) {}
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// In [`Dense`](Self::Dense) every number comes, from whichever source, in any order:
///
/// ```
/// use clocked_lanes::{Dispatcher, Order, Seq};
///
/// let order = Order::Dense { window: 16 };
/// let dispatcher = Dispatcher::builder().forwarding(order).build()?;
/// let (a, for_a) = dispatcher.channel("a")?;
/// let (b, for_b) = dispatcher.channel("b")?;
/// a.forward(4, "four")?;
/// b.forward(1, "one")?;
/// b.forward_empty(3)?;
/// a.forward(2, "two")?;
/// assert_eq!(for_b.recv_message()?, (Seq::from(1), "one"));
/// assert_eq!(for_a.recv_message()?, (Seq::from(2), "two"));
/// assert_eq!(for_a.recv_message()?, (Seq::from(4), "four"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub enum Order {
    /// Each sender forwards strictly rising numbers, with gaps or without; several senders may use the
    /// same one.
    ///
    /// A message is delivered once no other live source of its receiver can send a lower number. The
    /// sources of a receiver are its senders and all broadcasters; each has a *frontier*, the highest
    /// number it has forwarded, or promised to be done with by `advance`. A receiver's clock is the number that
    /// all its sources are done with. Sources of other receivers do not hold it back.
    Frontier,
    /// Each number is forwarded exactly once over all senders and broadcasters, in any order; one that has no
    /// message is filled with `forward_empty`.
    ///
    /// A message is delivered once every lower number has come, or can no longer come: every live source has
    /// promised so with `advance`, or there is none. This is one order for all receivers: what waits for a
    /// receiver that is full counts towards the window, and once that is used up higher numbers wait too,
    /// whomever they are for.
    Dense {
        /// How many numbers, from the lowest that has not been delivered, are taken in; a lane whose next
        /// number is beyond waits. At least 1. What a sender has left behind in its lane is taken in all the same.
        ///
        /// When every lane waits in this way, the missing number cannot come any more. Then every handle
        /// is disconnected, with [`MissingNumber`](crate::DisconnectReason::MissingNumber), which has an example.
        window: usize,
    },
}
