//! A value whose destructor cannot unwind into the dispatch.

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A value in flight.
///
/// Taken out with [`into_inner`](Self::into_inner) it is an ordinary value again. Dropped on the way,
/// because its receiver has left, its destructor runs here, and a panic in that destructor ends here:
/// it would otherwise unwind through a queue that is being emptied, or through the engine. The
/// panic hook has told of it by then.
pub(crate) struct Contained<T>(ManuallyDrop<T>);

impl<T> Contained<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }

    pub(crate) fn get(&self) -> &T {
        &self.0
    }

    pub(crate) fn into_inner(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped nor looked at again, so the value is taken out once.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        if !std::mem::needs_drop::<T>() {
            return;
        }
        let value = &mut self.0;
        contain(|| {
            // SAFETY: we are in `drop`, so nobody sees the value afterwards, and `into_inner`, the
            // other way out, does not come here.
            unsafe { ManuallyDrop::drop(value) }
        });
    }
}

/// Runs user code. If it panics, that ends here; the panic hook has told of it by then.
pub(crate) fn contain(code: impl FnOnce()) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(code)) else {
        return;
    };
    // The payload is user code as well, and may panic as it is dropped. What it panics with then is leaked
    // rather than trusted: it may do the same for ever.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(payload);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Contained;
    use std::panic::resume_unwind;
    use std::sync::Arc;

    struct PanicsInDrop;

    impl Drop for PanicsInDrop {
        fn drop(&mut self) {
            panic!("a destructor that panics, on purpose");
        }
    }

    #[test]
    fn a_panicking_destructor_ends_here() {
        drop(Contained::new(PanicsInDrop));
    }

    /// Panics with what it holds as it is dropped. Resumed and not started, so that no hook prints it.
    struct PanicsWith<P: Send + 'static>(Option<P>);

    impl<P: Send + 'static> Drop for PanicsWith<P> {
        fn drop(&mut self) {
            if let Some(payload) = self.0.take() {
                resume_unwind(Box::new(payload));
            }
        }
    }

    #[test]
    fn what_a_destructor_panics_with_is_dropped() {
        let payload = Arc::new(());
        drop(Contained::new(PanicsWith(Some(Arc::clone(&payload)))));
        assert_eq!(Arc::strong_count(&payload), 1);
    }

    #[test]
    fn a_payload_that_panics_in_its_destructor_ends_here() {
        drop(Contained::new(PanicsWith(Some(PanicsWith(Some(()))))));
    }

    #[test]
    fn a_value_taken_out_is_dropped_once_and_by_its_owner() {
        let value = Arc::new(());
        let taken = Contained::new(Arc::clone(&value)).into_inner();
        assert_eq!(Arc::strong_count(&value), 2);
        drop(taken);
        assert_eq!(Arc::strong_count(&value), 1);
        drop(Contained::new(Arc::clone(&value)));
        assert_eq!(Arc::strong_count(&value), 1);
    }
}
