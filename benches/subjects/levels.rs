//! Three levels of dispatchers, and the same messages through one.

use std::sync::{Arc, Barrier, mpsc};
use std::time::Instant;

use clocked_lanes::{Broadcaster, Dispatcher, Forwarding, Order, Pump, Receiver, Sender, Seq};

use crate::common::driver::Driver;
use crate::common::peer::Subject;
use crate::common::run::{LIMIT, Lap, Laps, join, spawn};
use crate::common::workload::{Beside, Outcome, Shape, Workload};

/// How many senders there are at the top.
const SENDERS: usize = 3;
/// How many of them, from the first, are heard by both leaves; the others by the second leaf only.
const HEARD_BY_BOTH: usize = 2;

/// Three senders, of which the first two are heard by two leaves, and the third by the second leaf only.
///
/// A message counts once, when it has come to all leaves where it belongs. Leaves check that numbers rise, that
/// the second leaf's are without a gap, and that each sender's messages are in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels {
    pub(crate) driver: Driver,
    pub(crate) count: Count,
}

/// How many levels there are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    /// One serializing dispatcher: two broadcasters and a sender.
    One,
    /// A serializing dispatcher on top. One in the middle, forwarding, whose receiver `m1` is fed with what the first
    /// two send (fan-in), and `m2` with what the third does. At the bottom one, forwarding, to which `m1` is pumped
    /// by broadcast (fan-out), and `m2` to the second leaf. Five pumps have a thread each.
    Three,
}

/// What sends at the top.
enum Top {
    ToOne(Sender<u64>),
    ToAll(Broadcaster<u64>),
}

/// The ends, and the threads between them.
struct Graph {
    top: Vec<Top>,
    leaves: [Receiver<u64>; 2],
    pumps: Vec<Box<dyn FnOnce() + Send>>,
}

impl Top {
    fn send(&self, value: u64) {
        let sent = match self {
            Self::ToOne(sender) => sender.send(value),
            Self::ToAll(broadcaster) => broadcaster.send(value),
        };
        sent.expect("the leaves stay until everything has come");
    }
}

impl Subject for Levels {
    fn name(&self) -> String {
        let driver = self.driver;
        match self.count {
            Count::One => format!("ours, {driver}, one level"),
            Count::Three => format!("ours, {driver}, three levels"),
        }
    }

    /// With three pairs, which stand for the senders. There is never anybody beside them.
    fn workload(&self, _shape: Shape, _beside: Beside) -> Workload {
        Workload {
            shape: Shape::pairs(SENDERS),
            messages: 200_000,
            beside: Beside::default(),
            limit: None,
        }
    }

    fn run(&self, workload: &Workload) -> Outcome {
        let Graph { top, leaves, pumps } = match self.count {
            Count::One => one(self.driver),
            Count::Three => three(self.driver),
        };
        let mut threads: Vec<_> = pumps.into_iter().map(|p| spawn("pump", p)).collect();
        let each = workload.messages;
        let barrier = Arc::new(Barrier::new(top.len() + leaves.len()));
        let (report, reports) = mpsc::channel();
        for (i, tx) in top.into_iter().enumerate() {
            let (go, tell) = (Arc::clone(&barrier), report.clone());
            threads.push(spawn("sender", move || {
                go.wait();
                let start = Instant::now();
                (0..each).for_each(|k| tx.send(k * SENDERS as u64 + i as u64));
                // The end is the leaves' to tell. That nobody listens any more is no harm.
                let _ = tell.send(Lap { start, end: start });
            }));
        }
        for (leaf, heard) in leaves.into_iter().zip([HEARD_BY_BOTH, SENDERS]) {
            let (go, tell) = (Arc::clone(&barrier), report.clone());
            threads.push(spawn("leaf", move || {
                go.wait();
                let start = Instant::now();
                receive(&leaf, heard, each);
                let end = Instant::now();
                assert!(
                    leaf.recv_message().is_err(),
                    "more messages came than were sent"
                );
                let _ = tell.send(Lap { start, end });
            }));
        }
        drop(report);
        let mut laps = Laps::new(reports, SENDERS + 2);
        assert!(laps.wait(LIMIT), "it hangs");
        threads.into_iter().for_each(join);
        Outcome {
            // The leaves have checked it.
            received: workload.total(),
            elapsed: laps.elapsed(),
        }
    }
}

fn serializing(driver: Driver) -> Dispatcher<u64> {
    let dispatcher = driver.builder().build();
    dispatcher.expect("the capacities are valid, and a thread can be started")
}

fn forwarding(driver: Driver) -> Dispatcher<u64, Forwarding> {
    let dispatcher = driver.builder().forwarding(Order::Frontier).build();
    dispatcher.expect("the capacities are valid, and a thread can be started")
}

fn one(driver: Driver) -> Graph {
    let dispatcher = serializing(driver);
    let broadcaster = dispatcher.broadcaster();
    let (_, leaf_1) = dispatcher.channel("leaf 1").expect("the names differ");
    let (tx, leaf_2) = dispatcher.channel("leaf 2").expect("the names differ");
    Graph {
        top: vec![
            Top::ToAll(broadcaster.clone()),
            Top::ToAll(broadcaster),
            Top::ToOne(tx),
        ],
        leaves: [leaf_1, leaf_2],
        pumps: Vec::new(),
    }
}

fn three(driver: Driver) -> Graph {
    let top = serializing(driver);
    let (middle, bottom) = (forwarding(driver), forwarding(driver));
    let mut pumps: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
    let (into_m1, m1) = middle.channel("m1").expect("the names differ");
    let (into_m2, m2) = middle.channel("m2").expect("the names differ");
    let mut senders = Vec::new();
    for (i, into) in [into_m1.clone(), into_m1, into_m2].into_iter().enumerate() {
        let (tx, rx) = top.channel(format!("top {i}")).expect("the names differ");
        senders.push(Top::ToOne(tx));
        pumps.push(Box::new(|| {
            Pump::new(rx, into).run().expect("the middle stays");
        }));
    }
    let everybody = bottom.broadcaster();
    let (_, leaf_1) = bottom.channel("leaf 1").expect("the names differ");
    let (into_leaf_2, leaf_2) = bottom.channel("leaf 2").expect("the names differ");
    pumps.push(Box::new(|| {
        Pump::new(m1, everybody).run().expect("the leaves stay");
    }));
    pumps.push(Box::new(|| {
        Pump::new(m2, into_leaf_2).run().expect("the leaf stays");
    }));
    Graph {
        top: senders,
        leaves: [leaf_1, leaf_2],
        pumps,
    }
}

/// Receives `each` messages of each of the first `heard` senders.
fn receive(leaf: &Receiver<u64>, heard: usize, each: u64) {
    let mut next = vec![0; heard];
    let mut last = Seq::default();
    for _ in 0..each * heard as u64 {
        let (seq, value) = leaf.recv_message().expect("not everything has come");
        assert!(seq > last, "{seq} came after {last}");
        assert!(
            heard < SENDERS || seq.get() == last.get() + 1,
            "a gap before {seq}"
        );
        last = seq;
        let (k, i) = (value / SENDERS as u64, (value % SENDERS as u64) as usize);
        assert_eq!(k, next[i], "a message is missing or out of order");
        next[i] += 1;
    }
}
