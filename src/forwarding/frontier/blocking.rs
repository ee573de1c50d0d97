//! What the driver of the engine needs.

use crate::forwarding::engine::Engine;
use crate::forwarding::hall::Hall;

use super::{Frontier, Sources};

impl<T> Engine for Frontier<T> {
    type Value = T;
    type Queue = Sources<T>;

    fn hall(&self) -> &Hall<T, Sources<T>> {
        &self.hall
    }

    fn hall_mut(&mut self) -> &mut Hall<T, Sources<T>> {
        &mut self.hall
    }

    fn work(&mut self) -> bool {
        Frontier::work(self)
    }

    fn is_settled(&mut self) -> bool {
        for i in 0..self.hall.broadcast_lanes.len() {
            let l = self.hall.broadcast_lanes[i];
            let in_arrears = self.in_arrears(l);
            let berth = &mut self.hall.lanes[l];
            // Also of a lane that is empty: what comes next is not looked at before that receiver goes on.
            berth.wait_for(in_arrears);
            if in_arrears.is_none() && berth.in_ready {
                return false;
            }
        }
        true
    }

    fn list_watched(&mut self, watched: &mut Vec<usize>) {
        let lanes = self.hall.broadcast_lanes.iter().copied();
        watched.extend(lanes.filter(|&l| self.hall.lanes[l].waits_for.is_none()));
        for (_, port) in &mut self.hall.ports {
            if port.room() > 0 {
                // Of a lane whose head waits, nothing is taken before that has gone.
                let waits = |l: usize| {
                    let feed = self.hall.lanes[l].feed;
                    !port.queue.merge.feed(feed).staged.is_empty()
                };
                watched.extend(port.lanes.iter().copied().filter(|&l| !waits(l)));
            }
        }
    }

    fn make_ready(&mut self, l: usize) {
        let berth = &mut self.hall.lanes[l];
        if std::mem::replace(&mut berth.in_ready, true) {
            return;
        }
        match berth.port {
            None => self.ready_broadcasts.push_back(l),
            Some(p) => {
                self.hall.ports[p].queue.ready.push_back(l);
                self.hall.make_runnable(p);
            }
        }
    }
}
