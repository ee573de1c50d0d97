//! What handles tell the engine, besides messages.

use crate::inbox::{Inbox, Inlet};
use crate::lane::{Lane, LaneEnd};
use crate::sync::Arc;

/// One entry of the control lane.
///
/// The control lane is first in, first out over all handles: what one thread told before
/// another, in happens-before order, is handled before it.
pub(crate) enum Control<T> {
    /// A receiver joins, with its first sender.
    Channel { inlet: Inlet<T>, lane: LaneEnd<T> },
    /// A sender or a broadcaster joins.
    Lane(LaneEnd<T>),
    /// A sender or a broadcaster has left. What is in its lane is all there will be.
    LaneLeft(Arc<Lane<T>>),
    /// The last source of a receiver has left. What is in lanes by now is all it will get.
    Orphaned(Arc<Inbox<T>>),
    /// A receiver has left.
    ReceiverLeft(Arc<Inbox<T>>),
    /// A receiver that the engine asked for space has freed some.
    Space(Arc<Inbox<T>>),
    /// Kills the engine, as a fault in it would.
    #[cfg(test)]
    Die,
}
