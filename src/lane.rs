//! A lane: the bounded channel from one sender handle to the engine.

use crate::blockage::Blockage;
use crate::frontier::Frontier;
use crate::inbox::Inbox;
use crate::item::Item;
use crate::parcel::{Blank, Parcel};
use crate::signal_list::{Link, Linked, SignalList};
use crate::slot::Slot;
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use crate::sync::{Arc, channel};
use crate::wait_queue::{Place, WaitQueue};
use crate::waiter::fence_after_publishing;

/// Messages may be put in. The state at the start.
const OPEN: u8 = 0;
/// The engine has given up the other end: what is put in is taken out again. Entered from `OPEN` by the engine, and
/// never left.
const CLOSED: u8 = 1;
/// The same, but nothing can be put in: see [`LaneEnd::plug`]. Entered from `OPEN` by the engine, and never left.
const PLUGGED: u8 = 2;

/// What those wait for who wait for space.
pub(crate) const FOR_SPACE: u64 = 0;
/// What those wait for who wait for the lane to be closed.
pub(crate) const FOR_END: u64 = 1;

/// A lane, with both ends of its queue.
///
/// It is not closed by dropping an end, since a bounded `crossbeam-channel` keeps its messages until *both*
/// ends are gone, and the sender's may stay. Instead there is a flag, and this rule: who closes a
/// lane empties it; from then on, who has put something into it empties it. No message is left behind,
/// by the same argument as no message of an open lane is (see [`Lane::signal`]).
pub(crate) struct Lane<T> {
    /// Tells lanes apart, for people.
    id: u64,
    /// Whom messages are for; `None` for everybody.
    target: Option<Arc<Inbox<T>>>,
    sender: channel::Sender<Item<T>>,
    receiver: channel::Receiver<Item<T>>,
    /// In a forwarding dispatch: the frontier as it was when the lane joined.
    origin: u64,
    /// In a forwarding dispatch: nothing numbered up to here will be put in any more. What was is in.
    frontier: Frontier,
    /// In `Order::Dense`: the frontier that was put in among the messages.
    marked: AtomicU64,
    /// In a forwarding dispatch: the numbers need not rise strictly, as a pump's do not.
    ties: AtomicBool,
    /// How many messages came late, or repeated a number.
    rejected: AtomicU64,
    /// `OPEN`, `CLOSED` or `PLUGGED`.
    state: AtomicU8,
    /// Those who wait for space, and those who wait for the end.
    blocked: WaitQueue,
    /// In a forwarding dispatch: what the lane waits for.
    blockage: Blockage,
    /// The place on the list of lanes that have something for the engine.
    link: Link<Self>,
    /// Where the engine keeps the other end.
    slot: Slot,
}

/// The engine's end of a lane. There is one for each open lane; dropping it closes the lane, and empties it.
pub(crate) struct LaneEnd<T> {
    lane: Arc<Lane<T>>,
}

/// Why a message was not put into a lane.
pub(crate) enum NotPut<T> {
    /// There is no space.
    Full(Item<T>),
    /// The lane is closed.
    Closed(Item<T>),
}

/// Makes a lane for `capacity` messages to `target`, whose numbers are above `origin`.
pub(crate) fn lane<T>(
    id: u64,
    capacity: usize,
    target: Option<Arc<Inbox<T>>>,
    origin: u64,
) -> (Arc<Lane<T>>, LaneEnd<T>) {
    let (sender, receiver) = channel::bounded(capacity);
    let lane = Arc::new(Lane {
        id,
        target,
        sender,
        receiver,
        origin,
        frontier: Frontier::new(origin),
        marked: AtomicU64::new(origin),
        ties: AtomicBool::new(false),
        rejected: AtomicU64::new(0),
        state: AtomicU8::new(OPEN),
        blocked: WaitQueue::new(),
        blockage: Blockage::new(),
        link: Link::new(),
        slot: Slot::new(),
    });
    let end = LaneEnd {
        lane: Arc::clone(&lane),
    };
    (lane, end)
}

/// The bytes that the queue of a lane takes; the channel keeps a stamp beside each message.
pub(crate) fn queue_bytes<T>(capacity: usize) -> Option<usize> {
    capacity.checked_mul(size_of::<Item<T>>() + size_of::<usize>())
}

impl<T> Linked for Lane<T> {
    fn link(&self) -> &Link<Self> {
        &self.link
    }
}

impl<T> Lane<T> {
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn target(&self) -> Option<&Arc<Inbox<T>>> {
        self.target.as_ref()
    }

    pub(crate) fn slot(&self) -> &Slot {
        &self.slot
    }

    pub(crate) fn len(&self) -> usize {
        self.sender.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.sender.capacity().unwrap_or(usize::MAX)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.sender.is_full()
    }

