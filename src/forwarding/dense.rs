//! The engine of [`Order::Dense`](crate::Order::Dense): one window over the numbers of all lanes.

mod blocking;
mod early;
mod ending;
mod joins;

use std::collections::{BTreeSet, VecDeque};

use crate::clock_cell::ClockWriter;
use crate::gate::fence_at_gate;
use crate::item::Item;
use crate::parcel::{Blank, Parcel};
use crate::sync::Arc;
use crate::waiter::fence_after_publishing;
use crate::{Clock, Seq};

use super::engine::Engine;
use super::hall::Hall;
use super::joins::Joins;
use early::Early;

/// How many messages are taken out of a lane before it is the next one's turn.
const LANE_TURN: usize = 64;
/// After how many messages a step ends, so that the clock is published and receivers are woken.
const STEP_TURN: usize = 256;

/// Messages of a receiver whose turn has come and that had no space in its inbox.
pub(crate) type Released<T> = VecDeque<(u64, Parcel<T>)>;

/// A message that has come before a lower number.
struct Waiting<T> {
    /// The id of its sender. Not the lane itself, whose count its sender's core would share.
    sender: u64,
    parcel: Parcel<T>,
    to: To,
}

/// Whom a message is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    /// The receiver at a port.
    Port(usize),
    /// Those that a broadcaster reaches which joined as the so-manieth.
    All(u64),
    /// Nobody: its receiver has left, or it is a number without a message.
    Nobody,
}

/// The engine.
pub(crate) struct Dense<T> {
    hall: Hall<T, Released<T>>,
    /// The clock of the dispatcher and of all receivers. A receiver with something released and not
    /// delivered has it held.
    clock: ClockWriter,
    published: Clock,
    window: u64,
    /// All numbers up to this one have come, or will not.
    arrived: u64,
    /// How far numbers were given up for lost, and what is announced of that to sources that join.
    limit: u64,
    /// How many sources are about to join.
    joining: usize,
    /// Messages with numbers above `arrived`.
    early: Early<Waiting<T>>,
    /// Ports with something released and not delivered, by the lowest number of that.
    held: BTreeSet<(u64, usize)>,
    /// Lanes that have something, the next in turn first.
    ready: VecDeque<usize>,
    /// Lanes whose head is beyond the window.
    blocked: Vec<usize>,
    /// What was promised, for each lane that something may still come from.
    promises: BTreeSet<(u64, usize)>,
    /// The number that is missing has ended the dispatch.
    has_ended: bool,
}

impl<T> Dense<T> {
    pub(crate) fn new(
        hall: Hall<T, Released<T>>,
        clock: ClockWriter,
        start: u64,
        window: usize,
    ) -> Self {
        Self {
            hall,
            clock,
            published: Clock {
                seq: Seq::from(start),
                dispatched: 0,
            },
            window: window as u64,
            arrived: start,
            limit: start,
            joining: 0,
            early: Early::new(start),
            held: BTreeSet::new(),
            ready: VecDeque::new(),
            blocked: Vec::new(),
            promises: BTreeSet::new(),
            has_ended: false,
        }
    }

    /// Does what can be done at once. Returns whether that was anything.
    fn work(&mut self) -> bool {
        let mut worked = self.take_signals();
        worked |= self.serve_blocked();
        worked |= self.serve_lanes();
        worked |= self.give_up_promised();
        self.hall.poll_blocked();
        while let Some(p) = self.hall.next_runnable() {
            worked |= self.deliver(p);
        }
        self.publish();
        worked |= self.end_sealed();
        worked || self.end_if_number_is_missing()
    }

    /// The highest number that all receivers concerned have got, with all below it.
    fn settled(&self) -> u64 {
        match self.held.first() {
            Some((seq, _)) => seq - 1,
            None => self.arrived,
        }
    }

