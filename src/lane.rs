//! A lane: the bounded channel from one sender handle to the engine.

use crate::inbox::Inbox;
use crate::parcel::Parcel;
use crate::signal_list::{Link, Linked};
use crate::slot::Slot;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, channel};

/// The sender's end of a lane, and what it shares with the engine.
pub(crate) struct Lane<T> {
    /// Tells lanes apart, for people.
    id: u64,
    /// Whom messages are for; `None` for everybody.
    target: Option<Arc<Inbox<T>>>,
    queue: channel::Sender<Parcel<T>>,
    /// The engine has given up the other end.
    closed: AtomicBool,
    /// The place on the list of lanes that have something for the engine.
    link: Link<Self>,
    /// Where the engine keeps the other end.
    slot: Slot,
}

/// The engine's end of a lane. There is one for each lane; when it is dropped, sends fail.
pub(crate) struct LaneEnd<T> {
    lane: Arc<Lane<T>>,
    queue: channel::Receiver<Parcel<T>>,
}

/// Makes a lane for `capacity` messages to `target`.
pub(crate) fn lane<T>(
    id: u64,
    capacity: usize,
    target: Option<Arc<Inbox<T>>>,
) -> (Arc<Lane<T>>, LaneEnd<T>) {
    let (sender, receiver) = channel::bounded(capacity);
    let lane = Arc::new(Lane {
        id,
        target,
        queue: sender,
        closed: AtomicBool::new(false),
        link: Link::new(),
        slot: Slot::new(),
    });
    let end = LaneEnd {
        lane: Arc::clone(&lane),
        queue: receiver,
    };
    (lane, end)
}

/// The bytes that the queue of a lane takes; the channel keeps a stamp beside each message.
pub(crate) fn queue_bytes<T>(capacity: usize) -> Option<usize> {
    capacity.checked_mul(size_of::<Parcel<T>>() + size_of::<usize>())
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
        self.queue.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.queue.capacity().unwrap_or(usize::MAX)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.queue.is_full()
    }

    /// Whether what is sent now cannot arrive.
    pub(crate) fn is_closed(&self) -> bool {
        // ORDERING: acquire, partner of the release in `LaneEnd::drop`; as with `Inbox::is_gone`, nothing
        // but the flag is concluded from it.
        self.closed.load(Ordering::Acquire) || self.target.as_ref().is_some_and(|to| to.is_gone())
    }

    pub(crate) fn queue(&self) -> &channel::Sender<Parcel<T>> {
        &self.queue
    }
}

impl<T> LaneEnd<T> {
    pub(crate) fn lane(&self) -> &Arc<Lane<T>> {
        &self.lane
    }

    pub(crate) fn queue(&self) -> &channel::Receiver<Parcel<T>> {
        &self.queue
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<Parcel<T>> {
        self.queue.try_recv().ok()
    }

    /// Stops looking at a lane that was found empty, until it is signalled. Returns whether that is
    /// so: `false` if something has come meanwhile and the lane is still to be looked at.
    pub(crate) fn rest(&self) -> bool {
        self.lane.link.rearm();
        // What came before a signal that the flag swallowed is seen here. If something has come, either
        // its sender has signed the lane up since, or we take it back.
        self.queue.is_empty() || !self.lane.link.claim()
    }
}

impl<T> Drop for LaneEnd<T> {
    fn drop(&mut self) {
        // ORDERING: see `Lane::is_closed`.
        self.lane.closed.store(true, Ordering::Release);
        self.lane.slot.clear();
    }
}
