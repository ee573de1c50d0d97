//! A receiver's inbox: a ring of numbered messages, and what its two ends tell each other besides.

use std::cell::Cell;

use crate::clock_cell::ClockCell;
use crate::observed::Observed;
use crate::parcel::Parcel;
use crate::ring::{self, Consumer, Gauge, Producer};
use crate::signal_list::{Link, Linked};
use crate::slot::Slot;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use crate::waiter::{Waiter, fence_after_publishing};
use crate::{Event, Seq};

/// Messages may come. The state at the start; left once, by the inlet.
const OPEN: u8 = 0;
/// Every source has gone, and what they sent is in the ring. Entered by [`Inlet::end`].
const ENDED: u8 = 1;
/// The engine has died. Entered when an inlet is dropped that was open.
const DIED: u8 = 2;

/// A number that everything waits for can never come. Entered by [`Inlet::give_up`].
const STUCK: u8 = 3;

/// The receiver takes messages. The state at the start.
const THERE: u8 = 0;
/// It takes those that were sent, and no others. Entered from `THERE` by the receiver.
const CLOSED: u8 = 1;
/// It has left. Entered by the receiver, and never left.
const GONE: u8 = 2;

/// Bit of `Inbox::senders`: the last sender and the last broadcaster have left. Set when the count is zero, by
/// whichever of them went last; never cleared, and no sender is counted in after it.
const ORPHANED: usize = !(usize::MAX >> 1);

/// A message in the ring.
struct Numbered<T> {
    seq: u64,
    parcel: Parcel<T>,
}

/// What both ends of an inbox, and others who look at it, share.
pub(crate) struct Inbox<T> {
    name: String,
    capacity: usize,
    gauge: Gauge,
    /// `OPEN`, `ENDED`, `DIED` or `STUCK`.
    state: AtomicU8,
    /// Valid in `ENDED` and `STUCK`: the clock as it stood when the inbox was closed.
    last_seq: AtomicU64,
    /// `THERE`, `CLOSED` or `GONE`.
    presence: AtomicU8,
    /// How many sender handles there are, and `ORPHANED`. Broadcasters are not counted here.
    senders: AtomicUsize,
    /// The receiver, while it is parked.
    waiter: Waiter,
    /// The place on the list of those parked until the clock moves.
    link: Link<Self>,
    /// Where the engine keeps the inlet.
    slot: Slot,
    /// In `Order::Frontier`: where a source of this receiver starts, at least. See [`Gate`](crate::gate::Gate).
    limit: AtomicU64,
    /// In `Order::Dense`: how far the clock counts for this receiver, as its next message is not in the ring
    /// yet though its turn has come; `u64::MAX` if there is none.
    hold: AtomicU64,
    /// In `Order::Frontier`: the receiver's clock.
    own_clock: Option<Arc<ClockCell>>,
    /// The number of the last event returned. Apart from the rest, which is read by senders and by the engine,
    /// and outlives the receiver for those who watch it.
    observed: Arc<Observed>,
}

/// The engine's end: messages go in. There is one for each inbox.
pub(crate) struct Inlet<T> {
    inbox: Arc<Inbox<T>>,
    ring: Producer<Numbered<T>>,
    /// The ring's count just after the last broadcast; 0 if there was none.
    after_broadcast: u64,
}

/// The receiver's end: events come out. There is one for each inbox, and it is not `Sync`.
pub(crate) struct Outlet<T> {
    inbox: Arc<Inbox<T>>,
    ring: Consumer<Numbered<T>>,
    clock: Arc<ClockCell>,
    /// That of the inbox, at hand.
    observed: Arc<Observed>,
    /// What an event says about the messages for this receiver.
    says: Says,
    /// All messages up to this number have been returned.
    last: Cell<u64>,
    /// How far the clock was seen to have got. A message is committed a moment before its number is
    /// published; it is not returned before that, so that whoever hears of the number finds it on
    /// the clock.
    seen: Cell<u64>,
    /// It is known that everything was returned.
    is_at_end: Cell<bool>,
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

/// Makes an inbox for `capacity` messages, whose receiver reads `clock`.
pub(crate) fn inbox<T>(
    name: String,
    capacity: usize,
    clock: Arc<ClockCell>,
    says: Says,
) -> (Inlet<T>, Outlet<T>) {
    // One slot more than the capacity, for a broadcast: see `Inlet::has_room_for_broadcast`.
    let (producer, consumer) = ring::ring(capacity + 1);
    let start = clock.seq();
    let inbox = Arc::new(Inbox {
        name,
        capacity,
        gauge: Gauge::new(&consumer),
        state: AtomicU8::new(OPEN),
        last_seq: AtomicU64::new(0),
        presence: AtomicU8::new(THERE),
        // The one that is made with the receiver.
        senders: AtomicUsize::new(1),
        waiter: Waiter::new(),
        link: Link::new(),
        slot: Slot::new(),
        limit: AtomicU64::new(start),
        hold: AtomicU64::new(u64::MAX),
        own_clock: (says == Says::BelowItsNumber).then(|| Arc::clone(&clock)),
        observed: Arc::new(Observed::new(start)),
    });
    let inlet = Inlet {
        inbox: Arc::clone(&inbox),
        ring: producer,
        after_broadcast: 0,
    };
    let outlet = Outlet {
        observed: Arc::clone(&inbox.observed),
        inbox,
        ring: consumer,
        clock,
        says,
        last: Cell::new(start),
        seen: Cell::new(start),
        is_at_end: Cell::new(false),
    };
    (inlet, outlet)
}

/// The bytes that the ring of an inbox takes.
pub(crate) fn ring_bytes<T>(capacity: usize) -> Option<usize> {
    capacity
        .checked_add(1)?
        .checked_mul(size_of::<Numbered<T>>())
}

impl<T> Inbox<T> {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn len(&self) -> usize {
        self.gauge.len()
    }

