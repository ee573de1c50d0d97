//! What the engine keeps of the sources of one receiver.

use std::collections::{HashMap, VecDeque};

use crate::clock_cell::ClockWriter;

use crate::forwarding::hall::Port;
use crate::forwarding::merge::Merge;

/// The sources of one receiver, and how far they have got.
pub(crate) struct Sources<T> {
    pub(super) merge: Merge<T>,
    /// The lanes of its own senders that have something, the next in turn first.
    pub(super) ready: VecDeque<usize>,
    /// Where broadcasters are in the merge, by their lanes.
    pub(super) broadcasters: HashMap<usize, usize>,
    /// The receiver's clock.
    pub(super) clock: ClockWriter,
    /// The clock at which it joined: broadcasts up to there are not for it.
    pub(super) start: u64,
    /// What its clock shows.
    pub(super) published: u64,
    /// How far it may go.
    pub(super) limit: u64,
    /// What is announced of that; it may not come to it.
    pub(super) proposed: u64,
    /// The last number delivered, or how far a source had got that has left. Counts when none is left.
    pub(super) highest: u64,
    /// How many messages it got.
    pub(super) delivered: u64,
    /// How many senders are about to join.
    pub(super) joining: usize,
}

impl<T> Port<T, Sources<T>> {
    /// Takes back what was announced above the frontier of a source that has joined since.
    pub(super) fn propose_at_most(&mut self, passed: u64) {
        let proposed = self.queue.proposed.min(passed).max(self.queue.limit);
        if proposed != self.queue.proposed {
            self.queue.proposed = proposed;
            self.inlet.inbox().announce_limit(proposed);
        }
    }
}

impl<T> Sources<T> {
    pub(super) fn new(clock: ClockWriter, start: u64) -> Self {
        Self {
            merge: Merge::new(),
            ready: VecDeque::new(),
            broadcasters: HashMap::new(),
            clock,
            start,
            published: start,
            limit: start,
            proposed: start,
            highest: start,
            delivered: 0,
            joining: 0,
        }
    }

    /// Notes that a source has left at `passed`, and its lane is gone. What it has staged still arrives.
    pub(super) fn source_left(&mut self, f: usize, passed: u64) {
        self.highest = self.highest.max(passed);
        if self.merge.feed(f).staged.is_empty() {
            self.merge.leave(f);
        } else {
            self.merge.change(f, |feed| feed.closing = true);
        }
    }

    /// Where the broadcaster with this lane is in the merge.
    pub(super) fn feed_of(&self, l: usize) -> Option<usize> {
        self.broadcasters.get(&l).copied()
    }
}
