//! Runs a program on a dispatch and beside it on the model.

mod joins;
mod receiving;
mod sending;

use clocked_lanes::{
    Broadcaster, DisconnectReason, Dispatcher, Forwarding, Receiver, Sender, Seq, Stepper,
};

use super::contract::Contract;
use super::members::Members;
use super::{Op, Program, Receive};
use crate::handle::on;
use crate::value::{Ledger, Value};

/// How many operations of a program are run.
const OPS: usize = 64;
/// More steps than any program needs before the engine sleeps.
const STEPS: usize = 10_000;
/// How many handles there are at most, and how many receivers.
const HANDLES: usize = 6;
const RECEIVERS: usize = 3;

enum Handle {
    One(Sender<Value, Forwarding>),
    All(Broadcaster<Value, Forwarding>),
}

struct Run<C> {
    contract: C,
    members: Members,
    capacity: usize,
    lane_capacity: usize,
    ledger: Ledger,
    stepper: Stepper<Value>,
    dispatcher: Dispatcher<Value, Forwarding>,
    /// By lane.
    handles: Vec<Option<Handle>>,
    ids: Vec<u64>,
    /// The engine may not know of it yet.
    is_new: Vec<bool>,
    /// By inbox.
    receivers: Vec<Option<Receiver<Value>>>,
}

pub(super) fn run<C: Contract>(program: &Program, contract: C) {
    let mut run = Run::new(program, contract);
    for _ in 0..program.receivers % 3 {
        run.op(&Op::Channel);
    }
    for op in program.ops.iter().take(OPS) {
        run.op(op);
    }
    run.finish();
}

impl<C: Contract> Run<C> {
    fn new(program: &Program, contract: C) -> Self {
        let capacity = usize::from(program.capacity % 4) + 1;
        let lane_capacity = usize::from(program.lane_capacity % 4) + 1;
        let start = match program.start {
            near @ 128.. => u64::MAX - u64::from(near - 128),
            far => u64::from(far),
        };
        let stepper = Stepper::new();
        let builder = Dispatcher::builder()
            .capacity(capacity)
            .lane_capacity(lane_capacity)
            .start_after(Seq::from(start));
        let dispatcher = builder
            .forwarding(contract.order())
            .by_hand(&stepper)
            .build()
            .expect("a dispatcher");
        let members = Members {
            floor: start,
            ..Members::default()
        };
        Self {
            contract,
            members,
            capacity,
            lane_capacity,
            ledger: Ledger::new(),
            stepper,
            dispatcher,
            handles: Vec::new(),
            ids: Vec::new(),
            is_new: Vec::new(),
            receivers: Vec::new(),
        }
    }

    /// One of those that are there.
    fn any<T>(all: &[Option<T>], which: u8) -> Option<usize> {
        let there: Vec<usize> = (0..all.len()).filter(|&i| all[i].is_some()).collect();
        there.get(usize::from(which) % there.len().max(1)).copied()
    }

    fn clocks(&self) -> Vec<Option<u64>> {
        self.receivers
            .iter()
            .map(|rx| rx.as_ref().map(|rx| rx.clock().seq.get()))
            .collect()
    }

    fn op(&mut self, op: &Op) {
        let lane = |which: &u8| Self::any(&self.handles, *which);
        let receiver = |which: &u8| Self::any(&self.receivers, *which);
        let has_room = self.handles.iter().flatten().count() < HANDLES;
        match op {
            Op::Channel if has_room && self.receivers.iter().flatten().count() < RECEIVERS => {
                self.channel();
            }
            Op::Sender { receiver: r } if has_room => {
                if let Some(r) = receiver(r) {
                    self.sender(r);
                }
            }
            Op::Broadcaster if has_room => {
                let clocks = self.clocks();
                let tx = self.dispatcher.broadcaster();
                let start = tx.frontier().get();
                self.contract
                    .check_start(&self.members, None, start, &clocks);
                self.join(None, start, Handle::All(tx));
            }
            Op::Clone { lane: l } if has_room => {
                if let Some(l) = lane(l) {
                    self.clone(l);
                }
            }
            Op::Leave { lane: l } => {
                if let Some(l) = lane(l) {
                    self.leave(l);
                }
            }
            Op::Close { receiver: r } => {
                if let Some(r) = receiver(r) {
                    self.close(r);
                }
            }
            Op::ReceiverLeaves { receiver: r } => {
                if let Some(r) = receiver(r) {
                    self.receivers[r] = None;
                    self.members.floor = self.contract.floor(&self.members);
                    self.members.inboxes[r].is_gone = true;
                }
            }
            Op::Forward {
                lane: l,
                number,
                how,
            } => {
                if let Some(l) = lane(l) {
                    self.forward(l, *number, *how);
                }
            }
            Op::Empty { lane: l, number } => {
                if let Some(l) = lane(l) {
                    self.empty(l, *number);
                }
            }
            Op::Advance { lane: l, by } => {
                if let Some(l) = lane(l) {
                    let frontier = self.members.lanes[l].frontier;
                    self.advance(l, frontier.saturating_add(u64::from(by % 8)));
                }
            }
            Op::Receive { receiver: r, how } => {
                if let Some(r) = receiver(r) {
                    self.receive(r, *how);
                }
            }
            Op::Snapshot => self.snapshot(),
            Op::Step => {
                self.step();
            }
            Op::Sleep => self.sleep(),
            _ => {}
        }
    }

    fn step(&mut self) -> bool {
        let goes_on = self.stepper.step();
        self.is_new.fill(false);
        if !self.contract.is_over() {
            let reasons = self
                .handles
                .iter()
                .flatten()
                .map(|handle| on!(handle, tx => tx.disconnect_reason()));
            let missing = reasons.flatten().find_map(|reason| match reason {
                DisconnectReason::MissingNumber(number) => Some(number.get()),
                _ => None,
            });
            if let Some(number) = missing {
                let clock = self.dispatcher.clock().seq.get();
                self.contract.gave_up(&self.members, number, clock);
            }
        }
        goes_on
    }

    /// Steps until the engine sleeps. If no receiver is full then, nothing is left to do.
    fn sleep(&mut self) {
        let steps = (0..STEPS).take_while(|_| self.step()).count();
        assert!(steps < STEPS, "the engine goes on for ever");
        let in_ring: Vec<_> = self
            .receivers
            .iter()
            .map(|rx| rx.as_ref().map(Receiver::len))
            .collect();
        if in_ring.iter().flatten().all(|len| *len < self.capacity) {
            self.take_rejects();
            let clocks = self.clocks();
            self.contract
                .check_calm(&self.members, self.lane_capacity, &in_ring, &clocks);
        }
    }

    /// Everything sent arrives, and then the end.
    fn finish(mut self) {
        for l in 0..self.handles.len() {
            if self.handles[l].is_some() {
                self.leave(l);
            }
        }
        self.sleep();
        let mut ended = vec![false; self.receivers.len()];
        let mut rounds = 0;
        while ended.contains(&false) {
            self.sleep();
            for (r, ended) in ended.iter_mut().enumerate() {
                *ended = *ended || self.receive(r, Receive::Try);
            }
            rounds += 1;
            assert!(rounds < STEPS, "the receivers do not end");
        }
        self.take_rejects();
        self.contract.check_lost(&self.members);
        drop((self.receivers, self.dispatcher));
        while self.stepper.step() {}
        assert!(self.stepper.is_finished(), "the engine does not end");
        drop(self.stepper);
        assert_eq!(
            self.ledger.left(usize::from(self.members.made)),
            None,
            "a value is not dropped"
        );
    }
}
