//! Random sequences of operations, held against a sequential model: S1 to S4, S7, S9, B1, and drops.
#![cfg(not(loom))]

mod common {
    pub(crate) mod counted;
    pub(crate) mod eventually;
    pub(crate) mod model;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::thread;
use std::time::Duration;

use clocked_lanes::{
    Broadcaster, ChannelError, Dispatcher, Event, Receiver, RecvTimeoutError, Sender, TryRecvError,
    TrySendError,
};
use fastrand::Rng;

use common::counted::{Counted, Tally};
use common::eventually::eventually;
use common::model::Model;
use common::rounds::rounds;
use common::watchdog::watched;

/// The real dispatch, and the model that goes along with it.
struct Run {
    random: Rng,
    model: Model,
    tally: Tally,
    capacities: (usize, usize),
    dispatcher: Dispatcher<Counted>,
    senders: Vec<(usize, Sender<Counted>)>,
    broadcasters: Vec<(usize, Broadcaster<Counted>)>,
    receivers: Vec<(usize, Receiver<Counted>)>,
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let capacities = (1 + random.usize(..4), 1 + random.usize(..4));
        let dispatcher = Dispatcher::builder()
            .capacity(capacities.0)
            .lane_capacity(capacities.1)
            .build()
            .unwrap();
        Self {
            random,
            model: Model::default(),
            tally: Tally::default(),
            capacities,
            dispatcher,
            senders: Vec::new(),
            broadcasters: Vec::new(),
            receivers: Vec::new(),
        }
    }

    fn named(&self, name: &str) -> Option<usize> {
        let receiver = self.receivers.iter().find(|(_, rx)| rx.name() == name);
        receiver.map(|(r, _)| *r)
    }

    fn step(&mut self, receivers_leave: bool) {
        let random = &mut self.random;
        let name = NAMES[random.usize(..NAMES.len())];
        let (any_sender, any_broadcaster, any_receiver) = (
            random.usize(..self.senders.len().max(1)),
            random.usize(..self.broadcasters.len().max(1)),
            random.usize(..self.receivers.len().max(1)),
        );
        match random.usize(..40) {
            0..3 => self.make_channel(name),
            3..5 => self.make_sender(name),
            5 if self.broadcasters.len() < 3 => {
                let everybody = self.dispatcher.broadcaster();
                self.broadcasters.push((self.model.join(None), everybody));
            }
            6 if self.broadcasters.len() < 3 && !self.broadcasters.is_empty() => {
                let everybody = self.broadcasters[any_broadcaster].1.clone();
                self.broadcasters.push((self.model.join(None), everybody));
            }
            7 if !self.senders.is_empty() => {
                let (l, tx) = &self.senders[any_sender];
                let (target, tx) = (self.model.lanes[*l].target, tx.clone());
                self.senders.push((self.model.join(target), tx));
            }
            8..10 if !self.senders.is_empty() => {
                let (l, tx) = self.senders.swap_remove(any_sender);
                drop(tx);
                self.model.leave(l);
            }
            10..12 if !self.broadcasters.is_empty() => {
                let (l, everybody) = self.broadcasters.swap_remove(any_broadcaster);
                drop(everybody);
                self.model.leave(l);
            }
            12 if receivers_leave && !self.receivers.is_empty() => {
                let (r, rx) = self.receivers.swap_remove(any_receiver);
                drop(rx);
                self.model.inboxes[r].gone = true;
            }
            13 if receivers_leave && !self.receivers.is_empty() => {
                let (r, rx) = &self.receivers[any_receiver];
                let before = self.dispatcher.clock().seq.get();
                rx.close();
                // A number may have been given that is on the clock only later.
                self.model.close(*r, before, u64::MAX);
            }
            14..24 if !self.senders.is_empty() => self.send(any_sender),
            24..28 if !self.broadcasters.is_empty() => self.broadcast(any_broadcaster),
            28.. if !self.receivers.is_empty() => {
                if self.receive(any_receiver) {
                    self.receivers.swap_remove(any_receiver);
                }
            }
            _ => thread::yield_now(),
        }
    }

    fn make_channel(&mut self, name: &str) {
        let made = self.dispatcher.channel(name);
        if self.named(name).is_some() {
            assert!(matches!(made.unwrap_err(), ChannelError::NameInUse(_)));
            return;
        }
        let (tx, rx) = made.unwrap();
        let r = self.model.join_receiver();
        self.receivers.push((r, rx));
        self.senders.push((self.model.join(Some(r)), tx));
    }

    fn make_sender(&mut self, name: &str) {
        let made = self.dispatcher.sender(name);
        match self.named(name) {
            None => assert!(matches!(made.unwrap_err(), ChannelError::UnknownName(_))),
            Some(r) if self.model.has_ended(r) => {
                assert!(matches!(made.unwrap_err(), ChannelError::Disconnected(_)));
            }
            Some(r) => self.senders.push((self.model.join(Some(r)), made.unwrap())),
        }
    }

    fn value(&self, l: usize) -> Counted {
        self.tally
            .value(((l as u64) << 32) + self.model.lanes[l].sent)
    }

