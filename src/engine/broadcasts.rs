//! How broadcasts are delivered.

use std::collections::VecDeque;

use crate::fault;
use crate::parcel::Parcel;

use super::{Engine, number};

/// How many broadcasts a lane delivers before it is the next lane's turn. Each is for many.
const BROADCAST_TURN: usize = 64;

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
                    self.eased.push(l);
                    self.ready_broadcasts.push_back(l);
                    worked = true;
                }
                Served::Done { moved } => {
                    self.eased.push(l);
                    worked |= moved;
                }
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
        while moved < BROADCAST_TURN {
            let fits = self.broadcast_fits(self.lanes[l].birth);
            // A lane that is empty can be done with, also if nothing would fit.
            if !fits && !self.lanes[l].end.is_empty() {
                return if moved == 0 {
                    Served::Nothing
                } else {
                    Served::More
                };
            }
            let item = if fits { self.lanes[l].end.pop() } else { None };
            let Some(item) = item else {
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
            fault::point();
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
                if port.hears(birth) && !port.fits_broadcast(&self.lanes) {
                    return false;
                }
            }
        }
        self.unfit = self.ports.iter_mut().find_map(|(p, port)| {
            (port.hears(birth) && !port.fits_broadcast(&self.lanes)).then_some(p)
        });
        self.unfit.is_none()
    }

    fn broadcast(&mut self, l: usize, parcel: Parcel<T>) {
        let birth = self.lanes[l].birth;
        let mut targets = std::mem::take(&mut self.targets);
        targets.extend(
            self.ports
                .iter()
                .filter_map(|(p, port)| port.hears(birth).then_some(p)),
        );
        let before = self.seq;
        let ports = &mut self.ports;
        number(parcel, &mut self.seq, &mut self.numbered, |seq, parcel| {
            for (&p, share) in targets.iter().zip(parcel.shares(targets.len())) {
                fault::point();
                ports[p].deliver_broadcast(seq, share);
            }
        });
        self.dispatched += self.seq - before;
        for &p in &targets {
            self.ports[p].owes_unicast = true;
            self.delivered(p);
            if self.ports[p].has_rest() {
                self.queue_port(p);
            }
        }
        targets.clear();
        self.targets = targets;
    }
}
