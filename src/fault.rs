//! Faults in an engine, for tests.
//!
//! With `--cfg clocked_lanes_faults` an engine dies at one of its [points](point) if its dispatcher is
//! [called](crate::Builder::thread_name) `dies at 17`, counted from 0. In other builds nothing of this is there.

#[cfg(clocked_lanes_faults)]
pub(crate) use injected::{fragile, point};

/// The engine as it is.
#[cfg(not(clocked_lanes_faults))]
pub(crate) fn fragile<E>(engine: E, _name: &str) -> E {
    engine
}

/// A place where an engine may be made to die: between two things that belong together.
#[cfg(not(clocked_lanes_faults))]
#[inline(always)]
pub(crate) fn point() {}

#[cfg(clocked_lanes_faults)]
mod injected {
    use std::cell::Cell;
    use std::panic::resume_unwind;

    use crate::control::Control;
    use crate::driver::Drive;
    use crate::item::Item;
    use crate::sync::channel;

    thread_local! {
        /// How many points the engine that this thread runs has before it.
        static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// An engine that dies at one of its points.
    pub(crate) struct Fragile<E> {
        engine: E,
        left: Option<u64>,
    }

    /// Puts back what holds for the code around.
    struct Outer(Option<u64>);

    pub(crate) fn fragile<E>(engine: E, name: &str) -> Fragile<E> {
        let left = name.strip_prefix("dies at ");
        let left = left.map(|n| n.parse().expect("the number of a point"));
        Fragile { engine, left }
    }

    /// A place where an engine may be made to die: between two things that belong together.
    pub(crate) fn point() {
        match LEFT.get() {
            None => {}
            Some(0) => {
                LEFT.set(None);
                // Resumed and not started, so that no hook prints it.
                resume_unwind(Box::new("the engine dies, on purpose"));
            }
            Some(n) => LEFT.set(Some(n - 1)),
        }
    }

    impl<E> Fragile<E> {
        /// Uses the engine. What it calls may use another one.
        fn lit<R>(&mut self, with: impl FnOnce(&mut E) -> R) -> R {
            let _outer = Outer(LEFT.replace(self.left));
            point();
            let result = with(&mut self.engine);
            point();
            self.left = LEFT.get();
            result
        }
    }

    impl Drop for Outer {
        fn drop(&mut self) {
            LEFT.set(self.0);
        }
    }

    impl<T, E: Drive<T>> Drive<T> for Fragile<E> {
        fn step(&mut self) -> bool {
            self.lit(E::step)
        }

        fn step_for(&mut self, receiver: usize) -> bool {
            self.lit(|engine| engine.step_for(receiver))
        }

        fn is_finished(&self) -> bool {
            self.engine.is_finished()
        }

        fn settle(&mut self) -> bool {
            self.lit(E::settle)
        }

        fn prepare_to_block(&mut self, watched: &mut Vec<usize>) -> bool {
            self.lit(|engine| engine.prepare_to_block(watched))
        }

        fn lanes(&self) -> usize {
            self.engine.lanes()
        }

        fn control(&self) -> &channel::Receiver<Control<T>> {
            self.engine.control()
        }

        fn queue(&self, lane: usize) -> &channel::Receiver<Item<T>> {
            self.engine.queue(lane)
        }

        fn notice(&mut self, lane: usize) -> bool {
            self.lit(|engine| engine.notice(lane))
        }
    }
}
