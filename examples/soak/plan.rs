//! What a round is like. All of it follows from its seed.

use std::fmt;

use clocked_lanes::{Builder, Dispatcher, Order};
use fastrand::Rng;

use crate::value::Value;

/// How a dispatcher is set up, and who uses it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) is_inline: bool,
    pub(crate) order: Option<Order>,
    pub(crate) capacity: usize,
    pub(crate) lane_capacity: usize,
    pub(crate) start: u64,
    /// Receivers that stay to the end.
    pub(crate) paths: usize,
    /// Threads that send, each to all of these receivers.
    pub(crate) senders: usize,
    /// They broadcast, too.
    pub(crate) has_broadcasts: bool,
    /// A receiver that receives nothing before the end.
    pub(crate) has_stalled: bool,
    /// Receivers come and go.
    pub(crate) has_passing: bool,
    /// Clones, destructors and iterators panic now and then.
    pub(crate) has_faults: bool,
    /// How many messages, roughly.
    pub(crate) messages: u64,
}

impl Plan {
    /// Drivers and modes take turns, and the rest is drawn.
    pub(crate) fn new(round: u64, seed: u64, messages: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let capacities = [1, 2, 7, 64, 256, 1024];
        let mut capacity = || capacities[rng.usize(..capacities.len())];
        let (capacity, lane_capacity, window) = (capacity(), capacity(), capacity());
        let order = match round / 2 % 3 {
            0 => None,
            1 => Some(Order::Frontier),
            _ => Some(Order::Dense { window }),
        };
        let has_broadcasts = rng.bool();
        Self {
            seed,
            is_inline: round % 2 == 1,
            order,
            capacity,
            lane_capacity,
            start: if rng.bool() { 0 } else { rng.u64(..1 << 40) },
            paths: rng.usize(1..=4),
            senders: rng.usize(1..=3),
            has_broadcasts,
            // A broadcast would wait for it; and so would, in `Dense`, all numbers beyond the window.
            has_stalled: !has_broadcasts
                && !matches!(order, Some(Order::Dense { .. }))
                && rng.bool(),
            has_passing: rng.bool(),
            has_faults: rng.bool(),
            // Small buffers are slow, and rounds should take about the same time.
            messages: if capacity.min(lane_capacity) < 8 {
                messages / 32
            } else {
                messages
            },
        }
    }

    pub(crate) fn builder(&self, thread_name: &str) -> Builder<Value> {
        let builder = Dispatcher::builder()
            .capacity(self.capacity)
            .lane_capacity(self.lane_capacity)
            .start_after(self.start.into())
            .thread_name(thread_name);
        if self.is_inline {
            builder.inline()
        } else {
            builder
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let driver = if self.is_inline { "inline" } else { "thread" };
        match self.order {
            None => write!(f, "{driver}, serializing"),
            Some(Order::Frontier) => write!(f, "{driver}, frontier"),
            Some(_) => write!(f, "{driver}, dense"),
        }
    }
}
