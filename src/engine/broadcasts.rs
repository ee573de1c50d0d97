//! How broadcasts are delivered.

use std::collections::VecDeque;

use crate::parcel::Parcel;

use super::{Engine, LANE_TURN};

/// How the turn of a broadcaster's lane has ended.
enum Served {
    /// Something was delivered, or is about to be, and the lane is to be looked at again.
    More,
    /// The lane is empty.
    Done { moved: bool },
    /// The next broadcast does not fit.
    Nothing,
}

impl<T> Engine<T> {
    /// Delivers broadcasts. Returns whether there was anything to do.
    pub(super) fn serve_broadcasts(&mut self) -> bool {
        let mut worked = false;
        let mut unfit = VecDeque::new();
        for _ in 0..self.ready_broadcasts.len() {
            let Some(l) = self.ready_broadcasts.pop_front() else {
                break;
            };
            match self.serve_broadcaster(l) {
                Served::More => {
                    self.ready_broadcasts.push_back(l);
                    worked = true;
                }
                Served::Done { moved } => worked |= moved,
                // Its turn stays its turn. All others wait for the same receivers, unless some are sealed:
                // those do not get what joined later.
                Served::Nothing => {
                    unfit.push_back(l);
                    if self.sealed.is_empty() {
                        break;
                    }
                }
            }
        }
        while let Some(l) = unfit.pop_back() {
            self.ready_broadcasts.push_front(l);
        }
        worked
    }

    /// Delivers the broadcasts of one lane, for a turn.
    fn serve_broadcaster(&mut self, l: usize) -> Served {
        let mut moved = 0;
        while moved < LANE_TURN {
            if !self.broadcast_fits(self.lanes[l].birth) {
                return if moved == 0 {
                    Served::Nothing
                } else {
                    Served::More
                };
            }
            let Some(item) = self.lanes[l].end.pop() else {
                if !self.lanes[l].end.rest() {
                    return Served::More;
                }
                self.lanes[l].in_ready = false;
                if self.lanes[l].left {
                    self.lanes.remove(l);
                    self.broadcast_lanes.retain(|&lane| lane != l);
                    self.check_sealed = true;
                }
                return Served::Done { moved: moved > 0 };
            };
            // After the message is taken and before it is delivered: a receiver that joined before the
            // message was sent is known now, and gets it.
            self.drain_control();
            self.broadcast(l, item.parcel);
            moved += 1;
        }
        Served::More
    }

    /// Whether all receivers that a broadcaster reaches can take a broadcast.
    pub(super) fn broadcast_fits(&mut self, birth: u64) -> bool {
        // Most likely it is still the same one that cannot.
        if let Some(p) = self.unfit {
            if let Some(port) = self.ports.get_mut(p) {
                if port.hears(birth) && !port.fits_broadcast() {
                    return false;
                }
            }
        }
        self.unfit = self
            .ports
            .iter_mut()
            .find_map(|(p, port)| (port.hears(birth) && !port.fits_broadcast()).then_some(p));
        self.unfit.is_none()
    }

    fn broadcast(&mut self, l: usize, parcel: Parcel<T>) {
        let birth = self.lanes[l].birth;
        // Cannot overflow: the broadcaster has reserved a number.
        self.seq += 1;
        self.dispatched += 1;
        let mut targets = std::mem::take(&mut self.targets);
        targets.extend(
            self.ports
                .iter()
                .filter_map(|(p, port)| port.hears(birth).then_some(p)),
        );
        for (&p, share) in targets.iter().zip(parcel.shares(targets.len())) {
            let port = &mut self.ports[p];
            port.deliver(self.seq, share);
            port.owes_unicast = true;
            self.delivered(p);
        }
        targets.clear();
        self.targets = targets;
    }
}
