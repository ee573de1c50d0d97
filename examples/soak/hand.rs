//! A thread that sends, and what it has in its hands.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use clocked_lanes::{Broadcaster, Dispatcher, Progress, Receiver, Sender};
use fastrand::Rng;

use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::value::{BROADCAST, Value};

/// What all threads of a round share.
pub(crate) struct Shared {
    next_lane: AtomicU32,
    next_broadcast_lane: AtomicU32,
    /// In `Dense`, the number that is to be used next.
    pub(crate) next_number: AtomicU64,
    /// How many handles were made.
    pub(crate) joins: AtomicU64,
    /// How many receivers have come and gone, with what they had.
    pub(crate) passed: AtomicU64,
}

/// What was sent on a lane.
pub(crate) struct Sent {
    pub(crate) lane: u32,
    /// Which receiver it was for; none if it is a broadcaster's.
    pub(crate) path: Option<usize>,
    pub(crate) count: u64,
}

/// A source with its lane.
pub(crate) struct Out<S> {
    pub(crate) source: S,
    sent: Sent,
}

/// A thread that sends.
pub(crate) struct Hand<'a, M> {
    pub(crate) plan: &'a Plan,
    pub(crate) rng: Rng,
    pub(crate) dispatcher: &'a Dispatcher<Value, M>,
    pub(crate) senders: Vec<Out<Sender<Value, M>>>,
    pub(crate) broadcaster: Option<Out<Broadcaster<Value, M>>>,
    pub(crate) progress: Vec<Progress>,
    pub(crate) shared: &'a Shared,
    /// How many messages it is to send, roughly.
    pub(crate) share: u64,
    /// The lanes that it has left.
    pub(crate) left: Vec<Sent>,
}

impl Shared {
    pub(crate) fn new(start: u64) -> Self {
        Self {
            next_lane: AtomicU32::new(0),
            next_broadcast_lane: AtomicU32::new(BROADCAST),
            next_number: AtomicU64::new(start + 1),
            joins: AtomicU64::new(0),
            passed: AtomicU64::new(0),
        }
    }

    /// A source with a new lane.
    pub(crate) fn out<S>(&self, source: S, path: Option<usize>) -> Out<S> {
        self.joins.fetch_add(1, Ordering::Relaxed);
        let lanes = match path {
            Some(_) => &self.next_lane,
            None => &self.next_broadcast_lane,
        };
        let lane = lanes.fetch_add(1, Ordering::Relaxed);
        let count = 0;
        Out {
            source,
            sent: Sent { lane, path, count },
        }
    }
}

impl<S> Out<S> {
    /// The next message.
    pub(crate) fn next(&mut self) -> Value {
        self.sent.count += 1;
        Value::new(self.sent.lane, self.sent.count - 1)
    }

    /// The next messages, as a batch.
    pub(crate) fn batch(&mut self, size: u32) -> Vec<Value> {
        let mut values: Vec<_> = (0..size).map(|_| self.next()).collect();
        for (value, i) in values.iter_mut().zip(0..) {
            value.in_batch = i;
        }
        values
    }

    /// So many messages have not been sent after all.
    pub(crate) fn take_back(&mut self, count: u64) {
        self.sent.count -= count;
    }

    pub(crate) fn into_sent(self) -> Sent {
        self.sent
    }
}

impl<M> Hand<'_, M> {
    /// Has another sender take the place of one of them, whose lane may still have messages.
    pub(crate) fn replace(&mut self, path: usize) {
        let old = &self.senders[path].source;
        let new = match self.rng.bool() {
            true => old.clone(),
            false => self.dispatcher.sender(old.target()).expect("it is there"),
        };
        let new = self.shared.out(new, Some(path));
        let old = std::mem::replace(&mut self.senders[path], new);
        self.left.push(old.into_sent());
    }

    /// The same for the broadcaster.
    pub(crate) fn replace_broadcaster(&mut self) {
        if let Some(old) = self.broadcaster.take() {
            let new = self.shared.out(old.source.clone(), None);
            self.broadcaster = Some(new);
            self.left.push(old.into_sent());
        }
    }

    /// A receiver that leaves soon, with its first sender.
    pub(crate) fn passing(&mut self) -> (Out<Sender<Value, M>>, Receiver<Value>, Ledger) {
        let n = self.shared.passed.fetch_add(1, Ordering::Relaxed);
        let channel = self.dispatcher.channel(format!("passing {n}"));
        let (tx, rx) = channel.expect("the name is new");
        let ledger = Ledger::new(rx.name(), self.plan.order, false, rx.observed().get());
        (self.shared.out(tx, Some(usize::MAX)), rx, ledger)
    }

    /// Everything it has sent.
    pub(crate) fn into_sent(mut self) -> Vec<Sent> {
        let senders = self.senders.into_iter().map(Out::into_sent);
        let broadcaster = self.broadcaster.into_iter().map(Out::into_sent);
        self.left.extend(senders.chain(broadcaster));
        self.left
    }
}
