//! The engine of [`Order::Frontier`](crate::Order::Frontier): a merge for each receiver.

mod blocking;
mod broadcasts;
mod clocks;
mod joins;
mod sources;

use std::collections::VecDeque;

use crate::clock_cell::ClockWriter;
use crate::gate::fence_at_gate;
use crate::item::Item;
use crate::sync::Arc;
use crate::{Clock, Seq};

use super::hall::{Hall, Port};
use super::heap::Heap;
use super::joins::Joins;
pub(crate) use sources::Sources;

/// How many messages a receiver gets, and how many are taken out of a broadcaster's lane, before it is the
/// next one's turn.
const TURN: usize = 256;
/// How many receivers have a turn in a step.
const PORTS: usize = 64;

/// Why no more of a source is delivered for now.
enum Pause<T> {
    /// What is next, if there is anything, waits for its turn.
    Waits,
    /// The source has left, and everything of it is delivered.
    Done,
    /// There may be more in its lane.
    MayGoOn,
    /// Its lane is empty, and its sender at this frontier.
    Empty(u64),
    /// What is next is late.
    Late(Item<T>),
}

/// The engine.
pub(crate) struct Frontier<T> {
    hall: Hall<T, Sources<T>>,
    /// The dispatcher's clock.
    clock: ClockWriter,
    /// The clocks of all receivers, by their ports.
    clocks: Heap<u64>,
    /// What the dispatcher's clock shows: all receivers have got there.
    published: Clock,
    /// How far it may go, as announced to receivers.
    limit: u64,
    /// How far the receivers' clocks may go at most.
    sources_limit: u64,
    /// What is announced of that to broadcasters; it may not come to it.
    sources_proposed: u64,
    /// How many receivers are about to join.
    joining_receivers: usize,
    /// How many broadcasters are about to join.
    joining_broadcasters: usize,
    /// Lanes of broadcasters that have something, the next in turn first.
    ready_broadcasts: VecDeque<usize>,
    /// Ports whose clock has moved in this step.
    moved: Vec<usize>,
    /// Whose turn it is in this step. Kept for its memory.
    batch: Vec<usize>,
}

impl<T> Frontier<T> {
    pub(crate) fn new(hall: Hall<T, Sources<T>>, clock: ClockWriter, start: u64) -> Self {
        Self {
            hall,
            clock,
            clocks: Heap::new(),
            published: Clock {
                seq: Seq::from(start),
                dispatched: 0,
            },
            limit: start,
            sources_limit: start,
            sources_proposed: start,
            joining_receivers: 0,
            joining_broadcasters: 0,
            ready_broadcasts: VecDeque::new(),
            moved: Vec::new(),
            batch: Vec::new(),
        }
    }

    /// Does what can be done at once. Returns whether that was anything.
    fn work(&mut self) -> bool {
        let mut worked = self.take_signals();
        worked |= self.stage_broadcasts();
        self.hall.poll_blocked();
        let mut batch = std::mem::take(&mut self.batch);
        while batch.len() < PORTS {
            let Some(p) = self.hall.next_runnable() else {
                break;
            };
            batch.push(p);
        }
        let mut announced = self.announce_for_receivers();
        for &p in &batch {
            worked |= self.refresh(p);
            announced |= self.announce(p);
        }
        if announced {
            // Who is joining by now, and may have read the limits before, is found here: see `Gate`.
            // No model shows this call: see `Connection::origin`.
            fence_at_gate();
            worked |= self.drain_control();
        }
        for p in batch.drain(..) {
            // It may have left just now.
            if self.hall.ports.contains(p) {
                worked |= self.deliver(p);
            }
        }
        self.batch = batch;
        if self.sources_proposed != self.sources_limit {
            self.sources_proposed = self.sources_limit;
            self.hall.gate().announce_for_sources(self.sources_limit);
        }
        worked |= self.publish();
        worked |= self.end_sealed();
        worked
    }

    /// Looks into the ready lanes of a receiver's own senders. Returns whether there was anything.
    fn refresh(&mut self, p: usize) -> bool {
        let mut worked = false;
        for _ in 0..self.hall.ports[p].queue.ready.len() {
            let port = &mut self.hall.ports[p];
            let has_room = port.room() > 0;
            let Some(l) = port.queue.ready.pop_front() else {
                break;
            };
            let berth = &mut self.hall.lanes[l];
            let taken = if has_room {
                berth.take(&mut self.hall.eased)
            } else {
                // What there is stays in the lane. If there is nothing, its frontier counts all the same.
                let frontier = berth.end.lane().frontier();
                if !berth.end.is_empty() {
                    port.queue.ready.push_back(l);
                    continue;
                }
                Err(frontier)
            };
            worked = true;
            match taken {
                Ok(item) => self.stage(p, l, item),
                Err(frontier) => self.found_empty(p, l, frontier),
            }
        }
        worked
    }

    /// Has a message that was taken out of a lane wait for its turn.
    fn stage(&mut self, p: usize, l: usize, item: Item<T>) {
        let berth = &mut self.hall.lanes[l];
        if item.seq <= berth.passed {
            berth.in_ready = true;
            let lane = Arc::clone(berth.end.lane());
            self.hall.reject(&lane, item);
            self.hall.ports[p].queue.ready.push_back(l);
            self.hall.make_runnable(p);
            return;
        }
        berth.took(item.seq);
        berth.in_ready = false;
        let merge = &mut self.hall.ports[p].queue.merge;
        merge.change(berth.feed, |feed| feed.staged.push_back(item));
    }

