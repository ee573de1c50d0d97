//! The engine of [`Order::Dense`](crate::Order::Dense): one window over the numbers of all lanes.

mod blocking;
mod early;
mod ending;
mod joins;
mod release;

use std::collections::{BTreeSet, VecDeque};

use crate::clock_cell::ClockWriter;
use crate::fault;
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
pub(crate) type Released<T> = VecDeque<Item<T>>;

/// A message that has come before a lower number.
///
/// In this order, a copy of the whole in 16-byte pieces has the parcel in one of them. If it were split, to read it
/// just after would wait for both pieces to get to the cache.
#[repr(C)]
struct Waiting<T> {
    parcel: Parcel<T>,
    to: To,
    /// The id of its sender. Not the lane itself, whose count its sender's core would share.
    sender: u64,
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
            let turn = self.serve_lane(l, &mut worked);
            if turn > 0 {
                self.hall.ease(l);
            }
            moved += turn;
        }
        worked || moved > 0
    }

    /// Takes in what a lane has, until it is the next one's turn. Returns how many messages were taken out; notes in
    /// `worked` whether something else has come of it.
    fn serve_lane(&mut self, l: usize, worked: &mut bool) -> usize {
        let (mut turn, mut known) = (0, 0);
        loop {
            while turn < LANE_TURN {
                let Some(item) = self.hall.lanes[l].end.pop_known(&mut known) else {
                    break;
                };
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
                    return turn;
                }
            }
            if turn == LANE_TURN {
                self.make_ready(l);
                return turn;
            }
            let end = &self.hall.lanes[l].end;
            // The frontier first: what was put in before it was raised is found by the look after it.
            let frontier = end.lane().frontier();
            if end.is_empty() {
                *worked |= self.promised(l, frontier);
                if self.hall.lanes[l].end.rest_at(frontier) {
                    self.found_empty(l);
                    return turn;
                }
            }
        }
    }

    /// Takes a message in, if its number is within the window; else keeps it as the head of its lane, and
    /// returns `false`.
    #[inline]
    fn admit(&mut self, l: usize, item: Item<T>) -> bool {
        fault::point();
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
            self.keep_head(l, item);
            return false;
        }
        // Its receiver has left, or there is no value.
        if to == To::Nobody || item.parcel.blank().is_some() {
            self.admit_nothing(l, item);
        } else if is_next {
            self.early.pass_next();
            self.arrived = seq;
            self.release(item, to);
            if !self.early.is_empty() {
                self.release_early(seq);
            }
        } else {
            let sender = berth.end.lane().id();
            let place = self.early.claim(seq);
            let parcel = item.parcel;
            *place = Some(Waiting { sender, parcel, to });
        }
        true
    }

    /// Keeps a message beyond the window as the head of its lane.
    #[cold]
    fn keep_head(&mut self, l: usize, item: Item<T>) {
        // Within the window of what has arrived, it is a receiver without space that it waits for.
        let in_arrears = self.held.first().map(|&(_, p)| p);
        let berth = &mut self.hall.lanes[l];
        berth.wait_for(in_arrears.filter(|_| item.seq - self.arrived <= self.window));
        berth.head = Some(item);
        self.blocked.push(l);
    }

    /// Takes a number in that nobody gets a message with.
    #[cold]
    fn admit_nothing(&mut self, l: usize, item: Item<T>) {
        let seq = item.seq;
        if seq - 1 == self.arrived {
            self.early.pass_next();
            self.release_early(seq);
            return;
        }
        let sender = self.hall.lanes[l].end.lane().id();
        let parcel = match item.parcel.blank() {
            Some(_) => item.parcel,
            // Nobody waits for the value.
            None => Parcel::without_value(Blank::Nothing),
        };
        let to = To::Nobody;
        *self.early.claim(seq) = Some(Waiting { sender, parcel, to });
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