    /// Whether what is sent now cannot arrive.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        // A receiver that has left or closed is noticed at once, and not only when the engine has been told.
        //
        // ORDERING: acquire, partner of the release in `LaneEnd::close`: who finds a lane closed finds why it
        // was (see `Source::disconnect_reason`). Who misses it here finds it in `signal`.
        self.target.as_ref().is_some_and(|to| to.is_closed())
            || self.state.load(Ordering::Acquire) != OPEN
    }

    pub(crate) fn origin(&self) -> u64 {
        self.origin
    }

    /// How far the sender has promised that nothing will follow.
    #[inline]
    pub(crate) fn frontier(&self) -> u64 {
        self.frontier.get()
    }

    /// Raises the frontier. After what was put in, and before [`signal`](Self::signal). Returns whether it
    /// was lower.
    #[inline]
    pub(crate) fn raise(&self, frontier: u64) -> bool {
        self.frontier.raise(frontier)
    }

    pub(crate) fn marked(&self) -> u64 {
        // ORDERING: relaxed. A value out of date has the same promise put in twice.
        self.marked.load(Ordering::Relaxed)
    }

    pub(crate) fn mark(&self, frontier: u64) {
        // ORDERING: as in `marked`.
        self.marked.fetch_max(frontier, Ordering::Relaxed);
    }

    pub(crate) fn allow_ties(&self) {
        // ORDERING: relaxed. It is set before anything is put in, and whoever takes that out sees it.
        self.ties.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_ties(&self) -> bool {
        // ORDERING: as in `allow_ties`.
        self.ties.load(Ordering::Relaxed)
    }

    pub(crate) fn count_rejected(&self) {
        // ORDERING: relaxed, here and below. The count is for people.
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    pub(crate) fn blockage(&self) -> &Blockage {
        &self.blockage
    }

    /// Puts a message in, if there is space. To be followed by [`signal`](Self::signal).
    #[inline]
    pub(crate) fn try_put(&self, item: Item<T>) -> Result<(), NotPut<T>> {
        if self.is_closed() {
            return Err(NotPut::Closed(item));
        }
        self.sender.try_send(item).map_err(|error| {
            let item = error.into_inner();
            // A lane that was closed meanwhile may stay full.
            if self.is_closed() {
                NotPut::Closed(item)
            } else {
                NotPut::Full(item)
            }
        })
    }

    /// A place among those who wait for space in the lane, or for its end.
    pub(crate) fn blocked_place(&self) -> Place<'_> {
        Place::new(&self.blocked)
    }

    /// Those who wait for space in the lane, or for its end.
    #[cfg(feature = "async")]
    pub(crate) fn blocked(&self) -> &WaitQueue {
        &self.blocked
    }

    /// Wakes those who wait for space. By the engine, when it has taken something out, and after
    /// [`fence_after_publishing`].
    #[inline]
    pub(crate) fn wake_blocked(&self) {
        self.blocked.wake_up_to(FOR_SPACE);
    }

    #[cfg(all(test, not(loom)))]
    pub(crate) fn put_unseen(&self, item: Item<T>) {
        assert!(self.sender.try_send(item).is_ok(), "the lane has space");
    }

    /// Sees to what was put in: has the engine look at the lane or, if it is closed, empties it.
    ///
    /// The message was put in before the lane is claimed here. If the claim fails, whoever has claimed the
    /// lane has yet to rearm it, and will look into it after that, and find the message. The same
    /// holds for a frontier that was raised. Returns whether this call has claimed it.
    #[inline]
    pub(crate) fn signal(this: &Arc<Self>, ready: &SignalList<Self>) -> bool {
        Self::signal_or(this, ready, drop)
    }

    /// As [`signal`](Self::signal), but what is found in a closed lane goes to `closed`, with an end of the lane
    /// that empties it when dropped.
    #[inline]
    pub(crate) fn signal_or(
        this: &Arc<Self>,
        ready: &SignalList<Self>,
        closed: impl FnOnce(LaneEnd<T>),
    ) -> bool {
        let claimed = this.link.claim();
        if claimed {
            // ORDERING: relaxed. If the lane was closed and rearmed before this claim, the claim has made
            // the state visible (see `Link`). Of a plugged lane everything is taken out that was put in.
            match this.state.load(Ordering::Relaxed) {
                OPEN => ready.push(Arc::clone(this)),
                CLOSED => closed(LaneEnd {
                    lane: Arc::clone(this),
                }),
                _ => {}
            }
        }
        claimed
    }

    /// Drops what is in a closed lane.
    fn empty(&self) {
        self.empty_into(drop);
    }

    fn empty_into(&self, mut into: impl FnMut(Item<T>)) {
        self.link.rearm();
        while let Ok(item) = self.receiver.try_recv() {
            into(item);
        }
    }
}

impl<T> LaneEnd<T> {
    pub(crate) fn lane(&self) -> &Arc<Lane<T>> {
        &self.lane
    }