    fn send(&mut self, i: usize) {
        for _ in 0..=self.random.usize(..4) {
            let (l, tx) = &self.senders[i];
            let l = *l;
            let r = self.model.lanes[l].target.unwrap();
            let value = self.value(l);
            let id = value.id;
            let inbox = &self.model.inboxes[r];
            let gone = inbox.gone || inbox.closed.is_some();
            match tx.try_send(value) {
                Ok(()) => {
                    assert!(!gone, "the receiver is gone");
                    self.model.lanes[l].sent += 1;
                    let most = (self.capacities.0 + self.capacities.1) as u64;
                    assert!(
                        self.model.pending(l, r) <= most,
                        "more than there is space for"
                    );
                }
                Err(TrySendError::Full(value)) => {
                    assert_eq!(value.id, id);
                    assert!(!gone, "the receiver is gone");
                    assert!(
                        self.model.pending(l, r) >= self.capacities.1 as u64,
                        "there is space"
                    );
                }
                Err(TrySendError::Disconnected(value)) => {
                    assert_eq!(value.id, id);
                    assert!(gone, "the receiver is there");
                }
            }
        }
    }

    fn broadcast(&mut self, i: usize) {
        let (l, everybody) = &self.broadcasters[i];
        let value = self.value(*l);
        match everybody.try_send(value) {
            Ok(()) => self.model.lanes[*l].sent += 1,
            Err(error) => assert!(error.is_full()),
        }
    }

    /// Receives something if it is there, or has to come. Returns whether the receiver is at its end.
    fn receive(&mut self, i: usize) -> bool {
        let (r, rx) = &self.receivers[i];
        let r = *r;
        let is_owed =
            |l: usize| self.model.lanes[l].target == Some(r) && self.model.pending(l, r) > 0;
        let mut events = Vec::new();
        let mut ended = false;
        match self.random.usize(..6) {
            // Something is on its way, and does not depend on anybody else.
            0 if (0..self.model.lanes.len()).any(is_owed) => {
                let (seq, value) = rx.recv_message().unwrap();
                events.push(Event::Message { seq, value });
            }
            1 => {
                let most = self.random.usize(..6);
                events.extend(rx.drain(most));
            }
            2 => match rx.recv_timeout(Duration::ZERO) {
                Ok(event) => events.push(event),
                Err(error) => ended = error == RecvTimeoutError::Disconnected,
            },
            3 => match rx.try_recv_message() {
                Ok((seq, value)) => events.push(Event::Message { seq, value }),
                Err(error) => ended = error == TryRecvError::Disconnected,
            },
            _ => match rx.try_recv() {
                Ok(event) => events.push(event),
                Err(error) => ended = error == TryRecvError::Disconnected,
            },
        }
        for event in events {
            let number = event.seq().get();
            let id = event.into_message().map(|(_, value)| value.id);
            let message = id.map(|id| (usize::try_from(id >> 32).unwrap(), id & 0xFFFF_FFFF));
            self.model.observe(r, number, message);
        }
        assert!(rx.observed().get() >= self.model.inboxes[r].last);
        if ended {
            self.model.observe_end(r);
        }
        ended
    }

    /// Drops all senders, receives everything, and looks back.
    fn finish(mut self) {
        for (l, tx) in self.senders.drain(..) {
            drop(tx);
            self.model.leave(l);
        }
        for (l, everybody) in self.broadcasters.drain(..) {
            drop(everybody);
            self.model.leave(l);
        }
        while !self.receivers.is_empty() {
            for i in (0..self.receivers.len()).rev() {
                if self.receive(i) {
                    self.receivers.swap_remove(i);
                }
            }
        }
        // The inboxes are dropped; the lanes are, too, unless something forgot about them.
        self.tally.all_dropped();

        let sent: u64 = self.model.lanes.iter().map(|lane| lane.sent).sum();
        let any_gone = self.model.inboxes.iter().any(|inbox| inbox.gone);
        // A broadcast that reaches nobody is dropped before its number is on the clock, and nobody waits for it.
        eventually(|| any_gone || self.dispatcher.clock().dispatched == sent);
        let clock = self.dispatcher.clock();
        assert_eq!(clock.seq.get(), clock.dispatched);
        assert!(clock.dispatched <= sent);
        let seen = self.model.numbers.keys().copied();
        assert!(seen.clone().all(|n| n >= 1 && n <= clock.dispatched));
        // What nobody has seen was for receivers that have left, or for none.
        if !any_gone {
            let to_nobody = self.model.lanes.iter().filter(|lane| lane.target.is_none());
            let unseen = sent - seen.count() as u64;
            assert!(unseen <= to_nobody.map(|lane| lane.sent).sum());
        }
    }
}

fn run(seeds: std::ops::Range<u64>, receivers_leave: bool) {
    for seed in seeds {
        let mut run = Run::new(seed);
        // Printed if the test fails.
        println!("seed {seed}, capacities {:?}", run.capacities);
        for _ in 0..400 {
            run.step(receivers_leave);
        }
        run.finish();
    }
}

#[test]
fn random_operations_agree_with_the_model() {
    watched(|| run(0..rounds(200), false));
}

#[test]
fn random_operations_agree_with_the_model_when_receivers_leave() {
    watched(|| run(1_000..1_000 + rounds(200), true));
}
