//! What a driver needs.

use crate::control::Control;
use crate::driver::Drive;
use crate::item::Item;
use crate::signal_list::Linked;
use crate::sync::channel;

use super::Frontier;

impl<T> Drive<T> for Frontier<T> {
    fn step(&mut self) -> bool {
        self.work()
    }

    fn is_finished(&self) -> bool {
        self.hall.finished
    }

    fn prepare_to_block(&mut self, watched: &mut Vec<usize>) -> bool {
        watched.clear();
        if self.hall.ask_for_space() {
            return false;
        }
        for i in 0..self.hall.broadcast_lanes.len() {
            let l = self.hall.broadcast_lanes[i];
            if self.in_arrears(l).is_none() {
                if self.hall.lanes[l].in_ready {
                    return false;
                }
                watched.push(l);
            }
        }
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
        true
    }

    fn lanes(&self) -> usize {
        self.hall.lanes.len()
    }

    fn control(&self) -> &channel::Receiver<Control<T>> {
        &self.hall.control
    }

    fn queue(&self, l: usize) -> &channel::Receiver<Item<T>> {
        self.hall.lanes[l].end.queue()
    }

    fn notice(&mut self, l: usize) -> bool {
        let claimed = self.hall.lanes[l].end.lane().link().claim();
        if claimed {
            self.make_ready(l);
        }
        claimed
    }
}
