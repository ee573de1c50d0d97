//! The drivers: on which threads the engine runs.

use std::fmt;

use clocked_lanes::{Builder, Dispatcher};

use super::CAPACITY;

/// A driver. Everything of ours that is measured is built by [`Driver::builder`], in each of [`Driver::ALL`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Driver {
    /// A thread of its own.
    Thread,
    /// None: on those of senders and receivers.
    Inline,
}

impl Driver {
    pub(crate) const ALL: [Self; 2] = [Self::Thread, Self::Inline];

    /// Begins a dispatcher with this driver.
    pub(crate) fn builder(self) -> Builder<u64> {
        let builder = Dispatcher::builder()
            .capacity(CAPACITY)
            .lane_capacity(CAPACITY);
        match self {
            Self::Thread => builder,
            Self::Inline => builder.inline(),
        }
    }
}

impl fmt::Display for Driver {
    /// What it is called in results.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Thread => "thread",
            Self::Inline => "inline",
        })
    }
}
