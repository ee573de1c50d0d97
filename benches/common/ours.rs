//! This crate, as a peer.

use clocked_lanes::{Dispatcher, Receiver, Sender, Seq, Serializing};

use super::driver::Driver;
use super::peer::{Peer, Sink, Source};
use super::tally::Tally;

/// How many events are drained at once.
const DRAIN: usize = 64;

/// This crate: a dispatcher of its own for every run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ours {
    pub(crate) driver: Driver,
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

/// A dispatcher, and how many receivers it has had.
#[derive(Debug)]
pub(crate) struct Hub<M> {
    pub(crate) dispatcher: Dispatcher<u64, M>,
    receivers: usize,
}

impl<M> Hub<M> {
    pub(crate) fn new(dispatcher: Dispatcher<u64, M>) -> Self {
        Self {
            dispatcher,
            receivers: 0,
        }
    }

    /// Makes a receiver with a name of its own, and so many senders to it.
    pub(crate) fn channel(&mut self, senders: usize) -> (Vec<Sender<u64, M>>, Receiver<u64>) {
        self.receivers += 1;
        let name = format!("receiver {}", self.receivers);
        let channel = self.dispatcher.channel(name.as_str());
        let (sender, receiver) = channel.expect("the names differ");
        let more = (1..senders).map(|_| self.dispatcher.sender(name.as_str()));
        let mut senders: Vec<_> = more
            .map(|sender| sender.expect("the receiver is there"))
            .collect();
        senders.push(sender);
        (senders, receiver)
    }
}

impl Peer for Ours {
    type Hub = Hub<Serializing>;
    type Source = Sender<u64>;
    type Sink = Inlet;

    fn name(&self) -> String {
        let driver = self.driver;
        match self.receiving {
            Receiving::Messages => format!("ours, {driver}"),
            Receiving::Drained => format!("ours, {driver}, drain"),
        }
    }

    fn hub(&self, _senders: usize) -> Self::Hub {
        let dispatcher = self.driver.builder().build();
        Hub::new(dispatcher.expect("the capacities are valid, and a thread can be started"))
    }

    fn channel(&self, hub: &mut Self::Hub, senders: usize) -> (Vec<Sender<u64>>, Inlet) {
        let (senders, receiver) = hub.channel(senders);
        (senders, Inlet::new(receiver, self.receiving, false))
    }
}

impl Source for Sender<u64> {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        Self::send(self, value).is_ok()
    }
}

/// A receiver, and how it is used.
#[derive(Debug)]
pub(crate) struct Inlet {
    pub(crate) receiver: Receiver<u64>,
    receiving: Receiving,
    numbers: Rising,
}

/// Checks that numbers rise.
#[derive(Debug)]
struct Rising {
    last: Seq,
    /// Several messages may have one number.
    may_repeat: bool,
}

impl Rising {
    #[inline]
    fn check(&mut self, seq: Seq) {
        let rises = seq > self.last || self.may_repeat && seq == self.last;
        assert!(rises, "{seq} came after {}", self.last);
        self.last = seq;
    }
}

impl Inlet {
    /// With `may_repeat`, several messages may have one number.
    pub(crate) fn new(receiver: Receiver<u64>, receiving: Receiving, may_repeat: bool) -> Self {
        Self {
            receiver,
            receiving,
            numbers: Rising {
                last: Seq::default(),
                may_repeat,
            },
        }
    }
}

impl Sink for Inlet {
    #[inline]
    fn recv(&mut self) -> Option<u64> {
        let (seq, value) = self.receiver.recv_message().ok()?;
        self.numbers.check(seq);
        Some(value)
    }

    fn receive(&mut self, tally: &mut Tally) {
        while !tally.is_complete() {
            if let Receiving::Messages = self.receiving {
                tally.count(self.recv().expect("the senders have not sent everything"));
                continue;
            }
            let first = self.receiver.recv();
            let first = first.expect("the senders have not sent everything");
            for event in std::iter::once(first).chain(self.receiver.drain(DRAIN)) {
                self.numbers.check(event.seq());
                if let Some((_, value)) = event.into_message() {
                    tally.count(value);
                }
            }
        }
    }
}
