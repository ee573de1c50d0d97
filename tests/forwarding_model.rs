//! Random schedules of forwarding, held against a model that sorts: F1 to F3, S3, S4, S9, and drops.
#![cfg(not(loom))]

mod common {
    pub(crate) mod counted;
    pub(crate) mod eventually;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::collections::BTreeMap;
use std::thread;

use clocked_lanes::{
    Broadcaster, Dispatcher, Event, Forwarding, Order, Receiver, Sender, TryForwardError,
    TryRecvError,
};
use fastrand::Rng;

use common::counted::{Counted, Tally};
use common::rounds::rounds;
use common::watchdog::watched;

/// What a receiver has to get, and what it has got.
struct Inbox {
    /// The clock when it joined.
    start: u64,
    /// What was forwarded to it, by number and id; `true` if it is certain to come.
    expected: BTreeMap<(u64, u64), bool>,
    got: Vec<(u64, u64)>,
    observed: u64,
    /// Its last source has left: what joins later does not reach it.
    sealed: bool,
}

/// A source, as the model knows it.
struct Source {
    handle: Handle,
    /// The highest number forwarded or promised.
    frontier: u64,
}

enum Handle {
    One(usize, Sender<Counted, Forwarding>),
    All(Broadcaster<Counted, Forwarding>),
}

struct Run {
    random: Rng,
    tally: Tally,
    next_id: u64,
    dispatcher: Dispatcher<Counted, Forwarding>,
    sources: Vec<Source>,
    receivers: Vec<(usize, Receiver<Counted>)>,
    inboxes: Vec<Inbox>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let dispatcher = Dispatcher::builder()
            .capacity(1 + random.usize(..4))
            .lane_capacity(1 + random.usize(..4))
            .forwarding(Order::Frontier)
            .build()
            .unwrap();
        Self {
            random,
            tally: Tally::default(),
            next_id: 0,
            dispatcher,
            sources: Vec::new(),
            receivers: Vec::new(),
            inboxes: Vec::new(),
        }
    }

    fn add(&mut self, handle: Handle) {
        let frontier = match &handle {
            Handle::One(r, tx) => {
                // Never behind what the receiver has been told.
                assert!(tx.frontier().get() >= self.inboxes[*r].observed);
                tx.frontier().get()
            }
            Handle::All(tx) => {
                // But for those that it does not reach.
                let open = self.receivers.iter().map(|(r, _)| &self.inboxes[*r]);
                let told = open
                    .filter(|inbox| !inbox.sealed)
                    .map(|inbox| inbox.observed);
                assert!(tx.frontier().get() >= told.max().unwrap_or(0));
                tx.frontier().get()
            }
        };
        self.sources.push(Source { handle, frontier });
    }

    fn step(&mut self) {
        let source = self.random.usize(..self.sources.len().max(1));
        let receiver = self.random.usize(..self.receivers.len().max(1));
        match self.random.usize(..60) {
            0 | 1 if self.receivers.len() < 4 => {
                let r = self.inboxes.len();
                let (tx, rx) = self.dispatcher.channel(format!("{r}")).unwrap();
                let start = rx.observed().get();
                assert_eq!(tx.frontier().get(), start);
                self.inboxes.push(Inbox {
                    start,
                    expected: BTreeMap::new(),
                    got: Vec::new(),
                    observed: start,
                    sealed: false,
                });
                self.receivers.push((r, rx));
                self.add(Handle::One(r, tx));
            }
            2 if !self.receivers.is_empty() => {
                let r = self.receivers[receiver].0;
                // It may have come to its end.
                if let Ok(tx) = self.dispatcher.sender(format!("{r}")) {
                    self.add(Handle::One(r, tx));
                }
            }
            3 if self.sources.len() < 12 => {
                let tx = self.dispatcher.broadcaster();
                self.add(Handle::All(tx));
            }
            4 | 5 if !self.sources.is_empty() && self.sources.len() < 12 => {
                let parent = self.sources[source].frontier;
                let clone = match &self.sources[source].handle {
                    Handle::One(r, tx) => Handle::One(*r, tx.clone()),
                    Handle::All(tx) => Handle::All(tx.clone()),
                };
                self.add(clone);
                let clone = self.sources.last().unwrap();
                assert_eq!(
                    clone.frontier, parent,
                    "a clone starts at its parent's frontier"
                );
            }
            6 | 7 if !self.sources.is_empty() => {
                drop(self.sources.swap_remove(source));
                for (r, inbox) in self.inboxes.iter_mut().enumerate() {
                    let reaches = |source: &Source| match source.handle {
                        Handle::One(to, _) => to == r,
                        Handle::All(_) => true,
                    };
                    inbox.sealed |= !self.sources.iter().any(reaches);
                }
            }
            8 if !self.receivers.is_empty() && self.random.usize(..4) == 0 => {
                drop(self.receivers.swap_remove(receiver));
            }
            9..16 if !self.sources.is_empty() => {
                let by = self.random.usize(..6) as u64;
                let Source { handle, frontier } = &mut self.sources[source];
                let advanced = match handle {
                    Handle::One(_, tx) => tx.advance(*frontier + by),
                    Handle::All(tx) => tx.advance(*frontier + by),
                };
                // The receiver may have left.
                if advanced.is_ok() {
                    *frontier += by;
                }
            }
            16..36 if !self.sources.is_empty() => self.forward(source),
            36.. if !self.receivers.is_empty() && self.receive(receiver) => {
                drop(self.receivers.swap_remove(receiver));
            }
            _ => {}
        }
    }

