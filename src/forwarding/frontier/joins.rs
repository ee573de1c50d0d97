//! Who comes and goes.

use crate::control::{Control, Newcomer};
use crate::inbox::Inbox;
use crate::lane::{Lane, LaneEnd};
use crate::signal_list::Linked;
use crate::sync::Arc;

use super::{Frontier, Sources};

impl<T> Frontier<T> {
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
            Control::Joining(Newcomer::Receiver) => self.joining_receivers += 1,
            Control::Joining(Newcomer::Broadcaster) => self.joining_broadcasters += 1,
            Control::Joining(Newcomer::Sender(inbox)) => {
                if let Some(p) = self.hall.open_port(&inbox) {
                    self.hall.ports[p].queue.joining += 1;
                }
            }
            Control::Channel { inlet, lane, clock } => {
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
            Control::Lane(end) => match end.lane().target().cloned() {
                None => self.join_broadcasts(end),
                Some(inbox) => {
                    // If the receiver has left or ended, the lane is closed as its end is dropped.
                    if let Some(p) = self.hall.open_port(&inbox) {
                        self.hall.ports[p].queue.joining -= 1;
                        self.join_port(end, p);
                    }
                }
            },
            Control::LaneLeft(lane) => self.lane_left(&lane),
            Control::Orphaned(inbox) => self.hall.seal(&inbox),
            Control::Closing(inbox) => self.closing(&inbox),
            Control::ReceiverLeft(inbox) => self.receiver_left(&inbox),
            Control::Space(inbox) => {
                if let Some(p) = inbox.slot().get() {
                    self.hall.make_runnable(p);
                }
            }
            // Nothing is handed back here: dropping the end drops what there is.
            Control::Leftover(_) => {}
            // The lane is on the list of ready ones.
            Control::Advanced => {}
            #[cfg(test)]
            Control::Die => panic!("the engine dies, on purpose"),
        }
    }

    fn join_port(&mut self, end: LaneEnd<T>, p: usize) {
        let l = self.hall.join_lane(end, Some(p));
        let berth = &mut self.hall.lanes[l];
        let passed = berth.passed;
        let port = &mut self.hall.ports[p];
        berth.feed = port.queue.merge.join(l, passed);
        port.propose_at_most(passed);
        self.hall.make_runnable(p);
    }

    fn join_broadcasts(&mut self, end: LaneEnd<T>) {
        self.joining_broadcasters -= 1;
        let l = self.hall.join_lane(end, None);
        let (birth, passed) = (self.hall.lanes[l].birth, self.hall.lanes[l].passed);
        let mut reached = Vec::new();
        for (p, port) in &mut self.hall.ports {
            reached.push(p);
            if port.hears(birth) {
                let f = port.queue.merge.join(l, passed.max(port.queue.start));
                port.queue.broadcasters.insert(l, f);
                port.propose_at_most(passed);
            }
        }
        // They were held up meanwhile.
        for p in reached {
            self.hall.make_runnable(p);
        }
    }

    fn lane_left(&mut self, lane: &Arc<Lane<T>>) {
        let Some(l) = lane.slot().get() else {
            return;
        };
        self.hall.lanes[l].left = true;
        // It is done when it is next found empty, so it has to be looked at.
        if lane.link().claim() {
            self.make_ready(l);
        }
    }

    /// Gives up the lane of a broadcaster. What was dealt out still arrives.
    pub(super) fn remove_broadcaster(&mut self, l: usize) {
        let berth = self.hall.remove_lane(l);
        let mut reached = Vec::new();
        for (p, port) in &mut self.hall.ports {
            let Some(f) = port.queue.broadcasters.remove(&l) else {
                continue;
            };
            reached.push(p);
            port.queue.source_left(f, berth.passed);
        }
        for p in reached {
            self.hall.make_runnable(p);
        }
    }

    /// Ends the inboxes that have got all that was sent to them. Returns whether there were any.
    pub(super) fn end_sealed(&mut self) -> bool {
        if !std::mem::take(&mut self.hall.check_sealed) {
            return false;
        }
        let ports = &self.hall.ports;
        let ended: Vec<usize> = self
            .hall
            .sealed
            .iter()
            .copied()
            .filter(|&p| ports[p].queue.merge.is_empty())
            .collect();
        for &p in &ended {
            self.remove_port(p);
        }
        !ended.is_empty()
    }

    /// Has the sources of a receiver that closes count as having left, with what is in their lanes waiting for its
    /// turn. Whoever is blocked on one of them gets the value back.
    fn closing(&mut self, inbox: &Inbox<T>) {
        let Some(p) = inbox.slot().get() else {
            return;
        };
        let sources = &mut self.hall.ports[p].queue;
        sources.ready.clear();
        sources.joining = 0;
        let broadcasters = std::mem::take(&mut sources.broadcasters);
        for (l, f) in broadcasters {
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
                    feed.staged.push_back((item.seq, item.parcel))
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
        self.hall.seal_closed(p);
        self.hall.make_runnable(p);
    }

    fn receiver_left(&mut self, inbox: &Arc<Inbox<T>>) {
        if let Some(p) = inbox.slot().get() {
            self.remove_port(p);
        }
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
