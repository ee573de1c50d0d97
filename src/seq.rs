//! Sequence numbers and readings of the clock.

use std::fmt;

/// The number of a message: its place in the one order of a dispatcher.
///
/// The first message of a serializing dispatcher is number 1, unless
/// [`start_after`](crate::Builder::start_after) says otherwise; numbers rise by one, without a gap,
/// and never wrap. In a forwarding dispatcher a message has the number that it arrives with: [`Order`](crate::Order)
/// tells which there may be.
///
/// # Examples
///
/// ```
/// use clocked_lanes::Seq;
///
/// let seen = Seq::from(7);
/// assert!(seen > Seq::from(6));
/// assert_eq!(seen.get(), 7);
/// assert_eq!(seen.to_string(), "7");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Seq(u64);

impl Seq {
    /// The highest number there is. A dispatch that has given it out refuses further sends, and a sender
    /// that has forwarded it, or advanced to it, has no number left.
    pub const MAX: Self = Self(u64::MAX);

    /// Makes a sequence number of a plain one.
    #[must_use]
    pub const fn new(n: u64) -> Self {
        Self(n)
    }

    /// Returns the plain number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for Seq {
    fn from(n: u64) -> Self {
        Self(n)
    }
}

impl From<Seq> for u64 {
    fn from(seq: Seq) -> Self {
        seq.0
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seq({})", self.0)
    }
}

/// How far a dispatch has got, at one instant.
///
/// The two numbers belong together: no reading pairs the `seq` of one instant with the `dispatched`
/// of another.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Seq};
///
/// let dispatcher = Dispatcher::<u32>::builder().start_after(Seq::from(100)).build()?;
/// let clock = dispatcher.clock();
/// assert_eq!(clock.seq, Seq::from(100));
/// assert_eq!(clock.dispatched, 0);
/// # Ok::<(), clocked_lanes::BuildError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Clock {
    /// The highest number given out so far; the number the dispatcher was told to start after if
    /// there is none yet. What it is in a forwarding dispatch, [`Dispatcher::clock`](crate::Dispatcher::clock) tells.
    pub seq: Seq,
    /// How many messages this dispatcher has given a number, a broadcast counting once. In a forwarding
    /// dispatch, how many it has passed on, whatever their numbers.
    pub dispatched: u64,
}