    pub(crate) fn slot(&self) -> &Slot {
        &self.slot
    }

    pub(crate) fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    pub(crate) fn observed(&self) -> &Arc<Observed> {
        &self.observed
    }

    /// Whether the receiver has left.
    #[inline]
    pub(crate) fn is_gone(&self) -> bool {
        self.presence() == GONE
    }

    /// Whether the receiver takes no more messages than were sent, or has left.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.presence() != THERE
    }

    #[inline]
    fn presence(&self) -> u8 {
        // ORDERING: acquire, partner of the release in `leave` and `close`: who is told that a receiver has left
        // sees what its thread did before.
        self.presence.load(Ordering::Acquire)
    }

    /// Notes that the receiver has left.
    pub(crate) fn leave(&self) {
        // ORDERING: see `presence`.
        self.presence.store(GONE, Ordering::Release);
    }

    /// Notes that the receiver takes no more messages than were sent. By the receiver, while it is there.
    pub(crate) fn close(&self) {
        // ORDERING: see `presence`.
        self.presence.store(CLOSED, Ordering::Release);
    }

    fn state(&self) -> u8 {
        // ORDERING: acquire, partner of the release in `Inlet::close`: who sees that the inbox is closed
        // sees the last number and, in the ring, all that was sent.
        self.state.load(Ordering::Acquire)
    }

    /// Whether nothing will come any more because every source has gone.
    pub(crate) fn has_ended(&self) -> bool {
        self.state() == ENDED
    }

    /// Whether nothing will come any more because the engine has died.
    pub(crate) fn has_died(&self) -> bool {
        self.state() == DIED
    }

    /// Whether nothing will come any more because a number is missing.
    pub(crate) fn is_stuck(&self) -> bool {
        self.state() == STUCK
    }

    pub(crate) fn limit(&self) -> u64 {
        // ORDERING: relaxed, as with the other limits: see `Gate`.
        self.limit.load(Ordering::Relaxed)
    }

    pub(crate) fn announce_limit(&self, limit: u64) {
        // ORDERING: as in `limit`.
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// How far the clock counts for this receiver, given the dispatcher's.
    pub(crate) fn clock(&self, dispatch: u64) -> u64 {
        match &self.own_clock {
            Some(clock) => clock.seq(),
            None => dispatch.min(self.hold()),
        }
    }

    /// How far the clock counts at most; to be read after the clock.
    #[inline]
    fn hold(&self) -> u64 {
        // ORDERING: acquire, partner of the release in `Inlet::hold_clock`.
        self.hold.load(Ordering::Acquire)
    }

    /// Counts a sender handle in, unless the last source has left.
    pub(crate) fn add_sender(&self) -> bool {
        // ORDERING: relaxed. The word guards nothing here but itself.
        self.senders
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |senders| {
                (senders & ORPHANED == 0).then_some(senders + 1)
            })
            .is_ok()
    }

    /// Counts a sender handle out.
    pub(crate) fn remove_sender(&self) {
        // ORDERING: release, partner of the acquire in `orphan_without_senders`; no model shows it, as is
        // said there.
        self.senders.fetch_sub(1, Ordering::Release);
    }

    /// Notes that there is no broadcaster. If there is no sender either, no source can join any more, and the
    /// engine is to be told; then this returns `true`, once.
    pub(crate) fn orphan_without_senders(&self) -> bool {
        // ORDERING: acquire, partner of the release in `remove_sender`: what the senders have told the
        // engine, that they have joined above all, comes before what it is told now. If there still is
        // a sender, it will see to this when it leaves. (No model shows the need: what is told goes
        // through the stand-in for the channel, whose lock orders it anyway.)
        self.senders
            .compare_exchange(0, ORPHANED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    pub(crate) fn senders(&self) -> usize {
        // ORDERING: relaxed, as nothing is concluded from the count.
        self.senders.load(Ordering::Relaxed) & !ORPHANED
    }
}

impl<T> Linked for Inbox<T> {
    fn link(&self) -> &Link<Self> {
        &self.link
    }
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
    pub(crate) fn push(&mut self, seq: u64, parcel: Parcel<T>) {
        let is_broadcast = matches!(parcel, Parcel::Shared(_));
        self.ring.push(Numbered { seq, parcel });
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

impl<T> Outlet<T> {
    pub(crate) fn inbox(&self) -> &Arc<Inbox<T>> {
        &self.inbox
    }

    pub(crate) fn clock(&self) -> &ClockCell {
        &self.clock
    }

    /// The next event, if there is one. A message's slot is free after [`commit`](Self::commit).
    #[inline]
    pub(crate) fn look(&self) -> Look<T> {
        if let Some(message) = self.pop() {
            return Look::Event(message);
        }
        self.look_at_clock()
    }

    #[cold]
    fn look_at_clock(&self) -> Look<T> {
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
    #[inline]
    pub(crate) fn pop(&self) -> Option<Event<T>> {
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
                let Numbered { seq, parcel } = self.ring.pop()?;
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
                let Numbered { seq, .. } = self.ring.pop()?;
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
                Some(Numbered { parcel, .. }) => drop(parcel.take()),
                None => return,
            }
        }
    }
}
