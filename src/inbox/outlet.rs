//! The receiver's end of an inbox.

use std::cell::Cell;

use crate::clock_cell::ClockCell;
use crate::item::Item;
use crate::observed::Observed;
use crate::parcel::Parcel;
use crate::ring::Consumer;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use crate::{Event, Seq};

use super::{ENDED, Inbox, OPEN, STUCK};

/// The receiver's end: events come out. There is one for each inbox, and it is not `Sync`.
pub(crate) struct Outlet<T> {
    pub(super) inbox: Arc<Inbox<T>>,
    pub(super) ring: Consumer<Item<T>>,
    pub(super) clock: Arc<ClockCell>,
    /// That of the inbox, at hand.
    pub(super) observed: Arc<Observed>,
    /// What an event says about the messages for this receiver.
    pub(super) says: Says,
    /// All messages up to this number have been returned.
    pub(super) last: Cell<u64>,
    /// How far the clock was seen to have got. A message is committed a moment before its number is
    /// published; it is not returned before that, so that whoever hears of the number finds it on
    /// the clock.
    pub(super) seen: Cell<u64>,
    /// It is known that everything was returned.
    pub(super) is_at_end: Cell<bool>,
}

/// What a message says about the others for its receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Says {
    /// That those numbered up to its own have been returned: numbers differ.
    UpToItsNumber,
    /// That those with lower numbers have: there may be more with its own.
    BelowItsNumber,
}

impl Says {
    #[inline]
    fn of(self, seq: u64) -> u64 {
        match self {
            Self::UpToItsNumber => seq,
            // A number is above the one that its source started at.
            Self::BelowItsNumber => seq - 1,
        }
    }
}

/// What a look into the inbox found.
pub(crate) enum Look<T> {
    /// Something happened.
    Event(Event<T>),
    /// Nothing happened since the last event.
    Nothing,
    /// Nothing happened since the last event, and nothing will.
    End,
}

impl<T> Outlet<T> {
    pub(crate) fn inbox(&self) -> &Arc<Inbox<T>> {
        &self.inbox
    }

    pub(crate) fn clock(&self) -> &ClockCell {
        &self.clock
    }

    /// The next event, for one who has just found no message: one that has come since, a tick, or the end. A message's
    /// slot is free after [`commit`](Self::commit).
    #[cold]
    pub(crate) fn look_at_clock(&self) -> Look<T> {
        // The order of these is what makes a tick true. Messages are committed before the clock is published
        // and before the state is closed. So when the latter two have been read, and the ring, which is
        // looked into again then, is still empty, nothing numbered `now` or lower is on its way.
        let (now, is_open) = self.now();
        if !is_open {
            // An engine that dies may leave messages that it did not come to publish. They will not be.
            self.seen.set(u64::MAX);
        }
        if let Some(message) = self.pop() {
            return Look::Event(message);
        }
        match self.tick(now) {
            Some(tick) => Look::Event(tick),
            None if is_open => Look::Nothing,
            None => {
                self.note_end();
                Look::End
            }
        }
    }

    /// Tells those who watch that this receiver has got everything, if it has.
    fn note_end(&self) {
        if self.inbox.has_ended() && !self.is_at_end.replace(true) {
            self.observed.drain();
        }
    }

    /// Notes that the receiver leaves.
    pub(crate) fn leave(&self) {
        self.inbox.leave();
        // The state first: in a closed inbox nothing more comes.
        if self.inbox.has_ended() && self.ring.refresh() == 0 {
            self.note_end();
        }
        self.observed.leave();
    }

    /// The event that the clock has got to `now`, unless that is known already. Every message up to `now`
    /// has to have been returned.
    pub(crate) fn tick(&self, now: u64) -> Option<Event<T>> {
        (now > self.last.get()).then(|| {
            self.observe(now);
            Event::Clock(Seq::from(now))
        })
    }

