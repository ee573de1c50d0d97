//! This crate, with messages that arrive numbered, as a peer.

use std::ops::Range;

use clocked_lanes::{Forwarding, Order, Sender};

use crate::common::CAPACITY;
use crate::common::driver::Driver;
use crate::common::ours::{Hub, Inlet, Receiving};
use crate::common::peer::{Peer, Source};

/// How far senders may be apart in `Order::Dense`, in messages of each.
const APART: usize = 4 * CAPACITY;

/// This crate, forwarding: a dispatcher of its own for every run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forwards {
    pub(crate) driver: Driver,
    pub(crate) numbering: Numbering,
}

/// Who numbers what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Numbering {
    /// Each sender numbers its messages for itself, in `Order::Frontier`.
    Frontier,
    /// All senders share the numbers, in turn, in `Order::Dense`.
    Dense,
}

/// A dispatcher, and the numbers that its senders begin with.
#[derive(Debug)]
pub(crate) struct Numbers {
    hub: Hub<Forwarding>,
    firsts: Range<u64>,
    step: u64,
}

/// A sender that numbers its messages.
#[derive(Debug)]
pub(crate) struct Numbered {
    sender: Sender<u64, Forwarding>,
    next: u64,
    step: u64,
}

impl Peer for Forwards {
    type Hub = Numbers;
    type Source = Numbered;
    type Sink = Inlet;

    fn name(&self) -> String {
        let driver = self.driver;
        match self.numbering {
            Numbering::Frontier => format!("ours, {driver}, frontier"),
            Numbering::Dense => format!("ours, {driver}, dense"),
        }
    }

    fn hub(&self, senders: usize) -> Numbers {
        let (order, step) = match self.numbering {
            Numbering::Frontier => (Order::Frontier, 1),
            Numbering::Dense => {
                let window = APART * senders;
                (Order::Dense { window }, senders as u64)
            }
        };
        let dispatcher = self.driver.builder().forwarding(order).build();
        let dispatcher = dispatcher.expect("the capacities are valid, and a thread can be started");
        Numbers {
            hub: Hub::new(dispatcher),
            firsts: 1..step + 1,
            step,
        }
    }

    fn channel(&self, hub: &mut Numbers, senders: usize) -> (Vec<Numbered>, Inlet) {
        let (senders, receiver) = hub.hub.channel(senders);
        let numbered = senders.into_iter().map(|sender| Numbered {
            sender,
            // Those besides the ones that send have none.
            next: match self.numbering {
                Numbering::Frontier => 1,
                Numbering::Dense => hub.firsts.next().unwrap_or_default(),
            },
            step: hub.step,
        });
        let may_repeat = self.numbering == Numbering::Frontier;
        let inlet = Inlet::new(receiver, Receiving::Messages, may_repeat);
        (numbered.collect(), inlet)
    }
}

impl Source for Numbered {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        let seq = self.next;
        self.next += self.step;
        self.sender.forward(seq, value).is_ok()
    }
}
