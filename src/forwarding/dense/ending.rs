//! How a wait that cannot end is ended.

use crate::Seq;
use crate::rejects::Rejected;
use crate::sync::Arc;

use super::{Dense, To};

impl<T> Dense<T> {
    /// Ends the dispatch if everybody waits for a number that nobody who is there can send. Returns whether
    /// that is so.
    pub(super) fn end_if_number_is_missing(&mut self) -> bool {
        if self.has_ended || !self.is_stuck() {
            return false;
        }
        if self.heed_promises() {
            return true;
        }
        self.has_ended = true;
        // Before anything is closed, so that everybody finds why.
        self.hall.gate().set_missing(self.arrived + 1);
        while let Some((seq, early)) = self.early.take(u64::MAX) {
            // It may have left meanwhile.
            let mut lanes = self.hall.lanes.iter().map(|(_, berth)| berth.end.lane());
            let lane = lanes.find(|lane| lane.id() == early.sender);
            let inbox = match (lane, early.to) {
                (Some(lane), _) => lane.target(),
                (None, To::Port(p)) => Some(self.hall.ports[p].inlet.inbox()),
                (None, To::All(_) | To::Nobody) => None,
            };
            let target = inbox.map(|inbox| inbox.name().to_owned());
            if let Some(lane) = lane {
                lane.count_rejected();
            }
            self.hall.hand_back(Rejected {
                seq: Seq::from(seq),
                value: early.parcel.take(),
                sender: early.sender,
                target,
            });
        }
        for l in std::mem::take(&mut self.blocked) {
            let berth = &mut self.hall.lanes[l];
            let lane = Arc::clone(berth.end.lane());
            if let Some(item) = berth.head.take() {
                self.hall.reject(&lane, item);
            }
        }
        for berth in std::mem::take(&mut self.hall.lanes) {
            let lane = Arc::clone(berth.1.end.lane());
            berth.1.end.close_into(|item| self.hall.reject(&lane, item));
        }
        self.promises.clear();
        self.ready.clear();
        self.hall.broadcast_lanes.clear();
        let ports: Vec<usize> = self.hall.ports.iter().map(|(p, _)| p).collect();
        for p in ports {
            self.hall.remove_port(p).inlet.give_up(self.arrived);
        }
        true
    }

    /// Notes what was promised after the messages that wait. Returns whether that is news.
    fn heed_promises(&mut self) -> bool {
        let mut worked = false;
        for i in 0..self.blocked.len() {
            let l = self.blocked[i];
            let berth = &self.hall.lanes[l];
            // The frontier first: see `Berth::take`.
            let frontier = berth.end.lane().frontier();
            if let (Some(head), true) = (&berth.head, berth.end.is_empty()) {
                let promise = frontier.min(head.seq - 1);
                worked |= self.promised(l, promise);
            }
        }
        worked
    }

    /// Whether every lane that might have the next number waits with one beyond the window, and that is not
    /// for want of space in an inbox.
    fn is_stuck(&self) -> bool {
        !self.blocked.is_empty()
            && self.ready.is_empty()
            && self.joining == 0
            && self.held.is_empty()
            && self
                .promises
                .iter()
                .take_while(|(promise, _)| *promise <= self.arrived)
                .all(|&(_, l)| self.hall.lanes[l].head.is_some())
    }
}
