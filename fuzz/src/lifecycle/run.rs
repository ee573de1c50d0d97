//! Runs a program on a dispatch and beside it on the model.

mod members;
mod traffic;
mod watching;

use std::future::Future;
use std::pin::Pin;

use clocked_lanes::{
    Broadcaster, Dispatcher, Progress, ProgressError, Receiver, Sender, Seq, Stepper,
    WeakBroadcaster, WeakSender,
};

use super::{Op, Program, Receive};
use crate::common::model::Model;
use crate::handle::on;
use crate::task::Alarm;
use crate::value::{Ledger, Value};

/// How many operations of a program are run.
const OPS: usize = 64;
/// More steps than any program needs before the engine sleeps.
const STEPS: usize = 10_000;
/// As many steps as a dispatch without a thread may need to have done everything.
const HELPS: usize = 32;
/// How many sources there are at most.
const SOURCES: usize = 6;
/// What receivers are called.
const NAMES: [&str; 3] = ["a", "b", "c"];
/// Numbers are counted from here to the end.
const PLENTY: u64 = 1 << 60;

enum Handle {
    One(Sender<Value>),
    All(Broadcaster<Value>),
}

enum Weak {
    One(usize, WeakSender<Value>),
    All(WeakBroadcaster<Value>),
}

/// A task that waits for a receiver to get to a number.
struct Awaiting {
    r: usize,
    target: u64,
    future: Pin<Box<dyn Future<Output = Result<Seq, ProgressError>>>>,
    alarm: Alarm,
}

/// What is known of a receiver besides what the model knows.
struct Watched {
    progress: Progress,
    /// It has returned everything.
    is_drained: bool,
}

struct Run {
    capacity: usize,
    lane_capacity: usize,
    /// How many numbers are left, if they are counted.
    stock: Option<u64>,
    ledger: Ledger,
    /// The lane of each value, and which it is of that.
    messages: Vec<(usize, u64)>,
    /// Unless the dispatch is inline.
    stepper: Option<Stepper<Value>>,
    model: Model,
    dispatchers: Vec<Dispatcher<Value>>,
    sources: Vec<(usize, Handle)>,
    weak: Vec<Weak>,
    receivers: Vec<(usize, Receiver<Value>)>,
    watched: Vec<Watched>,
    tasks: Vec<Awaiting>,
}

pub(super) fn run(program: &Program) {
    let mut run = Run::new(program);
    for op in program.ops.iter().take(OPS) {
        run.op(op);
    }
    run.finish();
}

fn pick<T>(all: &[T], which: u8) -> Option<usize> {
    (!all.is_empty()).then(|| usize::from(which) % all.len())
}

impl Run {
    fn new(program: &Program) -> Self {
        let capacity = usize::from(program.capacity % 4) + 1;
        let lane_capacity = usize::from(program.lane_capacity % 4) + 1;
        let start = match program.start {
            near @ 128.. => u64::MAX - u64::from(near - 128) % 16,
            far => u64::from(far),
        };
        let builder = Dispatcher::builder()
            .capacity(capacity)
            .lane_capacity(lane_capacity)
            .start_after(Seq::from(start));
        let stepper = (!program.is_inline).then(Stepper::new);
        let builder = match &stepper {
            Some(stepper) => builder.by_hand(stepper),
            None => builder.inline(),
        };
        Self {
            capacity,
            lane_capacity,
            stock: Some(u64::MAX - start).filter(|left| *left < PLENTY),
            ledger: Ledger::new(),
            messages: Vec::new(),
            stepper,
            model: Model::default(),
            dispatchers: vec![builder.build().expect("a dispatcher")],
            sources: Vec::new(),
            weak: Vec::new(),
            receivers: Vec::new(),
            watched: Vec::new(),
            tasks: Vec::new(),
        }
    }

