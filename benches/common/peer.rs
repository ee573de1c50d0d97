//! A peer: one way of getting messages from one thread to another.
//!
//! To measure one more, implement the three traits below and enter it where a bench lists its
//! subjects.

use super::tally::Tally;
use super::workload::{self, Beside, Outcome, Workload};

/// How many messages a fast peer sends in a run, over all pairs. Takes one or two tenths of a second: at the
/// start threads may share a core for a while, and in shorter runs that counts for much.
const MESSAGES: u64 = 1_600_000;

/// A way of getting messages from one thread to another.
pub(crate) trait Peer {
    /// What sends.
    type Source: Source;
    /// What receives.
    type Sink: Sink;

    /// What it is called in results.
    fn name(&self) -> &'static str;

    /// Makes so many channels, behind one dispatcher where there is such a thing.
    fn channels(&self, count: usize) -> Vec<(Self::Source, Self::Sink)>;

    /// How many messages each pair sends, for a run that is long enough to measure.
    fn messages(&self, pairs: usize, beside: Beside) -> u64 {
        let _ = beside;
        MESSAGES / pairs as u64
    }
}

/// The sending half of a peer's channel.
pub(crate) trait Source: Send + 'static {
    /// Sends a message, waiting while the channel is full. Returns `false` if the receiver is gone.
    fn send(&self, value: u64) -> bool;
}

/// The receiving half of a peer's channel.
pub(crate) trait Sink: Send + 'static {
    /// Receives, as a user of this peer would, until `tally` is complete.
    fn receive(&self, tally: &Tally);

    /// Waits for what comes next, and returns whether it is the end of the channel.
    fn is_over(&self) -> bool;
}

/// A peer whose types do not matter any more.
pub(crate) trait Subject {
    /// What it is called in results.
    fn name(&self) -> &'static str;

    /// The usual work for this peer: `pairs` pairs with `beside` beside them.
    fn workload(&self, pairs: usize, beside: Beside) -> Workload;

    /// Does the work.
    ///
    /// # Panics
    ///
    /// If messages are lost, or arrive twice or out of order; or if it hangs, and the workload has no limit.
    fn run(&self, workload: &Workload) -> Outcome;
}

impl<P: Peer> Subject for P {
    fn name(&self) -> &'static str {
        Peer::name(self)
    }

    fn workload(&self, pairs: usize, beside: Beside) -> Workload {
        Workload {
            pairs,
            messages: self.messages(pairs, beside),
            beside,
            limit: None,
        }
    }

    fn run(&self, workload: &Workload) -> Outcome {
        workload::run(self, workload)
    }
}
