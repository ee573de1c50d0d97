//! Who comes and goes.

use std::collections::VecDeque;

use crate::control::Control;
use crate::inbox::Inbox;
use crate::lane::{Lane, LaneEnd};
use crate::parcel::{Blank, Parcel};
use crate::signal_list::Linked;
use crate::sync::Arc;

use super::{Dense, To};

impl<T> Dense<T> {
    /// Handles what handles have told. Returns whether there was anything.
    pub(super) fn drain_control(&mut self) -> bool {
        let mut worked = false;
        while let Some(control) = self.hall.told() {
            worked = true;
            self.handle(control);
        }
        worked
    }

    fn handle(&mut self, control: Control<T>) {
        match control {
            Control::Joining(_) => self.joining += 1,
            Control::Channel { inlet, lane, .. } => {
                self.joining -= 1;
                if self.has_ended {
                    // The lane is closed as its end is dropped.
                    inlet.give_up(self.arrived);
                } else {
                    let p = self.hall.join_receiver(inlet, VecDeque::new());
                    self.join(lane, Some(p));
                }
            }
            Control::Lane(end) => {
                self.joining -= 1;
                if self.has_ended {
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
            Control::Leftover(end) => {
                let lane = Arc::clone(end.lane());
                end.close_into(|item| self.hall.reject(&lane, item));
            }
            Control::LaneLeft(lane) => self.lane_left(&lane),
            Control::Orphaned(inbox) => self.hall.seal(&inbox),
            Control::Closing(inbox) => self.closing(&inbox),
            Control::ReceiverLeft(inbox) => self.receiver_left(&inbox),
            Control::Space(inbox) => {
                if let Some(p) = inbox.slot().get() {
                    self.hall.make_runnable(p);
                }
            }
            // The lane is on the list of ready ones.
            Control::Advanced => {}
            #[cfg(test)]
            Control::Die => panic!("the engine dies, on purpose"),
        }
    }

    fn join(&mut self, end: LaneEnd<T>, port: Option<usize>) {
        let l = self.hall.join_lane(end, port);
        self.promises.insert((self.hall.lanes[l].passed, l));
    }

    fn lane_left(&mut self, lane: &Arc<Lane<T>>) {
        let Some(l) = lane.slot().get() else {
            return;
        };
        self.hall.lanes[l].left = true;
        self.look_at(l);
    }

    /// Has a lane looked at, though it has not been signalled.
    fn look_at(&mut self, l: usize) {
        if self.hall.lanes[l].end.lane().link().claim() {
            self.make_ready(l);
        }
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

    /// Takes what is in the lanes of a receiver that closes, and gives them up. Whoever is blocked on one of them
    /// gets the value back.
    fn closing(&mut self, inbox: &Inbox<T>) {
        let Some(p) = inbox.slot().get() else {
            return;
        };
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
        self.hall.seal_closed(p);
    }

    /// Gives up a port. What waits for it is dropped, and its numbers count as having come. So do those in its
    /// lanes, which stay until their handles leave: somebody may be about to put something in.
    fn receiver_left(&mut self, inbox: &Arc<Inbox<T>>) {
        let Some(p) = inbox.slot().get() else {
            return;
        };
        let port = self.hall.remove_port(p);
        if let Some(&(seq, _)) = port.queue.front() {
            self.held.remove(&(seq, p));
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

    /// Ends the inboxes that have got all that was sent to them. Returns whether there were any.
    pub(super) fn end_sealed(&mut self) -> bool {
        if !std::mem::take(&mut self.hall.check_sealed) || self.hall.sealed.is_empty() {
            return false;
        }
        let sealed = self.hall.sealed.iter().copied();
        let ended: Vec<usize> = sealed.filter(|&p| self.has_all(p)).collect();
        for &p in &ended {
            let port = self.hall.remove_port(p);
            port.inlet.end(self.arrived);
        }
        !ended.is_empty()
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
}
