//! `clocked-dispatch` 4.0.2, where the idea comes from, as a peer.
//!
//! For each message it visits every receiver, so its runs have the fewer messages the more
//! receivers there are.

use clocked_dispatch_4::{ClockedReceiver, ClockedSender, Dispatcher};

use crate::common::CAPACITY;
use crate::common::peer::{Peer, Sink, Source};
use crate::common::workload::{Beside, Shape};

/// `clocked-dispatch` 4.0.2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upstream;

/// A dispatcher, and how many senders and receivers have names.
pub(crate) struct Names {
    dispatcher: Dispatcher<u64>,
    names: usize,
}

impl Names {
    fn next(&mut self) -> String {
        self.names += 1;
        format!("name {}", self.names)
    }
}

impl Peer for Upstream {
    type Hub = Names;
    type Source = ClockedSender<u64>;
    type Sink = ClockedReceiver<u64>;

    fn name(&self) -> String {
        "upstream 4.0.2".to_owned()
    }

    fn hub(&self, _senders: usize) -> Names {
        Names {
            dispatcher: clocked_dispatch_4::new(CAPACITY),
            names: 0,
        }
    }

    fn channel(
        &self,
        hub: &mut Names,
        senders: usize,
    ) -> (Vec<ClockedSender<u64>>, ClockedReceiver<u64>) {
        let (from, to) = (hub.next(), hub.next());
        let (sender, receiver) = hub.dispatcher.new(from, to);
        let more = (1..senders).map(|_| sender.clone(hub.next()));
        let mut senders: Vec<_> = more.collect();
        senders.push(sender);
        (senders, receiver)
    }

    fn messages(&self, shape: Shape, beside: Beside) -> u64 {
        match (shape.receivers, beside.receivers) {
            (1, 0) => 20_000,
            (1, idle) => 20_000 / (idle as u64 / 20 + 1),
            _ => 8_000,
        }
    }
}

impl Source for ClockedSender<u64> {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        // It does not say whether the receiver is gone.
        Self::send(self, value);
        true
    }
}

impl Sink for ClockedReceiver<u64> {
    fn recv(&mut self) -> Option<u64> {
        loop {
            // There is no way to leave out the ticks.
            if let Some(value) = Self::recv(self).ok()?.0 {
                return Some(value);
            }
        }
    }
}