    /// A lane is empty, and its sender at `frontier`.
    fn found_empty(&mut self, p: usize, l: usize, frontier: u64) {
        let sources = &mut self.hall.ports[p].queue;
        let berth = &mut self.hall.lanes[l];
        berth.passed = berth.passed.max(frontier);
        sources
            .merge
            .change(berth.feed, |feed| feed.passed = berth.passed);
        if !berth.end.rest_at(frontier) {
            berth.in_ready = true;
            sources.ready.push_back(l);
            self.hall.make_runnable(p);
            return;
        }
        berth.in_ready = false;
        if berth.left {
            sources.highest = sources.highest.max(berth.passed);
            sources.merge.leave(berth.feed);
            self.hall.remove_lane(l);
        }
    }

    /// Delivers what is due to a receiver, and moves its clock. Returns whether there was anything.
    fn deliver(&mut self, p: usize) -> bool {
        let port = &mut self.hall.ports[p];
        let is_held = port.queue.joining + self.joining_broadcasters > 0;
        if is_held {
            // Somebody is joining, who may have read what was announced before. So it does not come to that;
            // it is to be announced anew, and looked again who is joining.
            port.inlet.inbox().announce_limit(port.queue.limit);
            port.queue.proposed = port.queue.limit;
        } else {
            port.queue.limit = port.queue.proposed;
            self.sources_limit = self.sources_limit.max(port.queue.limit);
        }
        let cap = port.queue.limit;
        let mut left = port.room().min(TURN);
        let mut delivered = 0;
        while left > 0 {
            let Some((f, upto)) = self.hall.ports[p].queue.merge.due(cap) else {
                break;
            };
            let count = self.run(p, f, upto, left);
            delivered += count;
            left -= count;
        }
        let mut moved = delivered > 0;
        if delivered > 0 {
            self.hall.commit(p);
        }
        let sources = &mut self.hall.ports[p].queue;
        sources.delivered += delivered as u64;
        let hold = sources.merge.hold();
        let now = hold.map_or(sources.published, |hold| hold.min(cap));
        if now > sources.published {
            self.clocks.change(p, now);
            sources.published = now;
            sources.clock.publish(Clock {
                seq: Seq::from(now),
                dispatched: sources.delivered,
            });
            self.moved.push(p);
            moved = true;
        }
        let port = &mut self.hall.ports[p];
        if !is_held && port.room() == 0 && port.queue.published < port.queue.limit {
            // It does not come to what was announced for now, and a sender that joins is to start at the clock.
            port.queue.limit = port.queue.published;
            port.queue.proposed = port.queue.published;
            port.inlet.inbox().announce_limit(port.queue.published);
        }
        let sources = &self.hall.ports[p].queue;
        if sources.merge.due(cap).is_some() || !sources.ready.is_empty() {
            self.hall.queue_port(p);
        } else if !is_held && hold > Some(cap) {
            // It can go on when that is announced.
            self.hall.make_runnable(p);
        }
        moved
    }

    /// Delivers the messages of one source, up to the one after `upto` and no more than `most`. Returns how
    /// many.
    fn run(&mut self, p: usize, f: usize, upto: u64, most: usize) -> usize {
        let hall = &mut self.hall;
        let Port { inlet, queue, .. } = &mut hall.ports[p];
        let l = queue.merge.feed(f).lane;
        let mut count = 0;
        // Where the source then belongs is looked for once, not for each message.
        let pause = queue.merge.change(f, |feed| {
            while let Some(first) = feed.staged.front() {
                if count == most || first.seq - 1 > upto {
                    return Pause::Waits;
                }
                queue.highest = first.seq;
                inlet.push(feed.staged.pop_front().expect("it is the first one"));
                count += 1;
            }
            if feed.closing {
                return Pause::Done;
            }
            let berth = &mut hall.lanes[l];
            feed.passed = berth.passed;
            if berth.port.is_none() {
                // A broadcaster's lane is not this receiver's to look into.
                return Pause::Waits;
            }
            while count < most {
                match berth.take(&mut hall.eased) {
                    Ok(item) if item.seq <= berth.passed => return Pause::Late(item),
                    Ok(item) => {
                        berth.took(item.seq);
                        if item.seq - 1 > upto {
                            feed.staged.push_back(item);
                            return Pause::Waits;
                        }
                        feed.passed = berth.passed;
                        queue.highest = item.seq;
                        inlet.push(item);
                        count += 1;
                    }
                    Err(frontier) => return Pause::Empty(frontier),
                }
            }
            Pause::MayGoOn
        });
        if !queue.merge.feed(f).closing && hall.lanes[l].port.is_some() {
            // Others were counted when they were dealt out, or when the receiver was closed.
            hall.dispatched += count as u64;
        }
        match pause {
            Pause::Waits => {}
            Pause::Done => {
                queue.merge.leave(f);
                hall.check_sealed = true;
            }
            Pause::MayGoOn => {
                hall.lanes[l].in_ready = true;
                queue.ready.push_back(l);
            }
            Pause::Empty(frontier) => self.found_empty(p, l, frontier),
            Pause::Late(item) => self.stage(p, l, item),
        }
        count
    }
}
