//! How broadcasts get to receivers: out of a broadcaster's lane, and into the merge of each one that it reaches.

use crate::forwarding::joins::{Joins, told_before};
use crate::item::Item;
use crate::lane::LaneEnd;
use crate::sync::Arc;

use super::{Frontier, TURN};

impl<T> Frontier<T> {
    /// A broadcaster joins.
    pub(super) fn join_broadcasts(&mut self, end: LaneEnd<T>) {
        told_before(&mut self.joining_broadcasters);
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

    /// Takes broadcasts out of their lanes, and has each receiver's share wait for its turn there.
    pub(super) fn stage_broadcasts(&mut self) -> bool {
        let mut worked = false;
        for _ in 0..self.ready_broadcasts.len() {
            let Some(l) = self.ready_broadcasts.pop_front() else {
                break;
            };
            let mut turn = 0;
            let goes_on = loop {
                if turn == TURN {
                    break true;
                }
                let in_arrears = self.in_arrears(l);
                let berth = &mut self.hall.lanes[l];
                let taken = if in_arrears.is_none() {
                    berth.take(&mut self.hall.eased)
                } else {
                    // What there is stays in the lane. If there is nothing, its frontier counts all the same:
                    // receivers that are not in arrears go on.
                    let frontier = berth.end.lane().frontier();
                    if !berth.end.is_empty() {
                        berth.wait_for(in_arrears);
                        break true;
                    }
                    Err(frontier)
                };
                berth.wait_for(None);
                match taken {
                    Ok(item) => {
                        // After the message is taken and before it is dealt out: a receiver that joined
                        // before it was sent is known now, and gets it.
                        self.drain_control();
                        self.deal_out(l, item);
                        turn += 1;
                    }
                    Err(frontier) => {
                        worked |= self.broadcaster_passed(l, frontier);
                        if !self.hall.lanes[l].end.rest_at(frontier) {
                            continue;
                        }
                        self.hall.lanes[l].in_ready = false;
                        if self.hall.lanes[l].left {
                            self.remove_broadcaster(l);
                        }
                        break false;
                    }
                }
            };
            worked |= turn > 0;
            if goes_on {
                self.ready_broadcasts.push_back(l);
            }
        }
        worked
    }

    /// A receiver that a broadcaster reaches and that cannot have one more share wait.
    pub(super) fn in_arrears(&self, l: usize) -> Option<usize> {
        let berth = &self.hall.lanes[l];
        let most = berth.end.lane().capacity();
        let mut ports = self.hall.ports.iter();
        let found = ports.find(|(_, port)| {
            let waits = |f| port.queue.merge.feed(f).staged.len() >= most;
            port.hears(berth.birth) && port.queue.feed_of(l).is_some_and(waits)
        });
        found.map(|(p, _)| p)
    }

    fn deal_out(&mut self, l: usize, item: Item<T>) {
        let berth = &mut self.hall.lanes[l];
        let seq = item.seq;
        if seq <= berth.passed {
            let lane = Arc::clone(berth.end.lane());
            self.hall.reject(&lane, item);
            return;
        }
        berth.took(seq);
        let birth = berth.birth;
        self.hall.dispatched += 1;
        let targets: Vec<usize> = self
            .hall
            .ports
            .iter()
            .filter_map(|(p, port)| {
                (port.hears(birth) && port.queue.start < seq && port.queue.feed_of(l).is_some())
                    .then_some(p)
            })
            .collect();
        for (&p, share) in targets.iter().zip(item.parcel.shares(targets.len())) {
            let sources = &mut self.hall.ports[p].queue;
            if let Some(f) = sources.feed_of(l) {
                sources
                    .merge
                    .change(f, |feed| feed.staged.push_back(Item { seq, parcel: share }));
            }
            self.hall.make_runnable(p);
        }
    }

    /// Notes that a broadcaster sends nothing up to `frontier` any more. Returns whether that is news.
    fn broadcaster_passed(&mut self, l: usize, frontier: u64) -> bool {
        let berth = &mut self.hall.lanes[l];
        let passed = berth.passed.max(frontier);
        berth.passed = passed;
        let mut reached = Vec::new();
        for (p, port) in &mut self.hall.ports {
            let Some(f) = port.queue.feed_of(l) else {
                continue;
            };
            if port.queue.merge.feed(f).passed < passed {
                port.queue.merge.change(f, |feed| feed.passed = passed);
                reached.push(p);
            }
        }
        for &p in &reached {
            self.hall.make_runnable(p);
        }
        !reached.is_empty()
    }

    /// Gives up the lane of a broadcaster. What was dealt out still arrives.
    fn remove_broadcaster(&mut self, l: usize) {
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
}
