//! Who is there: receivers by name, lanes by id.

use crossbeam_epoch::{Atomic, Collector, Guard, Owned, Shared};
use std::sync::atomic::Ordering;

use crate::directory::Directory;
use crate::inbox::Inbox;
use crate::lane::Lane;
use crate::sync::{Arc, Tracked};

/// The members of a dispatcher at one instant. Never changes: a change makes a new one.
pub(crate) struct Members<T> {
    receivers: Directory<String, Arc<Inbox<T>>>,
    lanes: Directory<u64, Arc<Lane<T>>>,
}

/// The current [`Members`], behind an epoch.
///
/// Anybody reads without locks, and what one reads is what was there at one instant. Handles write as
/// they come and go, so that a name can be used, or used again, as soon as the call that
/// gives or frees it has returned. A write makes the next members out of the current ones, which is
/// cheap ([`Directory`]), and puts them in place with one compare-and-swap; who loses a race tries
/// again. The members replaced are dropped when no reader is left.
///
/// The epoch is the roster's own and not the process-wide one: what is retired here is freed at the
/// latest with the dispatcher.
pub(crate) struct Roster<T> {
    members: Atomic<Tracked<Members<T>>>,
    epoch: Collector,
}

impl<T> Roster<T> {
    /// `T` has to be sent, and to last, because members are dropped on any thread and at any time.
    pub(crate) fn new() -> Self
    where
        T: Send + 'static,
    {
        Self {
            members: Atomic::new(Tracked::new(Members {
                receivers: Directory::new(),
                lanes: Directory::new(),
            })),
            epoch: Collector::new(),
        }
    }

    /// Looks at the members as of now.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Members<T>) -> R) -> R {
        let participant = self.epoch.register();
        let guard = participant.pin();
        look(self.current(&guard).1)
    }

    fn current<'g>(&self, guard: &'g Guard) -> (Shared<'g, Tracked<Members<T>>>, &'g Members<T>) {
        // ORDERING: acquire, partner of the release in `update`: the members are built before they are
        // seen.
        let shared = self.members.load(Ordering::Acquire, guard);
        // SAFETY: the pointer is never null, and what it points to is not dropped while `guard`, which
        // is pinned in this roster's epoch, lives: `update` defers that.
        (shared, unsafe { shared.deref() })
    }

    /// Replaces the members by what `change` makes of them, unless it makes nothing. Returns whether it
    /// did. `change` is called again if the members change meanwhile.
    fn update(&self, change: impl Fn(&Members<T>) -> Option<Members<T>>) -> bool {
        let participant = self.epoch.register();
        let guard = participant.pin();
        loop {
            let (shared, current) = self.current(&guard);
            let Some(next) = change(current) else {
                return false;
            };
            // ORDERING: release, partner of the acquire in `current`. A failure is looked into by
            // `current`.
            let swapped = self.members.compare_exchange(
                shared,
                Owned::new(Tracked::new(next)),
                Ordering::Release,
                Ordering::Relaxed,
                &guard,
            );
            if swapped.is_ok() {
                // SAFETY: the exchange has made `shared` unreachable for whoever pins from now on, and
                // only the one whose exchange succeeded gets here with it. It may be dropped on another
                // thread and later: `new` asks for a `T` that allows it.
                unsafe { guard.defer_destroy(shared) };
                // Not left for later: what is retired holds inboxes.
                guard.flush();
                return true;
            }
        }
    }

    /// Enters a receiver with its first lane; `false` if the name is taken.
    pub(crate) fn add_receiver(&self, inbox: &Arc<Inbox<T>>, lane: &Arc<Lane<T>>) -> bool {
        self.update(|members| {
            let name = inbox.name().to_owned();
            if members.receivers.get(&name).is_some() {
                return None;
            }
            Some(Members {
                receivers: members.receivers.with(name, Arc::clone(inbox)),
                lanes: members.lanes.with(lane.id(), Arc::clone(lane)),
            })
        })
    }

    /// Strikes a receiver off. The name is free after this call.
    pub(crate) fn remove_receiver(&self, inbox: &Arc<Inbox<T>>) {
        self.update(|members| {
            let name = inbox.name().to_owned();
            let entry = members.receivers.get(&name)?;
            Arc::ptr_eq(entry, inbox).then(|| Members {
                receivers: members.receivers.without(&name),
                lanes: members.lanes.clone(),
            })
        });
    }

    pub(crate) fn add_lane(&self, lane: &Arc<Lane<T>>) {
        self.update(|members| {
            Some(Members {
                receivers: members.receivers.clone(),
                lanes: members.lanes.with(lane.id(), Arc::clone(lane)),
            })
        });
    }

    pub(crate) fn remove_lane(&self, lane: &Arc<Lane<T>>) {
        self.update(|members| {
            Some(Members {
                receivers: members.receivers.clone(),
                lanes: members.lanes.without(&lane.id()),
            })
        });
    }
}

impl<T> Drop for Roster<T> {
    fn drop(&mut self) {
        // SAFETY: `&mut self`: nobody else can read the pointer any more.
        drop(unsafe { std::mem::take(&mut self.members).try_into_owned() });
    }
}

impl<T> Members<T> {
    pub(crate) fn receiver(&self, name: &str) -> Option<&Arc<Inbox<T>>> {
        self.receivers.get(name)
    }

    pub(crate) fn receivers(&self) -> impl Iterator<Item = &Arc<Inbox<T>>> {
        self.receivers.values()
    }

    pub(crate) fn lanes(&self) -> impl Iterator<Item = &Arc<Lane<T>>> {
        self.lanes.values()
    }
}
