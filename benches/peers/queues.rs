//! Other bounded channels, one for each receiver, as peers: one hop, no numbers.

use std::sync::mpsc;

use crate::common::CAPACITY;
use crate::common::peer::{Peer, Sink, Source};

/// `std::sync::mpsc::sync_channel`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Std;

/// `flume`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flume;

/// `kanal`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kanal;

impl Peer for Std {
    type Hub = ();
    type Source = mpsc::SyncSender<u64>;
    type Sink = mpsc::Receiver<u64>;

    fn name(&self) -> String {
        "std mpsc".to_owned()
    }

    fn hub(&self, _senders: usize) {}

    fn channel(&self, _hub: &mut (), senders: usize) -> (Vec<Self::Source>, Self::Sink) {
        let (sender, receiver) = mpsc::sync_channel(CAPACITY);
        (vec![sender; senders], receiver)
    }
}

impl Source for mpsc::SyncSender<u64> {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        Self::send(self, value).is_ok()
    }
}

impl Sink for mpsc::Receiver<u64> {
    #[inline]
    fn recv(&mut self) -> Option<u64> {
        Self::recv(self).ok()
    }
}

impl Peer for Flume {
    type Hub = ();
    type Source = flume::Sender<u64>;
    type Sink = flume::Receiver<u64>;

    fn name(&self) -> String {
        "flume".to_owned()
    }

    fn hub(&self, _senders: usize) {}

    fn channel(&self, _hub: &mut (), senders: usize) -> (Vec<Self::Source>, Self::Sink) {
        let (sender, receiver) = flume::bounded(CAPACITY);
        (vec![sender; senders], receiver)
    }
}

impl Source for flume::Sender<u64> {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        Self::send(self, value).is_ok()
    }
}

impl Sink for flume::Receiver<u64> {
    #[inline]
    fn recv(&mut self) -> Option<u64> {
        Self::recv(self).ok()
    }
}

impl Peer for Kanal {
    type Hub = ();
    type Source = kanal::Sender<u64>;
    type Sink = kanal::Receiver<u64>;

    fn name(&self) -> String {
        "kanal".to_owned()
    }

    fn hub(&self, _senders: usize) {}

    fn channel(&self, _hub: &mut (), senders: usize) -> (Vec<Self::Source>, Self::Sink) {
        let (sender, receiver) = kanal::bounded(CAPACITY);
        (vec![sender; senders], receiver)
    }
}

impl Source for kanal::Sender<u64> {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        Self::send(self, value).is_ok()
    }
}

impl Sink for kanal::Receiver<u64> {
    #[inline]
    fn recv(&mut self) -> Option<u64> {
        Self::recv(self).ok()
    }
}