    fn op(&mut self, op: &Op) {
        let has_room = self.sources.len() < SOURCES;
        let source = |which: &u8| pick(&self.sources, *which);
        let receiver = |which: &u8| pick(&self.receivers, *which);
        let weak = |which: &u8| pick(&self.weak, *which);
        match op {
            Op::Channel { name } if has_room => {
                self.channel(NAMES[usize::from(*name) % NAMES.len()]);
            }
            Op::Sender { name } if has_room => self.sender(NAMES[usize::from(*name) % NAMES.len()]),
            Op::Broadcaster if has_room => {
                if let Some(dispatcher) = self.dispatchers.first() {
                    let handle = Handle::All(dispatcher.broadcaster());
                    self.sources.push((self.model.join(None), handle));
                }
            }
            Op::Clone { source: i } if has_room => {
                if let Some(i) = source(i) {
                    let (l, handle) = &self.sources[i];
                    let handle = match handle {
                        Handle::One(tx) => Handle::One(tx.clone()),
                        Handle::All(tx) => Handle::All(tx.clone()),
                    };
                    let target = self.model.lanes[*l].target;
                    self.sources.push((self.model.join(target), handle));
                }
            }
            Op::Leave { source: i } => {
                if let Some(i) = source(i) {
                    self.leave(i);
                }
            }
            Op::Downgrade { source: i } if self.weak.len() < SOURCES => {
                if let Some(i) = source(i) {
                    let (l, handle) = &self.sources[i];
                    self.weak.push(match (handle, self.model.lanes[*l].target) {
                        (Handle::One(tx), Some(r)) => Weak::One(r, tx.downgrade()),
                        (Handle::All(tx), None) => Weak::All(tx.downgrade()),
                        _ => panic!("a sender has a target"),
                    });
                }
            }
            Op::Upgrade { weak: i } if has_room => {
                if let Some(i) = weak(i) {
                    self.upgrade(i);
                }
            }
            Op::DropWeak { weak: i } => {
                if let Some(i) = weak(i) {
                    self.weak.swap_remove(i);
                }
            }
            Op::Close { receiver: i } => {
                if let Some(i) = receiver(i) {
                    let (r, rx) = &self.receivers[i];
                    let clock = rx.clock().seq.get();
                    rx.close();
                    assert!(rx.is_closed());
                    self.model.close(*r, clock, clock);
                }
            }
            Op::ReceiverLeaves { receiver: i } => {
                if let Some(i) = receiver(i) {
                    self.receiver_leaves(i);
                }
            }
            Op::CloneDispatcher => {
                if let (Some(dispatcher), true) =
                    (self.dispatchers.first(), self.dispatchers.len() < 3)
                {
                    let clone = dispatcher.clone();
                    self.dispatchers.push(clone);
                }
            }
            Op::DropDispatcher => drop(self.dispatchers.pop()),
            Op::Send { source: i, how } => {
                if let Some(i) = source(i) {
                    self.send(i, *how);
                }
            }
            Op::Receive { receiver: i, how } => {
                if let Some(i) = receiver(i) {
                    self.receive(i, *how);
                }
            }
            Op::Watch { receiver: r, ahead } => {
                if let Some(r) = pick(&self.watched, *r) {
                    self.watch(r, u64::from(ahead % 4));
                }
            }
            Op::Await { receiver: r, ahead } if self.tasks.len() < 4 => {
                if let Some(r) = pick(&self.watched, *r) {
                    self.start_awaiting(r, u64::from(ahead % 4));
                }
            }
            Op::Select => self.select(),
            Op::Snapshot => self.snapshot(),
            Op::Step => {
                self.step();
            }
            Op::Sleep => self.sleep(),
            _ => {}
        }
        self.poll_tasks();
    }

    /// Returns whether there is more to do, as far as that is known.
    fn step(&mut self) -> bool {
        if let Some(stepper) = &self.stepper {
            return stepper.step();
        }
        // To ask is to help.
        if let Some(dispatcher) = self.dispatchers.first() {
            let _ = dispatcher.clock();
        } else if let Some((_, rx)) = self.receivers.first() {
            let _ = rx.clock();
        } else if let Some((_, handle)) = self.sources.first() {
            on!(handle, tx => tx.len());
        }
        true
    }

    /// Steps until the engine sleeps. Then nothing is left to do.
    fn sleep(&mut self) {
        if self.stepper.is_some() {
            let steps = (0..STEPS).take_while(|_| self.step()).count();
            assert!(steps < STEPS, "the engine goes on for ever");
        } else {
            for _ in 0..HELPS {
                self.step();
            }
        }
        for (r, rx) in &self.receivers {
            let lanes = 0..self.model.lanes.len();
            let of_its_own = lanes.filter(|&l| self.model.lanes[l].target == Some(*r));
            let pending: u64 = of_its_own.map(|l| self.model.pending(l, *r)).sum();
            let (len, is_full) = (rx.len(), rx.len() >= self.capacity);
            assert!(
                is_full || len as u64 >= pending,
                "receiver {r} has {len} of {pending}"
            );
        }
        let is_full = |(_, rx): &(usize, Receiver<Value>)| rx.len() >= self.capacity;
        if !self.receivers.iter().any(is_full) {
            let is_open = |l: usize| {
                self.model.lanes[l]
                    .target
                    .is_none_or(|r| self.model.inboxes[r].closed.is_none())
            };
            for (l, handle) in self.sources.iter().filter(|(l, _)| is_open(*l)) {
                assert_eq!(on!(handle, tx => tx.len()), 0, "lane {l} is left behind");
            }
        }
    }

    /// Everything sent arrives, and then the end.
    fn finish(mut self) {
        self.dispatchers.clear();
        while !self.sources.is_empty() {
            self.leave(0);
        }
        let mut rounds = 0;
        while !self.receivers.is_empty() {
            self.sleep();
            for i in (0..self.receivers.len()).rev() {
                if self.receive(i, Receive::Try) {
                    self.receiver_leaves(i);
                }
                self.poll_tasks();
            }
            rounds += 1;
            assert!(rounds < STEPS, "the receivers do not end");
        }
        assert!(
            self.tasks.is_empty(),
            "a task waits for a receiver that is gone"
        );
        for i in 0..self.weak.len() {
            self.upgrade(i);
        }
        if let Some(stepper) = self.stepper {
            while stepper.step() {}
            assert!(stepper.is_finished(), "the engine does not end");
        }
        assert_eq!(
            self.ledger.left(self.messages.len()),
            None,
            "a value is not dropped"
        );
    }
}
