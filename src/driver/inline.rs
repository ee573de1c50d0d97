//! The engine without a thread: whoever needs what it does runs it.

use std::sync::{Arc, Weak};
use std::task::Waker;

use crate::contained::contain;
use crate::sync::{FAULTS_ARE_FINDINGS, STEPS};
use crate::telemetry::Telemetry;
use crate::wait_queue::{Key, WaitQueue};
use crate::waiter::fence_after_publishing;

use super::Drive;
use super::baton::{Baton, Held};

/// Who is parked: a thread, which goes on when it is woken; or a task, which may be asked to and be left alone.
#[derive(Clone, Copy)]
pub(crate) enum Party {
    Thread,
    Task,
}

/// What somebody parked waits for.
#[derive(Clone, Copy)]
pub(crate) enum Awaited {
    /// Something that whatever gives the engine something to do may bring, be it a message from somebody else.
    Anything,
    /// Something that only the control lane may bring: a receiver has space, or leaves.
    Told,
}

impl Awaited {
    /// What a party has in the queue for a target: threads first, and first those who wait for anything.
    const fn target(self, party: Party) -> u64 {
        match (self, party) {
            (Self::Anything, Party::Thread) => 0,
            (Self::Anything, Party::Task) => 1,
            (Self::Told, Party::Thread) => 2,
            (Self::Told, Party::Task) => 3,
        }
    }
}

/// How much a holder of the baton does at least.
#[derive(Clone, Copy)]
enum Work {
    /// What somebody needs for itself: something for this receiver, if there is one.
    Some(Option<usize>),
    /// All there is, if somebody is parked.
    All,
}

/// The driver of a dispatch that has no thread.
///
/// The engine is run by the threads that use the dispatch, one at a time, the one with the [`Baton`]: by a receiver that
/// finds its inbox empty, by a sender that finds its lane full, by anybody about to park, and by a sender that
/// finds somebody parked. Nobody waits for the baton.
///
/// As long as nobody is parked, nothing has to be done at any time: whoever needs it done does it, or tries again.
/// So a holder may stop after any step. But if somebody is parked, what can be done must not be left undone, since
/// nobody may come. This is why that is so:
///
/// - Who parks signs up in `parked`, calls, looks once more, and only then parks. To call is to take the baton, and to
///   step until the engine has nothing to do, or to leave a note, by which the holder does.
/// - Who gives the engine something to do by a message in a lane that was at rest then calls if somebody has signed
///   up. Between what they write and what they look at both have a fence, as at
///   [`Waiter`](crate::waiter::Waiter): either who parks finds what there is to do, as it steps, or the other one
///   finds that somebody is parked. If the lane was not at rest, its flag is set, and the engine is to look at it
///   again in any case.
/// - Who tells something on the control lane then calls in any case.
/// - Who is called and finds somebody signed up does not put the baton down before the engine has nothing to do and
///   has asked those receivers for space that are full. If a receiver makes space, it tells.
/// - Who merely helps, in passing, does as much if somebody waits for [`Anything`](Awaited::Anything). It need not if
///   they all wait for something to be [`Told`](Awaited::Told), as a sender does whose lane is full in a serializing
///   dispatch: as it parked the engine had nothing to do, so its receiver, or one of a broadcaster's, was full and
///   had been asked for space. Until that one tells, and calls, nothing that others send can help. So a sender that is
///   blocked for long costs the others nothing.
/// - A holder with work of its own does not do that for ever: after [`STEPS`] it *owes* the rest, and then wakes an
///   heir, the first thread of those who have signed up. That one comes to call again as it goes on waiting; or it does
///   not, and then it finds what is owed as it signs off. It signs off after it was taken out of the queue,
///   under the queue's lock, and that was after the baton was put down: so it sees that. If there are only tasks, all
///   of them are heirs: one that is woken and not polled does nothing, and does not need anything, either. If nobody
///   has signed up by then, nothing has to be done at any time. Who takes what is owed, in passing or not, has been
///   called.
pub(crate) struct Inline<T> {
    /// With the engine; without one if that has died.
    baton: Baton<Option<Box<dyn Drive<T> + Send>>>,
    /// Those who are parked, or about to.
    parked: WaitQueue,
    telemetry: Telemetry,
}

/// An [`Inline`] whatever its messages are, for those who keep no dispatcher alive.
pub(crate) trait Caller: Send + Sync {
    /// As [`Inline::help`].
    fn help(&self) -> bool;

    /// Signs up as parked. To be followed by a look, and by [`sign_off`](Self::sign_off) when it waits no more.
    fn sign_up(&self, awaited: Awaited, party: Party, key: &mut Key, waker: &Waker);

    /// Signs off, if it has signed up.
    fn sign_off(&self, key: &mut Key);
}

/// A caller, if there is one: in a dispatch without a thread, as long as there is one.
pub(crate) type WeakCaller = Option<Weak<dyn Caller>>;

/// A place among those who are parked, which is left when this is dropped. Of no effect in a dispatch with a thread.
pub(crate) struct Parked<'a> {
    caller: &'a WeakCaller,
    awaited: Awaited,
    party: Party,
    key: Key,
}

