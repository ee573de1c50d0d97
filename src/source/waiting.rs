//! How a sender waits: for space in its lane, or for the end.

use std::task::Waker;
use std::time::Instant;

use crate::DisconnectReason;
use crate::driver::{Awaited, Parked, Party};
use crate::item::Item;
use crate::lane::{FOR_END, FOR_SPACE, NotPut};
use crate::sync::{Backoff, thread};
use crate::wait_queue::Place;
use crate::waiter::this_thread;

use super::Source;

/// How long to wait for space in a lane.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// Not at all.
    None,
    /// Up to a point in time.
    Until(Instant),
    /// For as long as it takes.
    Endless,
}

/// A place among those who wait at a lane, which is left when this is dropped.
pub(super) struct Waiting<'a> {
    place: Place<'a>,
    parked: Parked<'a>,
}

impl Waiting<'_> {
    /// Queues up for `FOR_SPACE` or `FOR_END`. To be followed by a look whether that has come.
    pub(super) fn queue_up(&mut self, target: u64, waker: &Waker) {
        self.place.queue_up(target, waker);
        self.parked.sign_up(waker);
    }
}

impl<T> Source<T> {
    pub(super) fn waiting(&self, party: Party) -> Waiting<'_> {
        Waiting {
            place: self.lane.blocked_place(),
            parked: Parked::new(self.connection.caller(), self.awaited(), party),
        }
    }

    /// What those wait for who wait here.
    pub(super) fn awaited(&self) -> Awaited {
        match self.connection.core().gate() {
            // What others send may be what a message in the lane waits for.
            Some(_) => Awaited::Anything,
            None => Awaited::Told,
        }
    }

    /// Puts a message in, waiting for space if there is none. To be followed by a signal.
    #[inline]
    pub(super) fn put_in(&self, item: Item<T>, patience: Patience) -> Result<(), NotPut<T>> {
        match self.lane.try_put(item) {
            Err(NotPut::Full(item)) => self.put_later(item, patience),
            result => result,
        }
    }

    #[cold]
    fn put_later(&self, mut item: Item<T>, patience: Patience) -> Result<(), NotPut<T>> {
        let backoff = Backoff::yielding();
        let deadline = match patience {
            Patience::Until(deadline) => Some(deadline),
            _ => None,
        };
        let is_late = || deadline.is_some_and(|at| Instant::now() >= at);
        loop {
            // In a dispatch without a thread, to make space is up to who needs it.
            let has_helped = match self.lane.target() {
                Some(inbox) => self.connection.help_for(inbox),
                None => self.connection.help(),
            };
            if has_helped {
                match self.lane.try_put(item) {
                    Err(NotPut::Full(it)) => item = it,
                    result => return result,
                }
            }
            if matches!(patience, Patience::None) {
                return Err(NotPut::Full(item));
            }
            if backoff.is_completed() || is_late() {
                break;
            }
            backoff.snooze();
            match self.lane.try_put(item) {
                Err(NotPut::Full(it)) => item = it,
                result => return result,
            }
        }
        let telemetry = self.connection.core().telemetry();
        let _blocked = telemetry.send_blocked(&self.lane);
        let waker = this_thread();
        let mut waiting = self.waiting(Party::Thread);
        loop {
            waiting.queue_up(FOR_SPACE, &waker);
            match self.lane.try_put(item) {
                Err(NotPut::Full(it)) => item = it,
                result => return result,
            }
            if is_late() {
                return Err(NotPut::Full(item));
            }
            thread::park_until(deadline);
        }
    }

    /// Why nothing can be sent any more, but for want of numbers, which is not told to those who wait.
    pub(super) fn close_reason(&self) -> Option<DisconnectReason> {
        let is_closed = self.lane.is_closed() || self.connection.core().is_dead();
        if is_closed {
            self.disconnect_reason()
        } else {
            None
        }
    }

    /// Waits until nothing can be sent any more, and tells why. `None` if the time is up.
    pub(crate) fn wait_closed(&self, deadline: Option<Instant>) -> Option<DisconnectReason> {
        let waker = this_thread();
        let mut waiting = self.waiting(Party::Thread);
        loop {
            waiting.queue_up(FOR_END, &waker);
            if let Some(reason) = self.close_reason() {
                return Some(reason);
            }
            if deadline.is_some_and(|at| Instant::now() >= at) {
                return None;
            }
            thread::park_until(deadline);
        }
    }
}
