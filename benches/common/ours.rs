//! This crate, as a peer.

use clocked_lanes::{Dispatcher, Event, Progress, Receiver, Sender, Seq};

use super::CAPACITY;
use super::peer::{Peer, Sink, Source};
use super::tally::Tally;

/// How many events are drained at once.
const DRAIN: usize = 64;

/// This crate, with the thread driver: a dispatcher of its own for every run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ours {
    pub(crate) receiving: Receiving,
}

/// How receivers receive.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Receiving {
    /// One message at a time, with `recv_message`.
    Messages,
    /// `recv` for the first event, and then `drain` for what else is there.
    Drained,
}

impl Peer for Ours {
    type Source = Sender<u64>;
    type Sink = Inlet;

    fn name(&self) -> &'static str {
        match self.receiving {
            Receiving::Messages => "ours, thread",
            Receiving::Drained => "ours, thread, drain",
        }
    }

    fn channels(&self, count: usize) -> Vec<(Sender<u64>, Inlet)> {
        let dispatcher = Dispatcher::builder()
            .capacity(CAPACITY)
            .lane_capacity(CAPACITY)
            .build()
            .expect("the capacities are valid, and a thread can be started");
        (0..count)
            .map(|n| {
                let (sender, receiver) = dispatcher
                    .channel(format!("receiver {n}"))
                    .expect("the names differ");
                let receiving = self.receiving;
                (sender, Inlet::new(receiver, receiving))
            })
            .collect()
    }
}

impl Source for Sender<u64> {
    #[inline]
    fn send(&self, value: u64) -> bool {
        self.send(value).is_ok()
    }
}

/// A receiver, and how it is used.
#[derive(Debug)]
pub(crate) struct Inlet {
    receiver: Receiver<u64>,
    receiving: Receiving,
}

/// Checks that numbers rise.
#[derive(Default)]
struct Rising(Seq);

impl Rising {
    #[inline]
    fn check(&mut self, seq: Seq) {
        assert!(seq > self.0, "{seq} came after {}", self.0);
        self.0 = seq;
    }
}

impl Inlet {
    pub(crate) fn new(receiver: Receiver<u64>, receiving: Receiving) -> Self {
        Self {
            receiver,
            receiving,
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.receiver.progress()
    }

    fn receive_messages(&self, tally: &Tally) {
        let mut numbers = Rising::default();
        while !tally.is_complete() {
            let (seq, value) = self
                .receiver
                .recv_message()
                .expect("the sender has not sent everything");
            numbers.check(seq);
            tally.count(value);
        }
    }

    fn receive_drained(&self, tally: &Tally) {
        let mut numbers = Rising::default();
        let mut take = |event: Event<u64>| {
            numbers.check(event.seq());
            if let Some((_, value)) = event.into_message() {
                tally.count(value);
            }
        };
        while !tally.is_complete() {
            let first = self.receiver.recv();
            take(first.expect("the sender has not sent everything"));
            self.receiver.drain(DRAIN).for_each(&mut take);
        }
    }
}

impl Sink for Inlet {
    fn receive(&self, tally: &Tally) {
        match self.receiving {
            Receiving::Messages => self.receive_messages(tally),
            Receiving::Drained => self.receive_drained(tally),
        }
    }

    fn is_over(&self) -> bool {
        self.receiver.recv_message().is_err()
    }
}