impl<T> Inline<T> {
    pub(crate) fn new(engine: Box<dyn Drive<T> + Send>, telemetry: Telemetry) -> Self {
        Self {
            baton: Baton::new(Some(engine)),
            parked: WaitQueue::new(),
            telemetry,
        }
    }

    /// Runs the engine for a step, or for some if somebody is parked. Returns `false` if somebody else is at it.
    /// `receiver` is the slot of the one whose messages are needed, if there is one.
    #[inline]
    pub(crate) fn help(&self, receiver: Option<usize>) -> bool {
        match self.baton.try_take() {
            Some(held) => {
                self.run(held, Work::Some(receiver));
                true
            }
            None => false,
        }
    }

    /// Has the engine do what it can, here or by who is at it.
    pub(crate) fn call(&self) {
        if let Some(held) = self.baton.take_or_call() {
            self.run(held, Work::All);
        }
    }

    /// Has that done if somebody is parked who may need what this thread has just given the engine to do.
    #[inline]
    pub(crate) fn call_if_parked(&self) {
        fence_after_publishing();
        if self.has_waiting(Awaited::Anything) {
            self.call();
        }
    }

    /// Whether somebody is parked who waits for that, or for more. After a fence.
    #[inline]
    fn has_waiting(&self, awaited: Awaited) -> bool {
        self.parked.has_up_to(awaited.target(Party::Task))
    }

    fn run<'a>(&'a self, mut held: Held<'a, Option<Box<dyn Drive<T> + Send>>>, work: Work) {
        let (mut receiver, mut is_called) = match work {
            Work::Some(receiver) => (receiver, held.was_owed()),
            Work::All => (None, true),
        };
        let is_awaited = |is_called| {
            self.has_waiting(if is_called {
                Awaited::Told
            } else {
                Awaited::Anything
            })
        };
        if is_awaited(is_called) {
            receiver = None;
        }
        let mut steps = 0;
        loop {
            let worked = held.with(|engine| {
                self.contained(engine, false, |it| match receiver.take() {
                    Some(receiver) => it.step_for(receiver),
                    None => it.step(),
                })
            });
            let is_done = !is_awaited(is_called)
                || (!worked && held.with(|engine| self.contained(engine, true, |it| it.settle())));
            if is_done {
                match held.put_down() {
                    Ok(()) => return,
                    Err(still) => {
                        held = still;
                        is_called = true;
                    }
                }
            }
            steps += 1;
            if steps == STEPS {
                held.owe();
                if self.wake_heirs() {
                    return;
                }
                // They have all gone, and with them the need. But something may have been told meanwhile.
                match self.baton.try_take() {
                    Some(again) => {
                        is_called |= again.was_owed();
                        held = again;
                    }
                    None => return,
                }
                steps = 0;
            }
        }
    }

    /// Wakes who is to see to what is owed. Returns `false` if nobody is parked.
    fn wake_heirs(&self) -> bool {
        let mut threads = [Awaited::Anything, Awaited::Told].into_iter();
        if threads.any(|awaited| self.parked.wake_first(awaited.target(Party::Thread))) {
            return true;
        }
        let is_anybody_there = !self.parked.is_empty();
        self.parked.wake_from(0);
        is_anybody_there
    }

    /// Uses the engine. `without` is the result if there is none.
    fn contained(
        &self,
        engine: &mut Option<Box<dyn Drive<T> + Send>>,
        without: bool,
        mut with: impl FnMut(&mut (dyn Drive<T> + Send)) -> bool,
    ) -> bool {
        let Some(alive) = engine else {
            return without;
        };
        if FAULTS_ARE_FINDINGS {
            return with(&mut **alive);
        }
        let mut result = None;
        contain(|| result = Some(with(&mut **alive)));
        if result.is_none() {
            // A fault in the engine is not the fault of whoever has run it. It is dead, and as it is dropped
            // everybody is told.
            contain(|| *engine = None);
            self.telemetry.engine_died();
        }
        result.unwrap_or(without)
    }
}

impl<T> Caller for Inline<T> {
    fn help(&self) -> bool {
        Self::help(self, None)
    }

    fn sign_up(&self, awaited: Awaited, party: Party, key: &mut Key, waker: &Waker) {
        self.parked.enter(key, awaited.target(party), waker);
        self.call();
    }

    fn sign_off(&self, key: &mut Key) {
        if key.is_none() {
            return;
        }
        self.parked.leave(key);
        if self.baton.is_owed() {
            Self::help(self, None);
        }
    }
}

impl<'a> Parked<'a> {
    pub(crate) fn new(caller: &'a WeakCaller, awaited: Awaited, party: Party) -> Self {
        Self {
            caller,
            awaited,
            party,
            key: Key::default(),
        }
    }

    /// Signs up, and has the engine do what it can. To be followed by a look.
    pub(crate) fn sign_up(&mut self, waker: &Waker) {
        if let Some(caller) = upgrade(self.caller) {
            caller.sign_up(self.awaited, self.party, &mut self.key, waker);
        }
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        if let Some(caller) = upgrade(self.caller) {
            caller.sign_off(&mut self.key);
        }
    }
}

/// The caller, if it is still there.
pub(crate) fn upgrade(caller: &WeakCaller) -> Option<Arc<dyn Caller>> {
    caller.as_ref().and_then(Weak::upgrade)
}

#[cfg(all(test, not(loom)))]
mod tests;
