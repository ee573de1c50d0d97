//! This crate, with messages that arrive numbered, as a peer.

use clocked_lanes::{Dispatcher, Forwarding, Order, Sender};

use super::CAPACITY;
use super::ours::{Inlet, Receiving};
use super::peer::{Peer, Source};

/// How far pairs may be apart in `Order::Dense`, in messages of each.
const APART: usize = 4 * CAPACITY;

/// This crate, forwarding: a dispatcher of its own for every run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Forwards {
    /// Each sender numbers its messages for itself.
    Frontier,
    /// All senders share the numbers, in turn.
    Dense,
}

/// A sender that numbers its messages.
#[derive(Debug)]
pub(crate) struct Numbered {
    sender: Sender<u64, Forwarding>,
    first: u64,
    step: u64,
}

impl Peer for Forwards {
    type Source = Numbered;
    type Sink = Inlet;

    fn name(&self) -> &'static str {
        match self {
            Self::Frontier => "ours, frontier",
            Self::Dense => "ours, dense",
        }
    }

    fn channels(&self, count: usize) -> Vec<(Numbered, Inlet)> {
        let (order, step) = match self {
            Self::Frontier => (Order::Frontier, 1),
            Self::Dense => {
                let window = APART * count;
                (Order::Dense { window }, count as u64)
            }
        };
        let dispatcher = Dispatcher::builder()
            .capacity(CAPACITY)
            .lane_capacity(CAPACITY)
            .forwarding(order)
            .build()
            .expect("the capacities are valid, and a thread can be started");
        (0..count)
            .map(|n| {
                let (sender, receiver) = dispatcher
                    .channel(format!("receiver {n}"))
                    .expect("the names differ");
                let first = match self {
                    Self::Frontier => 1,
                    Self::Dense => 1 + n as u64,
                };
                let source = Numbered {
                    sender,
                    first,
                    step,
                };
                (source, Inlet::new(receiver, Receiving::Messages))
            })
            .collect()
    }
}

impl Source for Numbered {
    #[inline]
    fn send(&self, value: u64) -> bool {
        let seq = self.first + value * self.step;
        self.sender.forward(seq, value).is_ok()
    }
}
