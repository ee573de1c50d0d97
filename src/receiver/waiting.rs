//! How a receiver waits.

use std::task::Waker;
use std::time::Instant;

use crate::driver::{Awaited, Caller, Party};
use crate::inbox::Look;
use crate::sync::{Backoff, thread};
use crate::waiter::{fence_after_registering, this_thread};
use crate::{Event, RecvTimeoutError};

use super::Receiver;

/// The receiver is registered as waiting, until this is dropped.
struct Registration<'a, T>(&'a Receiver<T>);

impl<T> Drop for Registration<'_, T> {
    fn drop(&mut self) {
        self.0.unregister();
    }
}

impl<T> Receiver<T> {
    pub(super) fn look_for_message(&self) -> Look<T> {
        match self.look() {
            // After a tick there was no message, and the next look may well find another tick, if the
            // clock runs fast. Then there is nothing, for now.
            Look::Event(Event::Clock(_)) => match self.look() {
                Look::Event(Event::Clock(_)) => Look::Nothing,
                look => look,
            },
            look => look,
        }
    }

    /// Whether a look finds an event or the end.
    pub(crate) fn is_ready(&self) -> bool {
        self.outlet.is_ready() || (self.connection.help() && self.outlet.is_ready())
    }

    /// Leaves a waker, to be woken by a message, by the end and, if `ticks` says so, by a tick. To be followed by a
    /// look.
    pub(crate) fn register(&self, waker: &std::sync::Arc<Waker>, party: Party, ticks: bool) {
        let inbox = self.outlet.inbox();
        inbox.waiter().register(waker);
        if ticks {
            self.connection.core().parked().signal(inbox);
        }
        fence_after_registering();
        if let Some(inline) = self.connection.inline() {
            let mut parked = self.parked.take();
            inline.sign_up(Awaited::Anything, party, &mut parked, waker);
            self.parked.set(parked);
        }
    }

    /// Takes the waker back, if it is still there: nobody waits any more.
    pub(crate) fn unregister(&self) {
        self.outlet.inbox().waiter().clear();
        if let Some(inline) = self.connection.inline() {
            inline.sign_off(&mut self.parked.take());
        }
    }

    /// Looks until there is something, and parks in between. A tick wakes it only if `ticks` says so.
    pub(super) fn wait(
        &self,
        look: impl Fn() -> Look<T>,
        ticks: bool,
        deadline: Option<Instant>,
    ) -> Result<Event<T>, RecvTimeoutError> {
        // Without a thread between the two, it is the sender itself that it waits for.
        let backoff = match self.connection.inline() {
            Some(_) => Backoff::spinning(),
            None => Backoff::yielding(),
        };
        loop {
            match look() {
                Look::Event(event) => return Ok(event),
                Look::End => return Err(RecvTimeoutError::Disconnected),
                Look::Nothing if backoff.is_completed() => break,
                Look::Nothing => backoff.snooze(),
            }
        }
        let inbox = self.outlet.inbox();
        let mut waiting = None;
        // Taken back on every way out, also when `Clone` panics in `look`.
        let _registration = Registration(self);
        let waker = this_thread();
        loop {
            self.register(&waker, Party::Thread, ticks);
            match look() {
                Look::Event(event) => return Ok(event),
                Look::End => return Err(RecvTimeoutError::Disconnected),
                Look::Nothing => {}
            }
            if deadline.is_some_and(|at| Instant::now() >= at) {
                return Err(RecvTimeoutError::Timeout);
            }
            let telemetry = self.connection.core().telemetry();
            waiting.get_or_insert_with(|| telemetry.receive_parked(inbox));
            // It is not if it was woken meanwhile; or if `Clone` has received on this very receiver, and has
            // taken the registration back. Either way another look is due.
            if inbox.waiter().is_registered() {
                thread::park_until(deadline);
            }
        }
    }
}