    pub(crate) fn queue(&self) -> &channel::Receiver<Item<T>> {
        &self.lane.receiver
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<Item<T>> {
        self.lane.receiver.try_recv().ok()
    }

    /// As [`pop`](Self::pop), for several in a row. `known` is how many are known to be there; 0 at first.
    ///
    /// To find a lane empty by taking something out costs a fence, and to ask how many there are does not.
    #[inline]
    pub(crate) fn pop_known(&self, known: &mut usize) -> Option<Item<T>> {
        if *known == 0 {
            *known = self.lane.len();
        }
        *known = known.checked_sub(1)?;
        self.pop()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lane.receiver.is_empty()
    }

    /// Stops looking at a lane that was found empty, until it is signalled. Returns whether that is
    /// so: `false` if something has come meanwhile and the lane is still to be looked at.
    pub(crate) fn rest(&self) -> bool {
        self.lane.link.rearm();
        // What came before a signal that the flag swallowed is seen here. If something has come, either
        // its sender has signed the lane up since, or we take it back.
        self.lane.receiver.is_empty() || !self.lane.link.claim()
    }

    /// As [`rest`](Self::rest), for a lane that was found empty at `frontier`: a frontier raised since
    /// is something, too.
    pub(crate) fn rest_at(&self, frontier: u64) -> bool {
        self.lane.link.rearm();
        let is_idle = self.lane.receiver.is_empty() && self.lane.frontier() == frontier;
        is_idle || !self.lane.link.claim()
    }

    /// Closes the lane, and hands over what is in it instead of dropping it.
    pub(crate) fn close_into(self, into: impl FnMut(Item<T>)) {
        self.close(CLOSED);
        self.lane.empty_into(into);
    }

    /// Closes the lane and hands over what is in it, so that nothing is put in afterwards: whoever has found the
    /// lane open, and is about to put something in, finds it full for good, and then closed. So each message is
    /// either handed over here, or its sender has it back.
    pub(crate) fn plug(&self, mut into: impl FnMut(Item<T>)) {
        self.close(PLUGGED);
        let plug = || Item::unnumbered(Parcel::without_value(Blank::Plug));
        let lane = &*self.lane;
        let mut plugs_in_a_row = 0;
        loop {
            // Full, it is looked through from its front to its back while it stays full: for each that is taken
            // out there is a new one, if nobody was faster. When a whole round of plugs has come out, and
            // a plug went in for each, there is nothing else.
            let mut added = 0;
            while lane.sender.try_send(plug()).is_ok() {
                added += 1;
            }
            if added != 1 {
                plugs_in_a_row = 0;
            }
            if plugs_in_a_row == lane.capacity() {
                break;
            }
            match lane.receiver.try_recv() {
                Ok(item) if item.parcel.blank() == Some(Blank::Plug) => plugs_in_a_row += 1,
                Ok(item) => {
                    plugs_in_a_row = 0;
                    into(item);
                }
                Err(_) => plugs_in_a_row = 0,
            }
        }
    }

    fn close(&self, state: u8) {
        self.lane.slot.clear();
        // ORDERING: release, partner of the acquire in `Lane::is_closed`. For `signal`, the rearming in
        // `empty` releases it: a sender that claims the lane after that sees the state, and empties the lane
        // itself. One that has claimed it before may still sign it up, once; the engine then finds that
        // it has no slot.
        self.lane.state.store(state, Ordering::Release);
        fence_after_publishing();
        self.lane.blocked.wake_from(FOR_SPACE);
    }
}

impl<T> Drop for LaneEnd<T> {
    fn drop(&mut self) {
        // ORDERING: relaxed. Whoever plugs a lane is who drops this.
        if self.lane.state.load(Ordering::Relaxed) != PLUGGED {
            self.close(CLOSED);
            self.lane.empty();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// A queue takes a stamp for each message besides, and what cannot be counted does not fit.
    #[test]
    fn a_queue_takes_little_more_than_its_messages() {
        let item = size_of::<Item<u64>>();
        let bytes = queue_bytes::<u64>(100).unwrap();
        assert!(100 * item < bytes && bytes <= 150 * item);
        assert_eq!(queue_bytes::<u64>(usize::MAX), None);
    }

    /// A lane comes to rest only if nothing has come since it was looked at, neither a message nor a promise; else it
    /// is taken back, to be looked at again.
    #[test]
    fn a_lane_rests_if_nothing_has_come() {
        let (lane, end) = lane::<u32>(1, 4, None, 0);
        assert!(lane.link.claim());
        assert!(end.rest_at(0));
        assert!(lane.link.claim(), "it was at rest");
        lane.raise(5);
        assert!(!end.rest_at(0));
        assert!(!lane.link.claim(), "it was taken back");
        assert!(end.rest_at(5));
        lane.put_unseen(Item::unnumbered(Parcel::own(7)));
        assert!(!end.rest_at(5));
        assert!(!end.rest());
        assert!(end.pop().is_some());
        assert!(end.rest());
    }
}
