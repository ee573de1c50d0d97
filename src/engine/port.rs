//! The engine's side of a receiver.

use std::collections::VecDeque;

use crate::inbox::Inlet;
use crate::parcel::Parcel;

/// A receiver that is there, and the lanes that lead to it.
pub(super) struct Port<T> {
    pub(super) inlet: Inlet<T>,
    /// All lanes to this receiver.
    pub(super) lanes: Vec<usize>,
    /// Those of them that have something to deliver, the next in turn first.
    pub(super) ready: VecDeque<usize>,
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
        self.sealed.is_none_or(|births| birth <= births) && !self.inlet.inbox().is_gone()
    }

    /// Whether a broadcast can be delivered here now.
    pub(super) fn fits_broadcast(&mut self) -> bool {
        (self.ready.is_empty() || !self.owes_unicast) && self.inlet.has_room_for_broadcast()
    }

    #[inline]
    pub(super) fn deliver(&mut self, seq: u64, parcel: Parcel<T>) {
        self.inlet.push(seq, parcel);
    }
}
