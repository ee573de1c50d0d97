//! How far clocks may go, and have got: each receiver's, and the dispatcher's.

use crate::forwarding::hall::Hall;
use crate::signal_list::Linked;
use crate::waiter::fence_after_publishing;
use crate::{Clock, Seq};

use super::{Frontier, Sources};

impl<T> Frontier<T> {
    /// Announces how far a receiver's messages and clock may go. Returns whether that is news.
    pub(super) fn announce(&mut self, p: usize) -> bool {
        let lanes = &self.hall.lanes;
        let port = &mut self.hall.ports[p];
        let frontier = |l: usize| lanes[l].end.lane().frontier();
        let Some(limit) = port.queue.merge.limit(frontier) else {
            return false;
        };
        // As long as it is full, it does not get beyond the first message that waits.
        let limit = match port.queue.merge.hold() {
            Some(hold) if port.room() == 0 => limit.min(hold),
            _ => limit,
        };
        if limit <= port.queue.limit {
            return false;
        }
        port.queue.proposed = limit;
        port.inlet.inbox().announce_limit(limit);
        // A receiver whose last source has left counts here too, though nothing that joins now reaches it: the
        // dispatcher's clock may follow its clock, and new receivers start there.
        if limit > self.sources_proposed {
            self.sources_proposed = limit;
            self.hall.gate().announce_for_sources(limit);
        }
        true
    }

    /// Announces how far the dispatcher's clock may go. Returns whether that is news.
    pub(super) fn announce_for_receivers(&mut self) -> bool {
        let lowest = self.lowest();
        if lowest <= self.limit {
            return false;
        }
        self.limit = lowest;
        self.hall.gate().announce_for_receivers(lowest);
        true
    }

    /// How far all receivers have got, and no further than a broadcaster that a new one hears.
    fn lowest(&self) -> u64 {
        let lowest = self.clocks.first().map_or(0, |(clock, _)| clock);
        if self.hall.sealed.is_empty() {
            // Every receiver hears every broadcaster, and is behind it.
            return lowest;
        }
        let lanes = self.hall.broadcast_lanes.iter();
        let passed = lanes.map(|&l| self.hall.lanes[l].passed);
        passed.fold(lowest, u64::min)
    }

    /// Shows the dispatcher's clock, and wakes whom the receivers' clocks concern. Returns whether there is
    /// more to show.
    pub(super) fn publish(&mut self) -> bool {
        let lowest = self.lowest();
        let mut now = Clock {
            seq: self.published.seq,
            dispatched: self.hall.dispatched,
        };
        let is_held = self.joining_receivers > 0;
        if is_held {
            // As with a receiver's clock: see `deliver`.
            self.limit = self.published.seq.get();
            self.hall.gate().announce_for_receivers(self.limit);
        } else {
            now.seq = now.seq.max(Seq::from(lowest.min(self.limit)));
        }
        if now != self.published {
            self.published = now;
            self.clock.publish(now);
        }
        if !self.moved.is_empty() || self.hall.has_to_wake() {
            // Those that have parked for a tick, after this fence, see the clocks published before.
            fence_after_publishing();
            self.hall.wake_eased();
            for inbox in self.hall.core.parked().take() {
                match inbox.slot().get() {
                    Some(p) => self.hall.ports[p].parked = true,
                    None => inbox.link().rearm(),
                }
            }
            // Only those: who waits for a message is not woken by a tick.
            for p in self.moved.drain(..) {
                if let Some(port) = self.hall.ports.get_mut(p) {
                    if std::mem::take(&mut port.parked) {
                        Hall::<T, Sources<T>>::wake_parked(port.inlet.inbox());
                    }
                }
            }
            self.hall.wake_touched();
        }
        !is_held && lowest > self.limit
    }
}
