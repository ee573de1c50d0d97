//! An engine in the hands of a fuzz target: one step at a time, on one thread.

use std::fmt;

use crate::driver::Drive;
use crate::sync::{Arc, Mutex};

/// Takes the place of the dispatcher's thread: [`Builder::by_hand`](crate::Builder::by_hand) gives it the engine.
///
/// It goes about it as the thread does. Once the engine has nothing to do it sleeps, and goes on only if there is
/// something on the control lane or on one of the lanes that the engine has watched. So a wake-up that the thread would
/// miss is missed here.
pub struct Stepper<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    engine: Option<Box<dyn Drive<T> + Send>>,
    is_asleep: bool,
    /// While it sleeps.
    watched: Vec<usize>,
}

impl<T> Stepper<T> {
    /// Without an engine yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            engine: None,
            is_asleep: false,
            watched: Vec::new(),
        })))
    }

    pub(crate) fn take(&self, engine: Box<dyn Drive<T> + Send>) {
        self.with(|state| state.engine = Some(engine));
    }

    /// Does a step. Returns `false` if it sleeps and nothing wakes it.
    pub fn step(&self) -> bool {
        self.with(|state| {
            let Some(engine) = &mut state.engine else {
                return false;
            };
            if engine.is_finished() || (state.is_asleep && !wakes(&mut **engine, &state.watched)) {
                return false;
            }
            state.is_asleep = false;
            if !engine.step() && engine.prepare_to_block(&mut state.watched) {
                state.is_asleep = true;
            }
            !state.is_asleep
        })
    }

    /// Whether every handle is gone, and the engine finds that its work is done: the thread is woken by that.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.with(|state| {
            let Some(engine) = &mut state.engine else {
                return true;
            };
            while engine.step() {}
            engine.prepare_to_block(&mut state.watched);
            engine.is_finished()
        })
    }

    fn with<R>(&self, f: impl FnOnce(&mut State<T>) -> R) -> R {
        // A target that panics ends the process.
        f(&mut self.0.lock().expect("the engine does not panic"))
    }
}

/// Whether something wakes an engine that sleeps. The first lane there is and not any of them as in the driver, so that
/// a program does the same each time.
fn wakes<T>(engine: &mut dyn Drive<T>, watched: &[usize]) -> bool {
    if !engine.control().is_empty() {
        return true;
    }
    let ready = watched.iter().find(|&&l| !engine.queue(l).is_empty());
    ready.is_some_and(|&l| {
        engine.notice(l);
        true
    })
}

impl<T> Default for Stepper<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Stepper<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Stepper<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stepper").finish_non_exhaustive()
    }
}
