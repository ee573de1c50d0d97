//! A bounded `crossbeam-channel` for each receiver, as a peer.
//!
//! One hop instead of two, no numbers, and nothing that one receiver shares with another: what a dispatcher
//! costs is seen against this one. What its own results beside idle or stalled channels differ from
//! those alone is noise.

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::common::CAPACITY;
use crate::common::peer::{Peer, Sink, Source};

/// A bounded `crossbeam-channel` for each receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crossbeam;

impl Peer for Crossbeam {
    type Hub = ();
    type Source = Sender<u64>;
    type Sink = Receiver<u64>;

    fn name(&self) -> String {
        "crossbeam".to_owned()
    }

    fn hub(&self, _senders: usize) {}

    fn channel(&self, _hub: &mut (), senders: usize) -> (Vec<Sender<u64>>, Receiver<u64>) {
        let (sender, receiver) = bounded(CAPACITY);
        (vec![sender; senders], receiver)
    }
}

impl Source for Sender<u64> {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        Self::send(self, value).is_ok()
    }
}

impl Sink for Receiver<u64> {
    #[inline]
    fn recv(&mut self) -> Option<u64> {
        Self::recv(self).ok()
    }
}
