//! Who comes and goes.

use std::collections::VecDeque;

use crate::clock_cell::ClockWriter;
use crate::control::Newcomer;
use crate::forwarding::engine::Engine;
use crate::forwarding::joins::{Joins, told_before};
use crate::inbox::Inlet;
use crate::lane::LaneEnd;
use crate::parcel::{Blank, Parcel};
use crate::sync::Arc;

use super::{Dense, To};

impl<T> Joins for Dense<T> {
    fn joining(&mut self, _: Newcomer<T>) {
        self.joining += 1;
    }

    fn join_receiver(&mut self, inlet: Inlet<T>, lane: LaneEnd<T>, _: Option<ClockWriter>) {
        told_before(&mut self.joining);
        if self.has_ended {
            inlet.give_up(self.arrived);
            self.leftover(lane);
        } else {
            let p = self.hall.join_receiver(inlet, VecDeque::new());
            self.join(lane, Some(p));
        }
    }

    fn join_lane(&mut self, end: LaneEnd<T>) {
        told_before(&mut self.joining);
        if self.has_ended {
            // Its handle has not been told, and may have put something in already.
            self.leftover(end);
            return;
        }
        match end.lane().target().cloned() {
            None => self.join(end, None),
            Some(inbox) => {
                if let Some(p) = self.hall.open_port(&inbox) {
                    self.join(end, Some(p));
                }
            }
        }
    }

    fn leftover(&mut self, end: LaneEnd<T>) {
        let lane = Arc::clone(end.lane());
        end.close_into(|item| self.hall.reject(&lane, item));
    }

    fn closing(&mut self, p: usize) {
        for l in self.hall.ports[p].lanes.clone() {
            let berth = &mut self.hall.lanes[l];
            // This is all there will be of it, and is taken beyond the window.
            berth.left = true;
            let mut items: VecDeque<_> = berth.head.take().into_iter().collect();
            berth.end.plug(|item| items.push_back(item));
            for item in items {
                if item.parcel.blank() == Some(Blank::Promise) {
                    self.promised(l, item.seq);
                } else {
                    self.admit(l, item);
                }
            }
            self.promises.remove(&(self.hall.lanes[l].passed, l));
            self.ready.retain(|&other| other != l);
            self.blocked.retain(|&other| other != l);
            self.hall.remove_lane(l);
        }
    }

    /// The numbers of what is dropped count as having come. So do those in its lanes, which stay until their handles
    /// leave: somebody may be about to put something in.
    fn receiver_left(&mut self, p: usize) {
        let port = self.hall.remove_port(p);
        if let Some(item) = port.queue.front() {
            self.held.remove(&(item.seq, p));
        }
        drop(port.queue);
        for early in self.early.values_mut() {
            if early.to == To::Port(p) {
                early.to = To::Nobody;
                early.parcel = Parcel::without_value(Blank::Nothing);
            }
        }
        for &l in &port.lanes {
            self.hall.lanes[l].is_gone = true;
            self.look_at(l);
        }
        port.inlet.end(self.arrived);
    }

    fn has_all(&self, p: usize) -> bool {
        let port = &self.hall.ports[p];
        let comes = |to: To| match to {
            To::Port(other) => other == p,
            To::All(birth) => port.hears(birth),
            To::Nobody => false,
        };
        let lanes = &self.hall.lanes;
        port.lanes.is_empty()
            && port.queue.is_empty()
            && !(self.hall.broadcast_lanes.iter()).any(|&l| port.hears(lanes[l].birth))
            && !self.early.values().any(|early| comes(early.to))
    }

    fn end_port(&mut self, p: usize) {
        self.hall.remove_port(p).inlet.end(self.arrived);
    }
}

impl<T> Dense<T> {
    fn join(&mut self, end: LaneEnd<T>, port: Option<usize>) {
        let l = self.hall.join_lane(end, port);
        self.promises.insert((self.hall.lanes[l].passed, l));
    }

    /// A lane is empty. It is done if its handle has left; if its receiver has, only a message is left that
    /// was about to be put in then, and nobody waits for it.
    pub(super) fn found_empty(&mut self, l: usize) {
        let berth = &self.hall.lanes[l];
        if berth.is_done() {
            self.promises.remove(&(berth.passed, l));
        }
        if berth.left {
            self.hall.remove_lane(l);
        }
    }
}