    /// Looks again at the heads that were beyond the window.
    fn serve_blocked(&mut self) -> bool {
        if self.blocked.is_empty() {
            return false;
        }
        let mut worked = false;
        for l in std::mem::take(&mut self.blocked) {
            let Some(item) = self.hall.lanes[l].head.take() else {
                continue;
            };
            if self.admit(l, item) {
                worked = true;
                self.hall.lanes[l].wait_for(None);
                self.make_ready(l);
            }
        }
        worked
    }

    /// Takes messages in. Returns whether there were any.
    fn serve_lanes(&mut self) -> bool {
        let mut moved = 0;
        let mut worked = false;
        for _ in 0..self.ready.len() {
            if moved >= STEP_TURN {
                break;
            }
            let Some(l) = self.ready.pop_front() else {
                break;
            };
            self.hall.lanes[l].in_ready = false;
            let mut turn = 0;
            loop {
                if turn == LANE_TURN {
                    self.make_ready(l);
                    break;
                }
                match self.hall.lanes[l].take(&mut self.hall.eased) {
                    Ok(item) => {
                        turn += 1;
                        if item.parcel.blank() == Some(Blank::Promise) {
                            self.promised(l, item.seq);
                            continue;
                        }
                        if self.hall.lanes[l].port.is_none() {
                            // After the message is taken and before it is dealt out: a receiver that
                            // joined before it was sent is known now, and gets it.
                            self.drain_control();
                        }
                        if !self.admit(l, item) {
                            break;
                        }
                    }
                    Err(frontier) => {
                        worked |= self.promised(l, frontier);
                        if self.hall.lanes[l].end.rest_at(frontier) {
                            self.found_empty(l);
                            break;
                        }
                    }
                }
            }
            moved += turn;
        }
        worked || moved > 0
    }

    /// Takes a message in, if its number is within the window; else keeps it as the head of its lane, and
    /// returns `false`.
    fn admit(&mut self, l: usize, item: Item<T>) -> bool {
        let berth = &self.hall.lanes[l];
        let seq = item.seq;
        let is_next = seq.checked_sub(1) == Some(self.arrived);
        if !is_next && (seq <= self.arrived || self.early.contains(seq)) {
            let lane = Arc::clone(berth.end.lane());
            self.hall.reject(&lane, item);
            return true;
        }
        let to = match berth.port {
            None => To::All(berth.birth),
            Some(_) if berth.is_gone => To::Nobody,
            Some(p) => To::Port(p),
        };
        let is_beyond = seq - self.settled() > self.window;
        // What has no receiver takes no space. And what a sender has left behind is all there will be of it.
        if is_beyond && to != To::Nobody && !berth.left {
            // Within the window of what has arrived, it is a receiver without space that it waits for.
            let in_arrears = self.held.first().map(|&(_, p)| p);
            let berth = &mut self.hall.lanes[l];
            berth.wait_for(in_arrears.filter(|_| seq - self.arrived <= self.window));
            berth.head = Some(item);
            self.blocked.push(l);
            return false;
        }
        let (parcel, to) = match to {
            // Its receiver has left: nobody waits for the value.
            To::Nobody => (Parcel::without_value(Blank::Nothing), to),
            _ if item.parcel.blank().is_some() => (item.parcel, To::Nobody),
            _ => (item.parcel, to),
        };
        if is_next {
            self.early.pass_next();
            self.release(seq, parcel, to);
            self.release_early(seq);
        } else {
            let sender = berth.end.lane().id();
            self.early.insert(seq, Waiting { sender, parcel, to });
        }
        true
    }

    /// Releases what has come up to number `until`, and what follows on it without a gap.
    fn release_early(&mut self, until: u64) {
        while let Some((seq, waiting)) = self.early.take(until) {
            self.release(seq, waiting.parcel, waiting.to);
        }
        self.arrived = self.early.base();
    }

    /// Has a message go to those it is for: all lower numbers have.
    fn release(&mut self, seq: u64, parcel: Parcel<T>, to: To) {
        match to {
            To::Nobody => return,
            To::Port(p) => self.pass_on(p, seq, parcel),
            To::All(birth) => {
                let ports = self.hall.ports.iter();
                let targets: Vec<usize> = ports
                    .filter_map(|(p, port)| port.hears(birth).then_some(p))
                    .collect();
                for (&p, share) in targets.iter().zip(parcel.shares(targets.len())) {
                    self.pass_on(p, seq, share);
                }
            }
        }
        self.hall.dispatched += 1;
    }

