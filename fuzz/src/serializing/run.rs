//! Runs a program on a dispatch and beside it on the model.

mod receiving;
mod sending;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use clocked_lanes::{Broadcaster, Dispatcher, Receiver, Sender, Seq, Stepper, TryRecvError};

use super::model::{Inbox, Lane, Model};
use super::numbers::Bundle;
use super::{Op, Program, Receive};
use crate::handle::on;
use crate::task::Alarm;
use crate::value::{Ledger, Value};

/// How many operations of a program are run.
const OPS: usize = 64;
/// More steps than any program needs before the engine sleeps.
const STEPS: usize = 10_000;

#[derive(Clone)]
enum Handle {
    One(Rc<Sender<Value>>),
    All(Rc<Broadcaster<Value>>),
}

/// What a task's send comes to: the first number, if it has waited for that; or how many values it has back.
type Outcome = Result<Option<Seq>, usize>;

/// A task that sends.
struct Sending {
    future: Pin<Box<dyn Future<Output = Outcome>>>,
    alarm: Alarm,
    bundle: Bundle,
    /// It waits for the numbers.
    is_sequenced: bool,
    /// It is in the lane, or has been.
    is_put: bool,
}

struct Receiving {
    rx: Receiver<Value>,
    /// As a task, it waits.
    waits: Option<Alarm>,
}

struct Run {
    capacity: usize,
    lane_capacity: usize,
    ledger: Ledger,
    stepper: Stepper<Value>,
    dispatcher: Dispatcher<Value>,
    model: Model,
    handles: Vec<Handle>,
    tasks: Vec<Option<Sending>>,
    receivers: Vec<Receiving>,
}

pub(super) fn run(program: &Program) {
    let mut run = Run::new(program);
    for op in program.ops.iter().take(OPS) {
        run.op(op);
    }
    run.finish();
}

impl Run {
    fn new(program: &Program) -> Self {
        let capacity = usize::from(program.capacity % 4) + 1;
        let lane_capacity = usize::from(program.lane_capacity % 4) + 1;
        let stepper = Stepper::new();
        let builder = Dispatcher::builder()
            .capacity(capacity)
            .lane_capacity(lane_capacity);
        let dispatcher = builder.by_hand(&stepper).build().expect("a dispatcher");
        let mut run = Self {
            capacity,
            lane_capacity,
            ledger: Ledger::new(),
            stepper,
            dispatcher,
            model: Model::default(),
            handles: Vec::new(),
            tasks: Vec::new(),
            receivers: Vec::new(),
        };
        for (r, name) in ["a", "b", "c"]
            .into_iter()
            .take(usize::from(program.receivers % 3) + 1)
            .enumerate()
        {
            let (tx, rx) = run.dispatcher.channel(name).expect("the name is free");
            if program.senders >> r & 1 == 1 {
                run.join(Some(r), Handle::One(Rc::new(tx.clone())));
            }
            run.join(Some(r), Handle::One(Rc::new(tx)));
            run.model.inboxes.push(Inbox::default());
            run.receivers.push(Receiving { rx, waits: None });
        }
        for _ in 0..program.broadcasters % 3 {
            let everybody = run.dispatcher.broadcaster();
            run.join(None, Handle::All(Rc::new(everybody)));
        }
        run
    }

    fn join(&mut self, target: Option<usize>, handle: Handle) {
        let bundles = Default::default();
        self.model.lanes.push(Lane { target, bundles });
        self.handles.push(handle);
        self.tasks.push(None);
    }

    fn op(&mut self, op: &Op) {
        let lane = |l: &u8| usize::from(*l) % self.handles.len();
        match op {
            Op::Send { lane: l, how } => self.send(lane(l), *how),
            Op::Batch { lane: l, len } => self.batch(lane(l), usize::from(len % 6)),
            Op::Task { lane: l, what } => self.task(lane(l), *what),
            Op::Cancel { lane: l } => {
                let l = lane(l);
                self.tasks[l] = None;
            }
            Op::Receive { receiver, how } => {
                let r = usize::from(*receiver) % self.receivers.len();
                self.receive(r, *how);
            }
            Op::Step => {
                self.step();
            }
            Op::Sleep => self.sleep(),
        }
    }

    fn step(&mut self) -> bool {
        let goes_on = self.stepper.step();
        let clock = self.dispatcher.clock();
        assert_eq!(clock.seq.get(), clock.dispatched);
        let lens = self
            .handles
            .iter()
            .map(|handle| on!(handle, tx => tx.len()));
        self.model.stepped(clock.dispatched, lens);
        goes_on
    }

    /// Steps until the engine sleeps. Then nothing is left to do, and all have been woken who have something to do.
    fn sleep(&mut self) {
        let steps = (0..STEPS).take_while(|_| self.step()).count();
        assert!(steps < STEPS, "the engine goes on for ever");
        let (model, capacity) = (&self.model, self.capacity);
        let is_full = |r: usize| self.receivers[r].rx.len() >= capacity;
        for (l, lane) in model.lanes.iter().enumerate() {
            let waits = match lane.target {
                Some(r) => is_full(r),
                None => (0..self.receivers.len()).any(is_full),
            };
            assert!(waits || lane.bundles.is_empty(), "lane {l} is left behind");
            if let Some(sending) = &self.tasks[l] {
                let is_due = if sending.is_put {
                    !lane.bundles.contains(&sending.bundle)
                } else {
                    lane.bundles.len() < self.lane_capacity
                };
                assert!(
                    !is_due || sending.alarm.has_rung(),
                    "lane {l}: the task sleeps on"
                );
            }
        }
        for (r, receiving) in self.receivers.iter().enumerate() {
            let (coming, in_ring) = (model.coming(r), receiving.rx.len());
            assert!(
                coming == in_ring || is_full(r),
                "receiver {r} does not get what waits"
            );
            let is_due = coming > 0 || model.inboxes[r].last < model.clock;
            if let (Some(alarm), true) = (&receiving.waits, is_due) {
                assert!(alarm.has_rung(), "receiver {r} sleeps on");
            }
        }
    }

    /// Everything sent arrives, and then the end.
    fn finish(mut self) {
        self.tasks.fill_with(|| None);
        while self.model.lanes.iter().any(|lane| !lane.bundles.is_empty()) {
            self.sleep();
            for r in 0..self.receivers.len() {
                while !self.receivers[r].rx.is_empty() {
                    self.receive(r, Receive::Try);
                }
            }
        }
        self.handles.clear();
        while self.stepper.step() {}
        for r in 0..self.receivers.len() {
            while self.model.coming(r) > 0 || self.model.inboxes[r].last < self.model.clock {
                self.receive(r, Receive::Try);
                while self.stepper.step() {}
            }
            assert_eq!(
                self.receivers[r].rx.try_recv().map(|_| ()),
                Err(TryRecvError::Disconnected)
            );
        }
        assert!(self.model.numbers.seen().eq(1..=self.model.clock));
        drop((self.receivers, self.dispatcher));
        while self.stepper.step() {}
        assert!(self.stepper.is_finished(), "the engine does not end");
        drop(self.stepper);
        assert_eq!(
            self.ledger.left(self.model.numbers.made()),
            None,
            "a value is not dropped"
        );
    }
}
