//! A baton: who holds it may use what goes with it.

use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicU8, Ordering};

/// Nobody holds it. The state at the start.
const IDLE: u8 = 0;
/// Somebody holds it.
const HELD: u8 = 1;
/// Somebody holds it, and has been called since: a note is there.
const CALLED: u8 = 2;
/// Nobody holds it, and who held it last may have left something undone.
const OWED: u8 = 3;

/// Something that one thread at a time may use, and for which nobody waits.
///
/// It is taken with one compare-and-swap. Who needs it used and finds it held leaves a note and goes on: the
/// holder cannot put it down without having seen the note. So what was asked for is done by the one or by the other.
pub(crate) struct Baton<E> {
    state: AtomicU8,
    /// Used by the holder only.
    engine: UnsafeCell<E>,
}

/// The baton is held. Not put down by being dropped: a holder has to say how it leaves.
#[must_use = "a baton that is not put down is held for ever"]
pub(crate) struct Held<'a, E> {
    baton: &'a Baton<E>,
    /// Who held it last may have left something undone.
    was_owed: bool,
}

// SAFETY: the engine is used by one thread at a time, the holder, to which the one before has handed it over: see
// `Held::with`. So it is only ever sent.
unsafe impl<E: Send> Sync for Baton<E> {}

impl<E> Baton<E> {
    pub(crate) fn new(engine: E) -> Self {
        Self {
            state: AtomicU8::new(IDLE),
            engine: UnsafeCell::new(engine),
        }
    }

    /// Takes it, if nobody holds it.
    #[inline]
    pub(crate) fn try_take(&self) -> Option<Held<'_, E>> {
        // ORDERING: relaxed. A look, so that the holder is not disturbed in vain.
        let state = self.state.load(Ordering::Relaxed);
        if state == HELD || state == CALLED {
            return None;
        }
        // ORDERING: acquire, partner of the release in `put_down` and `owe`: what the holder before has done to
        // the engine comes before what this one does.
        self.state
            .compare_exchange(state, HELD, Ordering::Acquire, Ordering::Relaxed)
            .ok()
            .map(|before| self.held(before))
    }

    /// Takes it or, if somebody holds it, leaves a note.
    pub(crate) fn take_or_call(&self) -> Option<Held<'_, E>> {
        if let Some(held) = self.try_take() {
            return Some(held);
        }
        // ORDERING: release, partner of the acquire in `put_down`: the holder sees what is to be done. Acquire, as
        // in `try_take`: it may have been put down just now, and then it is ours, with our own note on it.
        let before = self.state.swap(CALLED, Ordering::AcqRel);
        (before == IDLE || before == OWED).then(|| self.held(before))
    }

    #[inline]
    fn held(&self, before: u8) -> Held<'_, E> {
        Held {
            baton: self,
            was_owed: before == OWED,
        }
    }

    /// Whether nobody holds it though something may have been left undone.
    #[inline]
    pub(crate) fn is_owed(&self) -> bool {
        // ORDERING: relaxed. Who has to see it has been told by way of a lock: see `Inline`.
        self.state.load(Ordering::Relaxed) == OWED
    }
}

impl<E> Held<'_, E> {
    /// Whether it was put down by [`owe`](Self::owe).
    #[inline]
    pub(crate) fn was_owed(&self) -> bool {
        self.was_owed
    }

    /// Uses what goes with the baton. Must not panic: the baton would be held for ever.
    #[inline]
    pub(crate) fn with<R>(&mut self, f: impl FnOnce(&mut E) -> R) -> R {
        self.baton.engine.with_mut(|engine| {
            // SAFETY: there is one `Held` for each time that the state went to `HELD`, or to `CALLED` from a state
            // without a holder, and before that the `Held` before was consumed, by `put_down` or `owe`, which
            // released what this one has acquired. Both ways to get one come with an exclusive change of the state.
            // It is borrowed exclusively here, so `f` does not come here again by way of it.
            f(unsafe { &mut *engine })
        })
    }

    /// Puts it down. Fails if there is a note, which is taken off then: what has been asked for is to be done first.
    #[inline]
    pub(crate) fn put_down(self) -> Result<(), Self> {
        // ORDERING: release, partner of the acquire in `try_take` and `take_or_call`.
        let put_down =
            self.baton
                .state
                .compare_exchange(HELD, IDLE, Ordering::Release, Ordering::Relaxed);
        if put_down.is_ok() {
            return Ok(());
        }
        // ORDERING: acquire, partner of the release in `take_or_call`, of all notes so far: each was left by a
        // read-modify-write operation, and those continue one another's release sequences.
        self.baton.state.swap(HELD, Ordering::Acquire);
        Err(self)
    }

    /// Puts it down though something may be left undone, notes included. Who takes it next does that.
    pub(crate) fn owe(self) {
        // ORDERING: release, as in `put_down`. Notes need not be acquired: their writers' releases are continued by
        // this swap, and who takes it next acquires them.
        self.baton.state.swap(OWED, Ordering::Release);
    }
}