    fn pass_on(&mut self, p: usize, seq: u64, parcel: Parcel<T>) {
        let port = &mut self.hall.ports[p];
        if port.queue.is_empty() && port.room() > 0 {
            port.inlet.push(seq, parcel);
            self.hall.touch(p);
            return;
        }
        port.queue.push_back((seq, parcel));
        if port.queue.len() == 1 {
            // Before the clock gets there.
            port.inlet.hold_clock(seq - 1);
            self.held.insert((seq, p));
            self.hall.queue_port(p);
        }
    }

    /// Delivers what was released and had no space. Returns whether there was any.
    fn deliver(&mut self, p: usize) -> bool {
        let port = &mut self.hall.ports[p];
        let Some(&(lowest, _)) = port.queue.front() else {
            return false;
        };
        let count = port.room().min(port.queue.len());
        if count == 0 {
            self.hall.queue_port(p);
            return false;
        }
        for (seq, parcel) in port.queue.drain(..count) {
            port.inlet.push(seq, parcel);
        }
        // In this order: who sees the clock go on finds the messages.
        port.inlet.commit();
        let next = port.queue.front().map(|(seq, _)| *seq);
        port.inlet.hold_clock(next.map_or(u64::MAX, |seq| seq - 1));
        self.hall.touch(p);
        self.held.remove(&(lowest, p));
        if let Some(seq) = next {
            self.held.insert((seq, p));
            self.hall.queue_port(p);
        }
        true
    }

    /// Notes what a sender has promised. Returns whether that is news.
    fn promised(&mut self, l: usize, frontier: u64) -> bool {
        let berth = &mut self.hall.lanes[l];
        if frontier <= berth.passed {
            return false;
        }
        let before = std::mem::replace(&mut berth.passed, frontier);
        if self.promises.remove(&(before, l)) {
            self.promises.insert((frontier, l));
        }
        true
    }

    /// Gives up for lost the numbers that nobody will send: every source has promised so, or there is none.
    fn give_up_promised(&mut self) -> bool {
        let Some(target) = self.promised_by_all() else {
            return false;
        };
        self.hall.gate().announce_for_sources(target);
        // Who is joining by now, and may have read the limit before, is found here: see `Gate`.
        // No model shows this call: see `Connection::origin`.
        fence_at_gate();
        self.drain_control();
        if let Some(now) = self.promised_by_all() {
            self.limit = target.min(now);
            self.release_early(self.limit);
        }
        // If somebody is joining, it does not come to what was announced.
        self.hall.gate().announce_for_sources(self.limit);
        true
    }

    /// Up to which number nothing will come that has not, if that is further than what has arrived.
    fn promised_by_all(&self) -> Option<u64> {
        if self.joining > 0 {
            return None;
        }
        let target = match self.promises.first() {
            Some(&(promise, _)) => promise,
            // Everybody has left. What waits is all there is.
            None => self.early.highest()?,
        };
        (target > self.arrived).then_some(target)
    }

    /// Shows the clock, and wakes whom that concerns.
    fn publish(&mut self) {
        for i in 0..self.hall.touched.len() {
            let p = self.hall.touched[i];
            self.hall.commit(p);
        }
        let now = Clock {
            seq: Seq::from(self.arrived),
            dispatched: self.hall.dispatched,
        };
        let has_moved = now.seq > self.published.seq;
        if has_moved {
            self.published = now;
            // Messages are committed by now, or held up: who reads this clock finds them, or that.
            self.clock.publish(now);
        }
        if has_moved || self.hall.has_to_wake() {
            self.hall.check_sealed = true;
            fence_after_publishing();
            self.hall.wake_eased();
            self.hall.wake_touched();
            for inbox in self.hall.core.parked().take() {
                Hall::<T, Released<T>>::wake_parked(&inbox);
            }
        }
    }
}