    fn forward(&mut self, source: usize) {
        self.next_id += 1;
        let (id, by) = (self.next_id, self.random.usize(..3) as u64);
        let value = self.tally.value(id);
        let Source { handle, frontier } = &mut self.sources[source];
        let seq = *frontier + by;
        let outcome = match handle {
            Handle::One(_, tx) => tx.try_forward(seq, value),
            Handle::All(tx) => tx.try_forward(seq, value),
        };
        match outcome {
            Ok(()) => assert!(by > 0, "it was late"),
            Err(TryForwardError::Late(value)) => {
                assert!(by == 0 && value.id == id);
                return;
            }
            Err(error) => {
                assert_eq!(error.into_inner().id, id);
                return;
            }
        }
        *frontier = seq;
        match handle {
            Handle::One(r, _) => {
                self.inboxes[*r].expected.insert((seq, id), true);
            }
            Handle::All(_) => {
                for (r, _) in &self.receivers {
                    let inbox = &mut self.inboxes[*r];
                    if seq > inbox.start && !inbox.sealed {
                        inbox.expected.insert((seq, id), true);
                    }
                }
            }
        }
    }

    /// Receives what there is, for a while. Returns whether the receiver is at its end.
    fn receive(&mut self, i: usize) -> bool {
        let (r, rx) = &self.receivers[i];
        let inbox = &mut self.inboxes[*r];
        for _ in 0..=self.random.usize(..6) {
            match rx.try_recv() {
                Ok(Event::Message { seq, value }) => {
                    let key = (seq.get(), value.id);
                    assert!(
                        seq.get() > inbox.observed,
                        "a message after its number was over"
                    );
                    // Broadcasts that were waiting when it joined may come as well.
                    let is_new = inbox.expected.insert(key, true).is_none();
                    assert!(!is_new || seq.get() > inbox.start);
                    inbox.got.push(key);
                    inbox.observed = seq.get() - 1;
                }
                Ok(Event::Clock(seq)) => {
                    assert!(seq.get() > inbox.observed);
                    inbox.observed = seq.get();
                }
                Err(TryRecvError::Empty) => {
                    thread::yield_now();
                    return false;
                }
                Err(TryRecvError::Disconnected) => return true,
            }
            assert_eq!(rx.observed().get(), inbox.observed);
            // No live source can send a number that is over, and the clock has not said so too early.
            for source in &self.sources {
                let is_other = matches!(source.handle, Handle::One(to, _) if to != *r);
                if !is_other && !inbox.sealed {
                    assert!(source.frontier.max(inbox.start) >= inbox.observed);
                }
            }
            // And nothing up to there is missing.
            let over = inbox.expected.range(..=(inbox.observed, u64::MAX)).count();
            let got = inbox.got.iter().filter(|m| m.0 <= inbox.observed).count();
            assert_eq!(over, got, "receiver {r} at {}", inbox.observed);
        }
        false
    }

