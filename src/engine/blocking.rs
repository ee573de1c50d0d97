//! What a driver needs to know before it blocks.

use crate::control::Control;
use crate::driver::Drive;
use crate::item::Item;
use crate::signal_list::Linked;
use crate::sync::channel;

use super::Engine;

impl<T> Drive<T> for Engine<T> {
    fn step(&mut self) -> bool {
        self.work(None)
    }

    fn step_for(&mut self, receiver: usize) -> bool {
        self.work(Some(receiver))
    }

    fn is_finished(&self) -> bool {
        self.finished
    }

    /// Receivers that are full are asked to say on the control lane when they have space.
    fn settle(&mut self) -> bool {
        if self.hear() {
            return false;
        }
        let mut i = 0;
        while let Some(&p) = self.full.get(i) {
            if self.ports[p].inlet.ask_for_space() {
                self.full.swap_remove(i);
                self.ports[p].in_full = false;
                self.queue_port(p);
            } else {
                i += 1;
            }
        }
        if !self.runnable.is_empty() {
            return false;
        }
        for i in 0..self.ready_broadcasts.len() {
            let birth = self.lanes[self.ready_broadcasts[i]].birth;
            if self.broadcast_fits(birth) {
                return false;
            }
            if self.sealed.is_empty() {
                // The others wait for the same receivers.
                break;
            }
        }
        true
    }

    /// The lanes to be watched are those whose targets have space.
    fn prepare_to_block(&mut self, watched: &mut Vec<usize>) -> bool {
        watched.clear();
        if !self.settle() {
            return false;
        }
        // All broadcasters that reach the same receivers fare alike: ask once for those that joined
        // after the last seal.
        let newest = self.broadcast_lanes.is_empty() || self.broadcast_fits(u64::MAX);
        for i in 0..self.broadcast_lanes.len() {
            let l = self.broadcast_lanes[i];
            let fits =
                newest && (self.sealed.is_empty() || self.broadcast_fits(self.lanes[l].birth));
            if fits {
                if self.lanes[l].in_ready {
                    return false;
                }
                watched.push(l);
            }
        }
        for (_, port) in &mut self.ports {
            if port.room() > 0 {
                watched.extend_from_slice(&port.lanes);
            }
        }
        true
    }

    fn lanes(&self) -> usize {
        self.lanes.len()
    }

    fn control(&self) -> &channel::Receiver<Control<T>> {
        &self.control
    }

    fn queue(&self, l: usize) -> &channel::Receiver<Item<T>> {
        self.lanes[l].end.queue()
    }

    fn notice(&mut self, l: usize) -> bool {
        let claimed = self.lanes[l].end.lane().link().claim();
        if claimed {
            self.make_ready(l);
        }
        claimed
    }
}

#[cfg(all(test, not(loom)))]
impl<T> Engine<T> {
    pub(super) fn lane_id(&self, l: usize) -> u64 {
        self.lanes[l].end.lane().id()
    }
}
