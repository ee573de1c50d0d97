//! A lane: the bounded channel from one sender handle to the engine.

use std::time::Instant;

use crate::inbox::Inbox;
use crate::parcel::Parcel;
use crate::signal_list::{Link, Linked, SignalList};
use crate::slot::Slot;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, channel};

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
    sender: channel::Sender<Parcel<T>>,
    receiver: channel::Receiver<Parcel<T>>,
    /// The engine has given up the other end.
    closed: AtomicBool,
    /// The place on the list of lanes that have something for the engine.
    link: Link<Self>,
    /// Where the engine keeps the other end.
    slot: Slot,
}

/// The engine's end of a lane. There is one for each lane; dropping it closes the lane.
pub(crate) struct LaneEnd<T> {
    lane: Arc<Lane<T>>,
}

/// Why a message was not put into a lane.
pub(crate) enum NotPut<T> {
    /// There was no space, or none in time.
    Full(Parcel<T>),
    /// The lane is closed.
    Closed(Parcel<T>),
}

/// How long to wait for space in a lane.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    /// Not at all.
    None,
    /// Up to a point in time.
    Until(Instant),
    /// For as long as it takes.
    Endless,
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
        sender,
        receiver,
        closed: AtomicBool::new(false),
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
        // A receiver that has left is noticed at once, and not only when the engine has been told.
        //
        // ORDERING: relaxed: nothing but the flag is concluded from it. Who misses it here finds it in
        // `signal`.
        self.target.as_ref().is_some_and(|to| to.is_gone()) || self.closed.load(Ordering::Relaxed)
    }

    /// Puts a message in, waiting for space if there is none. To be followed by [`signal`](Self::signal).
    #[inline]
    pub(crate) fn put(&self, parcel: Parcel<T>, patience: Patience) -> Result<(), NotPut<T>> {
        if self.is_closed() {
            return Err(NotPut::Closed(parcel));
        }
        match self.sender.try_send(parcel) {
            Ok(()) => Ok(()),
            Err(error) => match patience {
                Patience::None => Err(NotPut::Full(error.into_inner())),
                _ => self.put_later(error.into_inner(), patience),
            },
        }
    }

    #[cold]
    fn put_later(&self, mut parcel: Parcel<T>, patience: Patience) -> Result<(), NotPut<T>> {
        loop {
            // Waiting for space, and not for the message to be taken: a lane that is closed is emptied, so
            // this wakes up, and then the message is still ours to give back.
            let mut select = channel::Select::new();
            select.send(&self.sender);
            let in_time = match patience {
                Patience::Until(deadline) => select.ready_deadline(deadline).is_ok(),
                _ => {
                    select.ready();
                    true
                }
            };
            if self.is_closed() {
                return Err(NotPut::Closed(parcel));
            }
            if !in_time {
                return Err(NotPut::Full(parcel));
            }
            match self.sender.try_send(parcel) {
                Ok(()) => return Ok(()),
                Err(error) => parcel = error.into_inner(),
            }
        }
    }

    /// Sees to what was put in: has the engine look at the lane or, if it is closed, empties it.
    ///
    /// The message was put in before the lane is claimed here. If the claim fails, whoever has claimed the
    /// lane has yet to rearm it, and will look into it after that, and find the message.
    #[inline]
    pub(crate) fn signal(this: &Arc<Self>, ready: &SignalList<Self>) {
        if this.link.claim() {
            // ORDERING: relaxed. If the lane was closed and rearmed before this claim, the claim has made
            // the flag visible (see `Link`).
            if this.closed.load(Ordering::Relaxed) {
                this.empty();
            } else {
                ready.push(Arc::clone(this));
            }
        }
    }

    /// Drops what is in a closed lane.
    fn empty(&self) {
        self.link.rearm();
        while self.receiver.try_recv().is_ok() {}
    }
}

impl<T> LaneEnd<T> {
    pub(crate) fn lane(&self) -> &Arc<Lane<T>> {
        &self.lane
    }

    pub(crate) fn queue(&self) -> &channel::Receiver<Parcel<T>> {
        &self.lane.receiver
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<Parcel<T>> {
        self.lane.receiver.try_recv().ok()
    }

    /// Stops looking at a lane that was found empty, until it is signalled. Returns whether that is
    /// so: `false` if something has come meanwhile and the lane is still to be looked at.
    pub(crate) fn rest(&self) -> bool {
        self.lane.link.rearm();
        // What came before a signal that the flag swallowed is seen here. If something has come, either
        // its sender has signed the lane up since, or we take it back.
        self.lane.receiver.is_empty() || !self.lane.link.claim()
    }
}

impl<T> Drop for LaneEnd<T> {
    fn drop(&mut self) {
        self.lane.slot.clear();
        // ORDERING: relaxed, for the rearming in `empty` releases it. A sender that claims the lane after
        // that sees the flag, and empties the lane itself. One that has claimed it before may still
        // sign it up, once; the engine then finds that it has no slot.
        self.lane.closed.store(true, Ordering::Relaxed);
        self.lane.empty();
    }
}
