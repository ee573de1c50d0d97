//! What a driver needs to know before it blocks.

use crate::control::Control;
use crate::parcel::Parcel;
use crate::signal_list::Linked;
use crate::sync::channel;

use super::Engine;

impl<T> Engine<T> {
    /// Gets ready for the driver to block. Returns `false` if there is something to do after all.
    ///
    /// Otherwise `watched` lists the lanes to be watched besides the control lane: exactly those whose
    /// targets have space. The targets of the others have been asked to say on the control lane when
    /// they have.
    pub(crate) fn prepare_to_block(&mut self, watched: &mut Vec<usize>) -> bool {
        watched.clear();
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

    /// How many lanes there are.
    pub(crate) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// The control lane.
    pub(crate) fn control(&self) -> &channel::Receiver<Control<T>> {
        &self.control
    }

    /// The queue of one of the lanes that `prepare_to_block` listed.
    pub(crate) fn queue(&self, l: usize) -> &channel::Receiver<Parcel<T>> {
        self.lanes[l].end.queue()
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn lane_id(&self, l: usize) -> u64 {
        self.lanes[l].end.lane().id()
    }

    /// Has a watched lane looked at in the next step. Returns `false` if that is not in our hands: its
    /// sender has put it on the list of ready lanes, or is about to.
    pub(crate) fn notice(&mut self, l: usize) -> bool {
        let claimed = self.lanes[l].end.lane().link().claim();
        if claimed {
            self.make_ready(l);
        }
        claimed
    }
}
