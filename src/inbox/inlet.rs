//! The engine's end of an inbox.

use crate::item::Item;
use crate::parcel::Parcel;
use crate::ring::Producer;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use crate::waiter::fence_after_publishing;

use super::{DIED, ENDED, Inbox, OPEN, STUCK};

/// The engine's end: messages go in. There is one for each inbox.
pub(crate) struct Inlet<T> {
    pub(super) inbox: Arc<Inbox<T>>,
    pub(super) ring: Producer<Item<T>>,
    /// The ring's count just after the last broadcast; 0 if there was none.
    pub(super) after_broadcast: u64,
}

impl<T> Inlet<T> {
    pub(crate) fn inbox(&self) -> &Arc<Inbox<T>> {
        &self.inbox
    }

    /// How many messages for this receiver alone may be put in: no more than there is space for.
    #[inline]
    pub(crate) fn room(&mut self) -> usize {
        if self.is_full() {
            self.ring.refresh();
        }
        self.inbox.capacity.saturating_sub(self.ring.len())
    }

    /// Whether a broadcast may be put in.
    ///
    /// A broadcast waits for all receivers, and each of them may be kept full by its own senders; it
    /// would need to find all of them with space at one instant. So there is a slot beyond the
    /// capacity that a broadcast can take and other messages cannot: once a receiver has taken
    /// out the broadcast before, it has room for the next one, and keeps it.
    pub(crate) fn has_room_for_broadcast(&mut self) -> bool {
        self.room() > 0
            || (self.ring.len() == self.inbox.capacity && self.after_broadcast <= self.ring.head())
    }

    /// Whether the inbox is full, by what is known of the receiver.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.ring.len() >= self.inbox.capacity
    }

    /// Asks to be told when the receiver next takes something out, and returns whether it has space
    /// by now.
    pub(crate) fn ask_for_space(&mut self) -> bool {
        self.ring.ask_for_space();
        self.room() > 0
    }

    /// Puts a message in. There has to be room for it. The receiver sees it after
    /// [`commit`](Self::commit).
    #[inline]
    pub(crate) fn push(&mut self, item: Item<T>) {
        let is_broadcast = matches!(item.parcel, Parcel::Shared(_));
        self.ring.push(item);
        if is_broadcast {
            self.after_broadcast = self.ring.tail();
        }
    }

    /// Shows the receiver what was put in. Who then publishes the clock wakes it.
    #[inline]
    pub(crate) fn commit(&mut self) {
        self.ring.commit();
    }

    /// Has the clock count only up to `seq`, since the message after that is not in the ring yet. Before
    /// the clock goes beyond it; raised, or taken away with `u64::MAX`, after the message is committed.
    pub(crate) fn hold_clock(&self, seq: u64) {
        // ORDERING: release, partner of the acquire in `Outlet::now`. Who sees a higher number sees the
        // messages committed before. And who sees the clock beyond this number, which is published later,
        // sees this one as well.
        self.inbox.hold.store(seq, Ordering::Release);
    }

    /// Closes the inbox: its sources have gone, and `seq` is the clock.
    pub(crate) fn end(self, seq: u64) {
        self.close_at(seq, ENDED);
    }

    /// Closes the inbox: the number after `seq` will not come.
    pub(crate) fn give_up(self, seq: u64) {
        self.close_at(seq, STUCK);
    }

    fn close_at(mut self, seq: u64, state: u8) {
        // ORDERING: relaxed; the store of the state in `close` releases it.
        self.inbox.last_seq.store(seq, Ordering::Relaxed);
        self.close(state);
    }

    fn close(&mut self, state: u8) {
        self.ring.commit();
        let inbox = &*self.inbox;
        // ORDERING: release, partner of the acquire in `Inbox::state`.
        inbox.state.store(state, Ordering::Release);
        fence_after_publishing();
        inbox.waiter.wake();
        // ORDERING: relaxed, of the last number, which this end has written.
        match state {
            DIED => inbox.observed.die(),
            STUCK => inbox
                .observed
                .get_stuck(inbox.last_seq.load(Ordering::Relaxed)),
            _ => {}
        }
    }
}

impl<T> Drop for Inlet<T> {
    fn drop(&mut self) {
        // ORDERING: relaxed. Only this end writes the state.
        if self.inbox.state.load(Ordering::Relaxed) == OPEN {
            self.close(DIED);
        }
    }
}
