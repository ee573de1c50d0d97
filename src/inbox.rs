//! A receiver's inbox: a ring of numbered messages, and what its two ends tell each other besides.

mod inlet;
mod outlet;

use std::cell::Cell;

use crate::DisconnectReason;
use crate::clock_cell::ClockCell;
use crate::item::Item;
use crate::observed::Observed;
use crate::ring::{self, Gauge};
use crate::signal_list::{Link, Linked};
use crate::slot::Slot;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use crate::waiter::Waiter;
pub(crate) use inlet::Inlet;
pub(crate) use outlet::{Look, Outlet, Says};

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
    capacity.checked_add(1)?.checked_mul(size_of::<Item<T>>())
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

    /// Why nothing is sent to the receiver any more, if it has left or is closed.
    pub(crate) fn absence(&self) -> Option<DisconnectReason> {
        // Looked at once: a receiver that leaves has not been closed in between.
        match self.presence() {
            THERE => None,
            CLOSED => Some(DisconnectReason::ReceiverClosed),
            _ => Some(DisconnectReason::ReceiverGone),
        }
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
