//! Who comes and goes.

use crate::control::Control;
use crate::fault;
use crate::inbox::Inbox;
use crate::lane::{Lane, LaneEnd};
use crate::signal_list::Linked;
use crate::sync::{Arc, channel};

use super::port::Port;
use super::{Berth, Engine, number};

impl<T> Engine<T> {
    /// Handles what handles have told. Returns whether there was anything.
    pub(super) fn drain_control(&mut self) -> bool {
        let mut worked = false;
        // Mostly there is nothing, and to find that out by taking something costs a fence.
        while !self.control.is_empty() {
            worked |= self.hear();
        }
        worked
    }

    /// Handles the next thing that a handle has told, or finds out that all handles are gone. Returns whether there
    /// was anything told.
    pub(super) fn hear(&mut self) -> bool {
        match self.control.try_recv() {
            Ok(control) => {
                self.handle(control);
                true
            }
            Err(error) => {
                self.finished = error == channel::TryRecvError::Disconnected;
                false
            }
        }
    }

    fn handle(&mut self, control: Control<T>) {
        fault::point();
        match control {
            Control::Channel { inlet, lane, .. } => {
                let inbox = Arc::clone(inlet.inbox());
                let p = self.ports.insert(Port::new(inlet));
                inbox.slot().set(p);
                self.join_port(lane, p);
            }
            Control::Lane(end) => match end.lane().target().cloned() {
                None => self.join_broadcasts(end),
                Some(inbox) => match inbox.slot().get() {
                    Some(p) if self.ports[p].sealed.is_none() => self.join_port(end, p),
                    // The receiver has left or ended. The lane is closed as its end is dropped.
                    _ => drop(end),
                },
            },
            Control::LaneLeft(lane) => self.lane_left(&lane),
            Control::Orphaned(inbox) => self.orphaned(&inbox),
            Control::Closing(inbox) => self.closing(&inbox),
            Control::ReceiverLeft(inbox) => self.receiver_left(&inbox),
            Control::Space(inbox) => {
                if let Some(p) = inbox.slot().get() {
                    self.queue_port(p);
                }
            }
            // Of forwarding dispatches.
            Control::Joining(_) | Control::Leftover(_) | Control::Advanced => {}
            #[cfg(all(test, not(loom)))]
            Control::Die => panic!("the engine dies, on purpose"),
        }
    }

    fn join_port(&mut self, end: LaneEnd<T>, p: usize) {
        let l = self.join(end, Some(p));
        self.ports[p].lanes.push(l);
    }

    fn join_broadcasts(&mut self, end: LaneEnd<T>) {
        self.births += 1;
        let l = self.join(end, None);
        self.broadcast_lanes.push(l);
    }

    fn join(&mut self, end: LaneEnd<T>, port: Option<usize>) -> usize {
        let lane = Arc::clone(end.lane());
        let l = self.lanes.insert(Berth {
            end,
            port,
            birth: self.births,
            left: false,
            in_ready: false,
        });
        lane.slot().set(l);
        l
    }

    fn lane_left(&mut self, lane: &Arc<Lane<T>>) {
        let Some(l) = lane.slot().get() else {
            return;
        };
        self.lanes[l].left = true;
        // It is done when it is next found empty, so it has to be looked at.
        if lane.link().claim() {
            self.make_ready(l);
        }
    }

    /// Seals a port that has no source left: it ends when it has got what is in the lanes by now.
    fn orphaned(&mut self, inbox: &Inbox<T>) {
        if let Some(p) = inbox.slot().get() {
            self.seal(p, self.births);
        }
    }

    /// Seals a port for all but the broadcasters that had joined as the first `births`.
    fn seal(&mut self, p: usize, births: u64) {
        let port = &mut self.ports[p];
        match port.sealed {
            None => {
                port.sealed = Some(births);
                self.sealed.push(p);
            }
            Some(before) => port.sealed = Some(before.min(births)),
        }
        self.check_sealed = true;
    }

    /// Gives the messages for a receiver that closes their numbers, and has those wait that there is no space for.
    /// Whoever is blocked on one of its lanes gets the value back.
    fn closing(&mut self, inbox: &Inbox<T>) {
        let Some(p) = inbox.slot().get() else {
            return;
        };
        let before = self.seq;
        let port = &mut self.ports[p];
        port.ready.clear();
        for l in std::mem::take(&mut port.lanes) {
            let berth = self.lanes.remove(l);
            berth.end.plug(|item| {
                number(item.parcel, &mut self.seq, &mut self.numbered, |seq, it| {
                    port.deliver_or_keep(seq, it);
                });
            });
        }
        self.dispatched += self.seq - before;
        self.delivered(p);
        self.queue_port(p);
        // It hears no broadcaster either.
        self.seal(p, 0);
    }

    /// Ends the inboxes that have got all that was sent to them. Returns whether there were any.
    pub(super) fn end_sealed(&mut self) -> bool {
        if !std::mem::take(&mut self.check_sealed) {
            return false;
        }
        let ended: Vec<usize> = self
            .sealed
            .iter()
            .copied()
            .filter(|&p| self.has_all(p))
            .collect();
        for &p in &ended {
            self.remove_port(p);
        }
        !ended.is_empty()
    }

    fn has_all(&self, p: usize) -> bool {
        let port = &self.ports[p];
        // Broadcasters that reach a sealed port have left, or leave before it ends; as long as their lanes are
        // here they may have something to deliver.
        port.lanes.is_empty()
            && !port.has_rest()
            && !self
                .broadcast_lanes
                .iter()
                .any(|&l| port.hears(self.lanes[l].birth))
    }

    fn receiver_left(&mut self, inbox: &Arc<Inbox<T>>) {
        if let Some(p) = inbox.slot().get() {
            self.remove_port(p);
        }
    }

    /// Gives up a port with its lanes. What is in them is dropped; whoever is blocked on one gets the
    /// value back.
    fn remove_port(&mut self, p: usize) {
        let port = self.ports.remove(p);
        for queue in [&mut self.runnable, &mut self.blocked] {
            queue.retain(|&other| other != p);
        }
        for list in [&mut self.full, &mut self.touched, &mut self.sealed] {
            list.retain(|&other| other != p);
        }
        for &l in &port.lanes {
            self.lanes.remove(l);
        }
        fault::point();
        port.inlet.inbox().slot().clear();
        port.inlet.end(self.seq);
    }
}
