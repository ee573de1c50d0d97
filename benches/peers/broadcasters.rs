//! Other broadcast channels, as peers: each of them one buffer that all receivers read.

use std::thread;

use async_broadcast as smol;
use bus::{Bus, BusReader};
use tokio::sync::broadcast as tokio;

use crate::common::CAPACITY;
use crate::common::peer::{Sink, Source};
use crate::subjects::broadcast::Broadcast;

/// `tokio::sync::broadcast`, with `blocking_recv`.
///
/// A receiver that falls behind loses messages: its sender never waits. As nothing is to be lost, the sender here
/// holds back while the buffer is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokio;

/// `async-broadcast`, with its blocking calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsyncBroadcast;

/// `bus`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByBus;

impl Broadcast for Tokio {
    type Source = tokio::Sender<u64>;
    type Sink = tokio::Receiver<u64>;

    fn name(&self) -> String {
        "tokio broadcast".to_owned()
    }

    fn connect(&self, receivers: usize) -> (Self::Source, Vec<Self::Sink>) {
        let sender = tokio::Sender::new(CAPACITY);
        let sinks = (0..receivers).map(|_| sender.subscribe()).collect();
        (sender, sinks)
    }

    fn deliveries(&self, _receivers: usize) -> u64 {
        160_000
    }
}

impl Source for tokio::Sender<u64> {
    fn send(&mut self, value: u64) -> bool {
        while self.len() >= CAPACITY {
            thread::yield_now();
        }
        Self::send(self, value).is_ok()
    }
}

impl Sink for tokio::Receiver<u64> {
    fn recv(&mut self) -> Option<u64> {
        match self.blocking_recv() {
            Ok(value) => Some(value),
            Err(tokio::error::RecvError::Closed) => None,
            Err(tokio::error::RecvError::Lagged(count)) => panic!("{count} messages are lost"),
        }
    }
}

impl Broadcast for AsyncBroadcast {
    type Source = smol::Sender<u64>;
    type Sink = smol::Receiver<u64>;

    fn name(&self) -> String {
        "async-broadcast".to_owned()
    }

    fn connect(&self, receivers: usize) -> (Self::Source, Vec<Self::Sink>) {
        let (sender, receiver) = smol::broadcast(CAPACITY);
        (sender, vec![receiver; receivers])
    }
}

impl Source for smol::Sender<u64> {
    fn send(&mut self, value: u64) -> bool {
        self.broadcast_blocking(value).is_ok()
    }
}

impl Sink for smol::Receiver<u64> {
    fn recv(&mut self) -> Option<u64> {
        self.recv_blocking().ok()
    }
}

impl Broadcast for ByBus {
    type Source = Bus<u64>;
    type Sink = BusReader<u64>;

    fn name(&self) -> String {
        "bus".to_owned()
    }

    fn connect(&self, receivers: usize) -> (Self::Source, Vec<Self::Sink>) {
        let mut bus = Bus::new(CAPACITY);
        let sinks = (0..receivers).map(|_| bus.add_rx()).collect();
        (bus, sinks)
    }
}

impl Source for Bus<u64> {
    fn send(&mut self, value: u64) -> bool {
        self.broadcast(value);
        // It does not say whether the receivers are gone.
        true
    }
}

impl Sink for BusReader<u64> {
    fn recv(&mut self) -> Option<u64> {
        Self::recv(self).ok()
    }
}
