//! The drivers: on which thread the engine runs.

use std::fmt;

use clocked_lanes::{Builder, Dispatcher};

use super::CAPACITY;

/// A driver. Everything of ours that is measured is built by [`Driver::builder`], in each of [`Driver::ALL`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Driver {
    /// A thread of its own.
    Thread,
}

impl Driver {
    pub(crate) const ALL: [Self; 1] = [Self::Thread];

    /// Begins a dispatcher with this driver.
    pub(crate) fn builder(self) -> Builder<u64> {
        let builder = Dispatcher::builder()
            .capacity(CAPACITY)
            .lane_capacity(CAPACITY);
        match self {
            Self::Thread => builder,
        }
    }
}

impl fmt::Display for Driver {
    /// What it is called in results.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Thread => "thread",
        })
    }
}
