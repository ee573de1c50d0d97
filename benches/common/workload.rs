//! A workload: who sends how much to whom, and who else is there.

use std::time::Duration;

/// Who sends to whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    /// How many threads receive.
    pub(crate) receivers: usize,
    /// How many threads send to each of them.
    pub(crate) senders: usize,
}

/// Who else is there, besides those that are measured.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Beside {
    /// So many further receivers that nothing is sent to, with a sender each.
    pub(crate) receivers: usize,
    /// So many further senders that send nothing, to one further receiver.
    pub(crate) senders: usize,
    /// So many further channels that are full to the brim: the sender is blocked, the receiver does not receive.
    pub(crate) stalled: usize,
}

/// What is to be done in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    /// Who sends to whom.
    pub(crate) shape: Shape,
    /// How many messages each sender sends.
    pub(crate) messages: u64,
    /// Who else is there.
    pub(crate) beside: Beside,
    /// For those that are known to hang: after what time to give up.
    pub(crate) limit: Option<Duration>,
}

/// What came of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// How many messages were received.
    pub(crate) received: u64,
    /// How long that took; if the run was given up, its time limit.
    pub(crate) elapsed: Duration,
}

impl Shape {
    /// So many pairs of a sending and a receiving thread.
    pub(crate) const fn pairs(receivers: usize) -> Self {
        Self {
            receivers,
            senders: 1,
        }
    }

    /// How many threads send.
    pub(crate) const fn all_senders(self) -> usize {
        self.receivers * self.senders
    }
}

impl Workload {
    /// How many messages are to be received.
    pub(crate) fn total(&self) -> u64 {
        self.messages * self.shape.all_senders() as u64
    }
}
