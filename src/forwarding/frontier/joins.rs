//! Who comes and goes.

use crate::clock_cell::ClockWriter;
use crate::control::Newcomer;
use crate::forwarding::joins::Joins;
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
        self.joining_receivers -= 1;
        let start = lane.lane().origin();
        let clock = clock.expect("each receiver has a clock of its own");
        let p = self.hall.join_receiver(inlet, Sources::new(clock, start));
        self.clocks.insert((start, p));
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
                    self.hall.ports[p].queue.joining -= 1;
                    self.join_port(end, p);
                }
            }
        }
    }

    /// Nothing is handed back here: dropping the end drops what there is.
    fn leftover(&mut self, _: LaneEnd<T>) {}

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
        self.clocks.remove(&(port.queue.published, p));
        for &l in &port.lanes {
            self.hall.lanes.remove(l);
        }
        let last = port.queue.highest.max(port.queue.published);
        port.inlet.end(last);
    }
}
