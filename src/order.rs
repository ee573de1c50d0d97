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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
    /// promised so with `advance`, or there is none. This is one order for all receivers, so one that is full
    /// holds up the others once the window is used up.
    Dense {
        /// How many numbers, from the lowest that has not been delivered, are taken in; a lane whose next
        /// number is beyond waits. At least 1.
        ///
        /// When every lane waits in this way, the missing number cannot come any more. Then every handle
        /// is disconnected, with [`MissingNumber`](crate::DisconnectReason::MissingNumber).
        window: usize,
    },
}
