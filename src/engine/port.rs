//! The engine's side of a receiver.

use std::collections::VecDeque;

use slab::Slab;

use crate::fault;
use crate::inbox::Inlet;
use crate::item::Item;
use crate::parcel::Parcel;

use super::Berth;

/// A receiver that is there, and the lanes that lead to it.
pub(super) struct Port<T> {
    pub(super) inlet: Inlet<T>,
    /// All lanes to this receiver.
    pub(super) lanes: Vec<usize>,
    /// Those of them that have something to deliver, the next in turn first.
    pub(super) ready: VecDeque<usize>,
    /// The rest of a batch, which has its numbers and waits for space. The clock is held before it for this
    /// receiver, and nothing else goes in meanwhile.
    rest: VecDeque<Item<T>>,
    /// The last source has left: nothing that joins later reaches this receiver. Tells how many
    /// broadcasters had joined by then.
    pub(super) sealed: Option<u64>,
    /// A broadcast was delivered since the last message of this receiver's own senders. If one of them
    /// waits, it is its turn.
    pub(super) owes_unicast: bool,
    /// The port is in the queue of those that can go on.
    pub(super) in_runnable: bool,
    /// The port is in the queue of those that wait for space; it may have got it meanwhile.
    pub(super) in_blocked: bool,
    /// The port is in the list of those that were full.
    pub(super) in_full: bool,
    /// The port is in the list of those whose receivers may have to be woken.
    pub(super) in_touched: bool,
}

impl<T> Port<T> {
    pub(super) fn new(inlet: Inlet<T>) -> Self {
        Self {
            inlet,
            lanes: Vec::new(),
            ready: VecDeque::new(),
            rest: VecDeque::new(),
            sealed: None,
            owes_unicast: false,
            in_runnable: false,
            in_blocked: false,
            in_full: false,
            in_touched: false,
        }
    }

    /// How many messages of this receiver's own senders it can take. None once it has left: they are not
    /// numbered.
    #[inline]
    pub(super) fn room(&mut self) -> usize {
        if self.inlet.inbox().is_gone() {
            0
        } else {
            self.inlet.room()
        }
    }

    /// Whether a broadcaster reaches this receiver, `birth` being how many had joined by then.
    pub(super) fn hears(&self, birth: u64) -> bool {
        self.sealed.is_none_or(|births| birth <= births) && !self.inlet.inbox().is_closed()
    }

    /// Whether the rest of a batch waits for space.
    #[inline]
    pub(super) fn has_rest(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Whether there is something for it, in a lane or as the rest of a batch.
    pub(super) fn has_work(&self) -> bool {
        !self.ready.is_empty() || self.has_rest()
    }

    /// Whether a broadcast can be delivered here now.
    pub(super) fn fits_broadcast(&mut self, lanes: &Slab<Berth<T>>) -> bool {
        !self.has_rest()
            && self.inlet.has_room_for_broadcast()
            && !(self.owes_unicast && self.has_unicast(lanes))
    }

    /// Whether one of this receiver's own senders waits. A lane stays ready when its turn ends as the receiver is full,
    /// and may be empty.
    fn has_unicast(&self, lanes: &Slab<Berth<T>>) -> bool {
        self.ready.iter().any(|&l| !lanes[l].end.is_empty())
    }

    /// Puts a message in that there is space for.
    #[inline]
    pub(super) fn deliver(&mut self, seq: u64, parcel: Parcel<T>) {
        self.inlet.push(Item { seq, parcel });
    }

    /// Puts in the messages of a batch, numbered after `before`, or has them wait for space. Nothing waits yet.
    pub(super) fn deliver_batch(&mut self, before: u64, parcels: Vec<Parcel<T>>) {
        let mut seq = before;
        let mut parcels = parcels.into_iter();
        for parcel in parcels.by_ref().take(self.inlet.room()) {
            seq += 1;
            self.deliver(seq, parcel);
        }
        for parcel in parcels {
            seq += 1;
            self.deliver_or_keep(seq, parcel);
        }
    }

    /// Puts in a message of a batch, or has it wait for space with the rest.
    pub(super) fn deliver_or_keep(&mut self, seq: u64, parcel: Parcel<T>) {
        if self.has_rest() {
            self.rest.push_back(Item { seq, parcel });
        } else if self.inlet.room() > 0 {
            self.deliver(seq, parcel);
        } else {
            // Before the clock gets there.
            self.inlet.hold_clock(seq - 1);
            self.rest.push_back(Item { seq, parcel });
        }
    }

    /// Puts in a broadcast, or one of a batch of them, of which the first one fits.
    pub(super) fn deliver_broadcast(&mut self, seq: u64, parcel: Parcel<T>) {
        if !self.has_rest() && self.inlet.has_room_for_broadcast() {
            self.deliver(seq, parcel);
        } else {
            self.deliver_or_keep(seq, parcel);
        }
    }

    /// Puts in what there is space for of the rest of a batch. Returns how many messages that were.
    pub(super) fn deliver_rest(&mut self) -> usize {
        let count = self.room().min(self.rest.len());
        for item in self.rest.drain(..count) {
            self.inlet.push(item);
        }
        fault::point();
        if count > 0 {
            // In this order: who sees the clock go on finds the messages.
            self.inlet.commit();
            let next = self.rest.front().map(|item| item.seq - 1);
            self.inlet.hold_clock(next.unwrap_or(u64::MAX));
        }
        count
    }
}
