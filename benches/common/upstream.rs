//! `clocked-dispatch` 4.0.2, where the idea comes from, as a peer.
//!
//! For each message it visits every receiver, so its runs have the fewer messages the more
//! receivers there are.

use clocked_dispatch_4::{ClockedReceiver, ClockedSender};

use super::CAPACITY;
use super::peer::{Peer, Sink, Source};
use super::tally::Tally;
use super::workload::Beside;

/// `clocked-dispatch` 4.0.2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upstream;

impl Peer for Upstream {
    type Source = ClockedSender<u64>;
    type Sink = ClockedReceiver<u64>;

    fn name(&self) -> &'static str {
        "upstream 4.0.2"
    }

    fn channels(&self, count: usize) -> Vec<(ClockedSender<u64>, ClockedReceiver<u64>)> {
        let dispatcher = clocked_dispatch_4::new(CAPACITY);
        (0..count)
            .map(|n| dispatcher.new(format!("sender {n}"), format!("receiver {n}")))
            .collect()
    }

    fn messages(&self, pairs: usize, beside: Beside) -> u64 {
        match (pairs, beside) {
            (1, Beside::Nobody | Beside::Stalled) => 20_000,
            (1, Beside::Idle(count)) => 20_000 / (count as u64 / 20 + 1),
            _ => 8_000 / pairs as u64,
        }
    }
}

impl Source for ClockedSender<u64> {
    #[inline]
    fn send(&self, value: u64) -> bool {
        // It does not say whether the receiver is gone.
        self.send(value);
        true
    }
}

impl Sink for ClockedReceiver<u64> {
    fn receive(&self, tally: &Tally) {
        while !tally.is_complete() {
            // There is no way to leave out the ticks.
            let (value, _) = self.recv().expect("the sender has not sent everything");
            if let Some(value) = value {
                tally.count(value);
            }
        }
    }

    fn is_over(&self) -> bool {
        loop {
            match self.recv() {
                Ok((None, _)) => {}
                Ok((Some(_), _)) => return false,
                Err(_) => return true,
            }
        }
    }
}