    /// How far the clock has got, for this receiver, and whether it can get further.
    pub(crate) fn now(&self) -> (u64, bool) {
        match self.inbox.state() {
            // The clock first: `Inlet::hold_clock` says why.
            OPEN => {
                let clock = self.clock.seq();
                (clock.min(self.inbox.hold()), true)
            }
            // ORDERING: relaxed; the look at the state has acquired it.
            ENDED | STUCK => (self.inbox.last_seq.load(Ordering::Relaxed), false),
            // The engine is dead, and the clock stands. What it had released and not delivered is lost.
            _ => (self.clock.seq().min(self.inbox.hold()), false),
        }
    }

    /// Whether a look finds an event or the end. Takes nothing out, and runs no code of the user's.
    pub(crate) fn is_ready(&self) -> bool {
        let (now, is_open) = self.now();
        if !is_open || now > self.last.get() {
            return true;
        }
        // SAFETY: the closure reads a number.
        let front = unsafe { self.ring.front(|message| message.seq) };
        front.is_some_and(|seq| self.says.of(seq) <= now)
    }

    /// The next message, if it is there. Its slot is free after [`commit`](Self::commit).
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<Event<T>> {
        let look = |message: &Item<T>| (message.seq, matches!(message.parcel, Parcel::Own(_)));
        // SAFETY: the closure reads a number and a tag.
        let (seq, is_own) = unsafe { self.ring.front(look) }?;
        // So short that it becomes a part of whoever receives, and the value is moved once.
        if is_own && self.says.of(seq) <= self.seen.get() {
            let value = self.ring.pop()?.parcel.take()?;
            return Some(self.message(seq, value));
        }
        self.pop_any()
    }

    /// As [`pop`](Self::pop): also a broadcast, and a message whose number was not yet seen on the clock.
    #[cold]
    fn pop_any(&self) -> Option<Event<T>> {
        loop {
            // SAFETY: the closure reads a number, counts and clones an `Arc`, and runs no user code.
            let front = unsafe {
                self.ring
                    .front(|message| (message.seq, message.parcel.share_unless_last()))
            };
            let (seq, share) = front?;
            if self.says.of(seq) > self.seen.get() {
                self.seen.set(self.now().0.max(self.seen.get()));
                if self.says.of(seq) > self.seen.get() {
                    return None;
                }
            }
            let Some(share) = share else {
                let Item { seq, parcel } = self.ring.pop()?;
                let value = parcel.take()?;
                return Some(self.message(seq, value));
            };
            // A broadcast that others have yet to take is copied before it is taken out, so that a
            // `Clone` that panics leaves the inbox as it was: the message is still there.
            let at = self.ring.head();
            let value = share.copy();
            drop(share);
            // `Clone` is user code. One that gets hold of this receiver, and receives on it, has taken
            // the message out meanwhile; then the next one is due.
            if self.ring.head() == at {
                let Item { seq, .. } = self.ring.pop()?;
                return Some(self.message(seq, value));
            }
        }
    }

    #[inline]
    fn message(&self, seq: u64, value: T) -> Event<T> {
        self.observe(self.says.of(seq));
        Event::Message {
            seq: Seq::from(seq),
            value,
        }
    }

    #[inline]
    fn observe(&self, seq: u64) {
        self.last.set(seq);
        self.observed.observe(seq);
    }

    /// Frees the slots of the messages taken out. Returns whether the engine waits for that.
    #[inline]
    #[must_use = "an engine that waits for space must be told"]
    pub(crate) fn commit(&self) -> bool {
        self.ring.commit()
    }

    /// How many messages are there to be popped, as of a look at the producer's side.
    pub(crate) fn ready(&self) -> u64 {
        self.ring.refresh()
    }

    /// Drops the messages that are there now. Destructors run here. If one panics, the rest is left to the
    /// ring, which is dropped as the panic goes on, or when the engine lets go of it.
    pub(crate) fn discard(&self) {
        for _ in 0..self.ring.refresh() {
            match self.ring.pop() {
                // Out of its container, so that a panic is the caller's.
                Some(Item { parcel, .. }) => drop(parcel.take()),
                None => return,
            }
        }
    }
}
