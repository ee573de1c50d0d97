//! Merges what several sources send, each in rising order, into one rising order.

use std::collections::VecDeque;

use slab::Slab;

use crate::item::Item;

use super::heap::Heap;

/// How many sources are asked for their frontier to find a limit.
const ASKED: usize = 16;

/// One source, as one receiver sees it.
pub(super) struct Feed<T> {
    /// Its lane.
    pub(super) lane: usize,
    /// What was taken out of the lane and not been delivered.
    pub(super) staged: VecDeque<Item<T>>,
    /// With nothing staged: nothing up to this number comes any more.
    pub(super) passed: u64,
    /// The source has left, and its lane is gone: with nothing staged, it is done.
    pub(super) closing: bool,
}

/// The sources of one receiver.
///
/// Each has a *hold*: the number up to which it has nothing more. The receiver's clock is the lowest hold,
/// and a message `t` is due once every hold is at `t - 1` at least. So the sources are kept in the order of
/// their holds, of those with the same hold the ones with something staged first: what the first one has is due
/// or nothing is.
pub(super) struct Merge<T> {
    feeds: Slab<Feed<T>>,
    order: Heap<Key>,
}

/// The hold; whether nothing is staged.
type Key = (u64, bool);

impl<T> Feed<T> {
    fn hold(&self) -> u64 {
        match self.staged.front() {
            // A number is above the one that its source started at, so it is not zero.
            Some(item) => item.seq - 1,
            None => self.passed,
        }
    }

    fn key(&self) -> Key {
        (self.hold(), self.staged.is_empty())
    }

    /// No less than what the source is known to have sent.
    fn reached(&self) -> u64 {
        self.staged.back().map_or(self.passed, |item| item.seq)
    }
}

impl<T> Merge<T> {
    pub(super) fn new() -> Self {
        Self {
            feeds: Slab::new(),
            order: Heap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.feeds.is_empty()
    }

    /// Enters a source that sends nothing up to `passed`.
    pub(super) fn join(&mut self, lane: usize, passed: u64) -> usize {
        let f = self.feeds.insert(Feed {
            lane,
            staged: VecDeque::new(),
            passed,
            closing: false,
        });
        self.order.insert(f, self.feeds[f].key());
        f
    }

    pub(super) fn leave(&mut self, f: usize) {
        self.order.remove(f);
        self.feeds.remove(f);
    }

    pub(super) fn feed(&self, f: usize) -> &Feed<T> {
        &self.feeds[f]
    }

    /// Changes a feed, and puts it where it then belongs.
    #[inline]
    pub(super) fn change<R>(&mut self, f: usize, change: impl FnOnce(&mut Feed<T>) -> R) -> R {
        let feed = &mut self.feeds[f];
        let result = change(feed);
        self.order.change(f, feed.key());
        result
    }

    /// What all sources have passed; `None` if there is no source.
    pub(super) fn hold(&self) -> Option<u64> {
        self.order.first().map(|((hold, _), _)| hold)
    }

    /// The feed whose first message is due, if it may go up to `cap`: every source then has passed the number
    /// before. Also up to which number, less one, its messages are due.
    pub(super) fn due(&self, cap: u64) -> Option<(usize, u64)> {
        let ((hold, nothing), f) = self.order.first()?;
        let others = self.order.second().map_or(u64::MAX, |(hold, _)| hold);
        (!nothing && hold <= cap).then(|| (f, others.min(cap)))
    }

    /// How far it is safe to go: no further than any source's frontier, as `frontier` tells for its lane,
    /// and at least as far as the lowest hold. `None` if there is no source.
    pub(super) fn limit(&self, frontier: impl Fn(usize) -> u64) -> Option<u64> {
        let (asked, others) = self.order.some(ASKED);
        let reached = asked.iter().map(|&(_, f)| {
            let feed = &self.feeds[f];
            if feed.closing {
                feed.reached()
            } else {
                feed.reached().max(frontier(feed.lane))
            }
        });
        reached.chain(others.map(|(hold, _)| hold)).min()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Merge;
    use crate::item::Item;
    use crate::parcel::Parcel;

    fn stage(merge: &mut Merge<u64>, f: usize, seq: u64) {
        merge.change(f, |feed| {
            let parcel = Parcel::own(seq);
            feed.staged.push_back(Item { seq, parcel });
        });
    }

    #[test]
    fn the_lowest_is_due_when_nobody_can_send_a_lower_one() {
        let mut merge = Merge::new();
        let (a, b) = (merge.join(0, 0), merge.join(1, 0));
        stage(&mut merge, a, 5);
        assert_eq!((merge.hold(), merge.due(u64::MAX)), (Some(0), None));
        // Those with the same number are due together.
        merge.change(b, |feed| feed.passed = 4);
        assert_eq!(merge.due(u64::MAX), Some((a, 4)));
        assert_eq!(merge.due(3), None);
        stage(&mut merge, b, 5);
        assert_eq!(merge.due(u64::MAX), Some((a, 4)));
        stage(&mut merge, a, 6);
        merge.change(a, |feed| {
            feed.staged.pop_front();
        });
        assert_eq!(merge.due(u64::MAX), Some((b, 5)));
        merge.leave(b);
        assert_eq!(merge.due(u64::MAX), Some((a, u64::MAX)));
    }

    #[test]
    fn a_limit_is_between_the_lowest_hold_and_the_lowest_frontier() {
        let mut merge = Merge::<u64>::new();
        assert_eq!(merge.limit(|_| 9), None);
        let feeds: Vec<_> = (0..40)
            .map(|lane| merge.join(lane, 10 + lane as u64))
            .collect();
        assert_eq!(merge.limit(|_| 0), Some(10));
        assert_eq!(merge.limit(|_| 12), Some(12));
        // More is known of the first ones only.
        assert_eq!(merge.limit(|_| 1_000), Some(26));
        for f in feeds {
            merge.change(f, |feed| feed.passed = 7);
        }
        assert_eq!(merge.limit(|_| 1_000), Some(7));
    }
}
