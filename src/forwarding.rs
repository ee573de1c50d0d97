//! The engines of forwarding dispatches: messages arrive numbered, and are delivered in that order.
//!
//! There is one for each [`Order`]. Both are plain single-threaded state, as the engine of a serializing dispatch
//! is, and do the same work in a step: look into the lanes that were signalled, find out how far they may
//! go, deliver up to there, publish the clocks, and wake whom that concerns. What they share is in the [`Hall`].
//!
//! A lane cannot be looked into without taking something out. So of each lane that has something the engine
//! holds one message, its head, which has a number but whose turn has not come: one message for each sender
//! more than there is space for in lanes and inboxes.

mod dense;
mod engine;
mod frontier;
mod hall;
mod heap;
mod joins;
mod merge;
#[cfg(all(test, not(loom)))]
mod tests;

use crate::clock_cell::{ClockWriter, clock};
use crate::control::Control;
use crate::core::Core;
use crate::gate::Gate;
use crate::numbers::Numbers;
use crate::rejects::reject_queue;
use crate::sync::{Arc, channel};
use crate::telemetry::Telemetry;
use crate::{Clock, Order, Seq};

pub(crate) use dense::Dense;
pub(crate) use frontier::Frontier;
pub(crate) use hall::Hall;

/// What a forwarding dispatch consists of, but for its engine.
pub(crate) struct Parts<T, Q> {
    pub(crate) core: Arc<Core<T>>,
    pub(crate) tell: channel::Sender<Control<T>>,
    pub(crate) hall: Hall<T, Q>,
    /// The other end of the dispatcher's clock.
    pub(crate) clock: ClockWriter,
}

/// Makes the parts of a forwarding dispatch.
pub(crate) fn dispatch<T: Send + 'static, Q>(
    capacity: usize,
    lane_capacity: usize,
    order: Order,
    start: u64,
    telemetry: Telemetry,
) -> Parts<T, Q> {
    let (writer, cell) = clock(Clock {
        seq: Seq::from(start),
        dispatched: 0,
    });
    let (reject, rejects) = reject_queue();
    let core = Arc::new(Core::new(
        capacity,
        lane_capacity,
        cell,
        // None are given out.
        Numbers::after(0),
        Some(Gate::new(order, start)),
        rejects,
        telemetry,
    ));
    let (tell, control) = channel::unbounded();
    let hall = Hall::new(Arc::clone(&core), control, reject);
    Parts {
        core,
        tell,
        hall,
        clock: writer,
    }
}