    /// Drops all sources, receives everything, and compares with what the model makes of it: it sorts.
    fn finish(mut self) {
        self.sources.clear();
        while !self.receivers.is_empty() {
            for i in (0..self.receivers.len()).rev() {
                if self.receive(i) {
                    let (r, _) = self.receivers.swap_remove(i);
                    let inbox = &mut self.inboxes[r];
                    let numbers: Vec<u64> = inbox.got.iter().map(|m| m.0).collect();
                    assert!(numbers.is_sorted());
                    inbox.got.sort_unstable();
                    assert!(inbox.got.iter().eq(inbox.expected.keys()), "receiver {r}");
                }
            }
        }
        assert!(self.dispatcher.rejects().try_recv().is_err());
        self.tally.all_dropped();
    }
}

#[test]
fn random_schedules_agree_with_the_model() {
    watched(|| {
        for seed in 0..rounds(100) {
            println!("seed {seed}");
            let mut run = Run::new(seed);
            for _ in 0..400 {
                run.step();
            }
            run.finish();
        }
    });
}

/// Dense: numbers are dealt out to random sources in a random order within the window; some are empty, some are
/// promised away, sources come and go.
#[test]
fn random_dense_schedules_agree_with_the_model() {
    watched(|| {
        for seed in 0..rounds(100) {
            println!("seed {seed}");
            dense_run(seed);
        }
    });
}

fn dense_run(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let window = 1 + random.usize(..12);
    let tally = Tally::default();
    let dispatcher = Dispatcher::<Counted>::builder()
        .capacity(1 + random.usize(..4))
        .lane_capacity(1 + random.usize(..4))
        .forwarding(Order::Dense { window })
        .build()
        .unwrap();
    let names = ["a", "b", "c"];
    let (mut senders, receivers): (Vec<_>, Vec<_>) = names
        .iter()
        .map(|name| dispatcher.channel(*name).unwrap())
        .unzip();
    let everybody = dispatcher.broadcaster();
    let mut expected = vec![Vec::new(); names.len()];
    let mut got = vec![Vec::new(); names.len()];
    let receive = |got: &mut Vec<Vec<u64>>| {
        for (rx, got) in receivers.iter().zip(got) {
            while let Ok((seq, value)) = rx.try_recv_message() {
                assert_eq!(seq.get(), value.id);
                assert_eq!(rx.observed(), seq);
                got.push(value.id);
            }
        }
    };
    let mut next = 1;
    while next <= 100 {
        // A block no longer than the window, shuffled: the lowest number gets on whatever the order.
        let len = 1 + random.usize(..window) as u64;
        let mut block: Vec<u64> = (next..next + len).collect();
        next += len;
        for i in (1..block.len()).rev() {
            block.swap(i, random.usize(..i + 1));
        }
        for n in block {
            if random.usize(..8) == 0 {
                let i = random.usize(..senders.len());
                let clone = senders[i].clone();
                drop(std::mem::replace(&mut senders[i], clone));
            }
            let i = random.usize(..senders.len());
            let mut value = Some(tally.value(n));
            let to = random.usize(..6);
            while let Some(v) = value.take() {
                let outcome = match to {
                    0 => everybody.try_forward(n, v),
                    1 => {
                        drop(v);
                        // Nobody else puts anything in, so with space it does not block.
                        while senders[i].is_full() {
                            receive(&mut got);
                            thread::yield_now();
                        }
                        senders[i].forward_empty(n).unwrap();
                        Ok(())
                    }
                    _ => senders[i].try_forward(n, v),
                };
                match outcome {
                    Ok(()) => {}
                    Err(TryForwardError::Full(v)) => {
                        receive(&mut got);
                        thread::yield_now();
                        value = Some(v);
                    }
                    Err(error) => panic!("number {n}: {error}"),
                }
            }
            match to {
                0 => expected.iter_mut().for_each(|numbers| numbers.push(n)),
                1 => {}
                _ => expected[i].push(n),
            }
        }
    }
    drop((senders, everybody));
    // In turn: one that is full holds up the others.
    let mut ended = vec![false; receivers.len()];
    while ended.contains(&false) {
        for ((rx, got), ended) in receivers.iter().zip(&mut got).zip(&mut ended) {
            match rx.try_recv_message() {
                Ok((_, value)) => got.push(value.id),
                Err(error) => {
                    *ended = error.is_disconnected();
                    thread::yield_now();
                }
            }
        }
    }
    for (got, mut expected) in got.into_iter().zip(expected) {
        expected.sort_unstable();
        assert_eq!(got, expected);
    }
    assert!(dispatcher.rejects().try_recv().is_err());
    tally.all_dropped();
}
