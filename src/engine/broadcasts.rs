//! How broadcasts are delivered.

use crate::parcel::Parcel;

use super::{Engine, LANE_TURN};

impl<T> Engine<T> {
    /// Delivers broadcasts.
    pub(super) fn serve_broadcasts(&mut self) -> bool {
        let mut worked = false;
        for _ in 0..self.ready_broadcasts.len() {
            let Some(l) = self.ready_broadcasts.pop_front() else {
                break;
            };
            let mut moved = 0;
            loop {
                if moved == LANE_TURN {
                    self.ready_broadcasts.push_back(l);
                    break;
                }
                if !self.broadcast_fits(self.lanes[l].birth) {
                    // Its turn stays its turn.
                    if moved == 0 {
                        self.ready_broadcasts.push_front(l);
                    } else {
                        self.ready_broadcasts.push_back(l);
                    }
                    return worked;
                }
                let berth = &mut self.lanes[l];
                if let Some(parcel) = berth.end.pop() {
                    // After the message is taken and before it is delivered: a receiver that joined
                    // before the message was sent is known now, and gets it.
                    self.drain_control();
                    self.broadcast(l, parcel);
                    moved += 1;
                    worked = true;
                } else if !berth.end.rest() {
                    self.ready_broadcasts.push_back(l);
                    break;
                } else {
                    berth.in_ready = false;
                    if berth.left {
                        self.lanes.remove(l);
                        self.broadcast_lanes.retain(|&lane| lane != l);
                        self.check_sealed = true;
                        worked = true;
                    }
                    break;
                }
            }
        }
        worked
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
        // The parcel goes to the last receiver, so that the engine is not the one to drop it.
        let mut parcel = Some(parcel);
        let targets: Vec<usize> = self
            .ports
            .iter()
            .filter_map(|(p, port)| port.hears(birth).then_some(p))
            .collect();
        for (i, &p) in targets.iter().enumerate() {
            let share = if i + 1 == targets.len() {
                parcel.take()
            } else {
                parcel.as_ref().and_then(Parcel::share)
            };
            let port = &mut self.ports[p];
            port.deliver(self.seq, share.expect("a broadcast has a share for each"));
            port.owes_unicast = true;
            self.delivered(p);
        }
    }
}
