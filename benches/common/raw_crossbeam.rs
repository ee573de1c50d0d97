//! A bounded `crossbeam-channel` for each pair, as a peer.
//!
//! One hop instead of two, no numbers, and nothing that one pair shares with another: what a dispatcher
//! costs is seen against this one. What its own results beside idle or stalled channels differ from
//! those alone is noise.

use crossbeam_channel::{Receiver, Sender, bounded};

use super::CAPACITY;
use super::peer::{Peer, Sink, Source};
use super::tally::Tally;

/// A bounded `crossbeam-channel` for each pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawCrossbeam;

impl Peer for RawCrossbeam {
    type Source = Sender<u64>;
    type Sink = Receiver<u64>;

    fn name(&self) -> &'static str {
        "crossbeam"
    }

    fn channels(&self, count: usize) -> Vec<(Sender<u64>, Receiver<u64>)> {
        (0..count).map(|_| bounded(CAPACITY)).collect()
    }
}

impl Source for Sender<u64> {
    #[inline]
    fn send(&self, value: u64) -> bool {
        self.send(value).is_ok()
    }
}

impl Sink for Receiver<u64> {
    fn receive(&self, tally: &Tally) {
        while !tally.is_complete() {
            let value = self.recv();
            tally.count(value.expect("the sender has not sent everything"));
        }
    }

    fn is_over(&self) -> bool {
        self.recv().is_err()
    }
}
