//! What stands for a task: something that notes whether it was woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// Whether somebody who waits has been woken.
#[derive(Clone, Debug, Default)]
pub struct Alarm(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Alarm {
    /// Polls, with this to be woken.
    pub fn poll<R>(&self, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
        self.0.0.store(false, Ordering::Relaxed);
        poll(&mut Context::from_waker(&Waker::from(Arc::clone(&self.0))))
    }

    pub fn has_rung(&self) -> bool {
        self.0.0.load(Ordering::Relaxed)
    }
}
