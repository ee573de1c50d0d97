//! Who comes and goes.

use crate::clock_cell::ClockWriter;
use crate::control::Newcomer;
use crate::forwarding::joins::{Joins, told_before};
use crate::inbox::Inlet;
use crate::lane::LaneEnd;

use super::{Frontier, Sources};

impl<T> Joins for Frontier<T> {
    fn joining(&mut self, newcomer: Newcomer<T>) {
        match newcomer {
            Newcomer::Receiver => self.joining_receivers += 1,
            Newcomer::Broadcaster => self.joining_broadcasters += 1,
            Newcomer::Sender(inbox) => {
                if let Some(p) = self.hall.open_port(&inbox) {
                    self.hall.ports[p].queue.joining += 1;
                }
            }
        }
    }

    fn join_receiver(&mut self, inlet: Inlet<T>, lane: LaneEnd<T>, clock: Option<ClockWriter>) {
        told_before(&mut self.joining_receivers);
        let start = lane.lane().origin();
        let clock = clock.expect("each receiver has a clock of its own");
        let p = self.hall.join_receiver(inlet, Sources::new(clock, start));
        self.clocks.insert(p, start);
        for &l in &self.hall.broadcast_lanes {
            let sources = &mut self.hall.ports[p].queue;
            let passed = self.hall.lanes[l].passed.max(start);
            let f = sources.merge.join(l, passed);
            sources.broadcasters.insert(l, f);
        }
        self.join_port(lane, p);
    }

    fn join_lane(&mut self, end: LaneEnd<T>) {
        match end.lane().target().cloned() {
            None => self.join_broadcasts(end),
            Some(inbox) => {
                // If the receiver has left or ended, the lane is closed as its end is dropped.
                if let Some(p) = self.hall.open_port(&inbox) {
                    told_before(&mut self.hall.ports[p].queue.joining);
                    self.join_port(end, p);
                }
            }
        }
    }

    /// Nothing is handed back here: dropping the end drops what there is.
    fn leftover(&mut self, _: LaneEnd<T>) {}

    /// Its sources count as having left, and what is in their lanes waits for its turn.
    fn closing(&mut self, p: usize) {
        let sources = &mut self.hall.ports[p].queue;
        sources.ready.clear();
        sources.joining = 0;
        for (l, f) in std::mem::take(&mut sources.broadcasters) {
            let passed = self.hall.lanes[l].passed;
            self.hall.ports[p].queue.source_left(f, passed);
        }
        for l in std::mem::take(&mut self.hall.ports[p].lanes) {
            let mut berth = self.hall.lanes.remove(l);
            let mut late = Vec::new();
            let merge = &mut self.hall.ports[p].queue.merge;
            self.hall.dispatched += merge.feed(berth.feed).staged.len() as u64;
            let (mut passed, has_ties) = (berth.passed, berth.end.lane().has_ties());
            berth.end.plug(|item| {
                if item.seq <= passed {
                    late.push(item);
                    return;
                }
                passed = if has_ties { item.seq - 1 } else { item.seq };
                self.hall.dispatched += 1;
                merge.change(berth.feed, |feed| {
                    feed.staged.push_back(item);
                });
            });
            for item in late {
                self.hall.reject(berth.end.lane(), item);
            }
            berth.passed = passed.max(berth.end.lane().frontier());
            self.hall.ports[p]
                .queue
                .source_left(berth.feed, berth.passed);
        }
        self.hall.make_runnable(p);
    }

    fn receiver_left(&mut self, p: usize) {
        self.remove_port(p);
    }

    fn has_all(&self, p: usize) -> bool {
        self.hall.ports[p].queue.merge.is_empty()
    }

    fn end_port(&mut self, p: usize) {
        self.remove_port(p);
    }
}

impl<T> Frontier<T> {
    fn join_port(&mut self, end: LaneEnd<T>, p: usize) {
        let l = self.hall.join_lane(end, Some(p));
        let berth = &mut self.hall.lanes[l];
        let passed = berth.passed;
        let port = &mut self.hall.ports[p];
        berth.feed = port.queue.merge.join(l, passed);
        port.propose_at_most(passed);
        self.hall.make_runnable(p);
    }

    /// Gives up a port with its lanes. What is in them, or waits for its turn, is dropped; whoever is blocked
    /// on one gets the value back.
    fn remove_port(&mut self, p: usize) {
        let port = self.hall.remove_port(p);
        self.clocks.remove(p);
        for &l in &port.lanes {
            self.hall.lanes.remove(l);
        }
        let last = port.queue.highest.max(port.queue.published);
        port.inlet.end(last);
    }
}
