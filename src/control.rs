//! What handles tell the engine, besides messages.

use crate::clock_cell::ClockWriter;
use crate::inbox::{Inbox, Inlet};
use crate::lane::{Lane, LaneEnd};
use crate::sync::Arc;

/// One entry of the control lane.
///
/// The control lane is first in, first out over all handles: what one thread told before
/// another, in happens-before order, is handled before it.
pub(crate) enum Control<T> {
    /// In a forwarding dispatch: somebody is about to join, and goes on to find out from which number on.
    /// Until what joins is told, too, no clock that it depends on moves.
    Joining(Newcomer<T>),
    /// A receiver joins, with its first sender. `clock` is the receiver's own, if it has one.
    Channel {
        inlet: Inlet<T>,
        lane: LaneEnd<T>,
        clock: Option<ClockWriter>,
    },
    /// A sender or a broadcaster joins.
    Lane(LaneEnd<T>),
    /// A sender or a broadcaster has left. What is in its lane is all there will be.
    LaneLeft(Arc<Lane<T>>),
    /// What was put into a lane just as it was closed, and is to be handed back as what was in it then.
    Leftover(LaneEnd<T>),
    /// The last source of a receiver has left. What is in lanes by now is all it will get.
    Orphaned(Arc<Inbox<T>>),
    /// A receiver takes no more than what is in lanes by now.
    Closing(Arc<Inbox<T>>),
    /// A receiver has left.
    ReceiverLeft(Arc<Inbox<T>>),
    /// A frontier was raised. The lane is on the list of ready ones; this wakes the engine.
    Advanced,
    /// A receiver that the engine asked for space has freed some.
    Space(Arc<Inbox<T>>),
    /// Kills the engine, as a fault in it would.
    #[cfg(all(test, not(loom)))]
    Die,
}

/// Who is about to join a forwarding dispatch.
pub(crate) enum Newcomer<T> {
    /// A receiver with its first sender.
    Receiver,
    /// A sender to a receiver that is there.
    Sender(Arc<Inbox<T>>),
    /// A broadcaster.
    Broadcaster,
}
