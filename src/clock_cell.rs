//! The clock of a dispatch: two words that are read together.

use crossbeam_utils::CachePadded;

use crate::sync::atomic::{AtomicU64, Ordering, fence};
use crate::sync::{Arc, Backoff};
use crate::{Clock, Seq};

/// Where the clock is read: by any thread, without a lock.
///
/// A sequence lock. The one writer makes the stamp odd, writes the words, and makes it even again; a
/// reader that sees the same even stamp before and after has read both words of one writing. The
/// words are atomics, so that a reader who comes in between reads an old or a new word and not
/// garbage, and then tries again. The stamp has 64 bits: it does not come round.
///
/// After Hans Boehm, *Can seqlocks get along with programming language memory models?* (2012).
#[derive(Debug)]
pub(crate) struct ClockCell {
    words: CachePadded<Words>,
}

#[derive(Debug)]
struct Words {
    /// Odd while the words are being written.
    stamp: AtomicU64,
    seq: AtomicU64,
    dispatched: AtomicU64,
}

/// Where the clock is written. There is one for each cell, hence no `Clone`.
#[derive(Debug)]
pub(crate) struct ClockWriter {
    cell: Arc<ClockCell>,
    /// The stamp as it stands in the cell; even.
    stamp: u64,
}

/// Makes a clock that shows `start`, with its one writer.
pub(crate) fn clock(start: Clock) -> (ClockWriter, Arc<ClockCell>) {
    let cell = Arc::new(ClockCell {
        words: CachePadded::new(Words {
            stamp: AtomicU64::new(0),
            seq: AtomicU64::new(start.seq.get()),
            dispatched: AtomicU64::new(start.dispatched),
        }),
    });
    let writer = ClockWriter {
        cell: Arc::clone(&cell),
        stamp: 0,
    };
    (writer, cell)
}

impl ClockWriter {
    /// Shows a new time. What this thread did before, a reader of the new time sees done.
    #[inline]
    pub(crate) fn publish(&mut self, now: Clock) {
        let words = &*self.cell.words;
        // ORDERING: relaxed, for the fence below stands between this store and the words.
        words.stamp.store(self.stamp + 1, Ordering::Relaxed);
        // ORDERING: release, partner of the acquire fence in `read`. A reader that got one of the words
        // written below sees, after its fence, the odd stamp written above or a later one, and tries
        // again. It is also the partner of the acquire load in `seq`: who reads the number written
        // below sees everything that was pushed into inboxes before.
        fence(Ordering::Release);
        words.seq.store(now.seq.get(), Ordering::Relaxed);
        words.dispatched.store(now.dispatched, Ordering::Relaxed);
        self.stamp += 2;
        // ORDERING: release, partner of the acquire load of the stamp in `read`. A reader that starts
        // from this stamp sees the words above, and what was pushed before them.
        words.stamp.store(self.stamp, Ordering::Release);
    }
}

impl ClockCell {
    /// Reads both words as of one instant. Tries again while the writer is at it: it writes three words
    /// and never waits in between.
    #[inline]
    pub(crate) fn read(&self) -> Clock {
        self.try_read().unwrap_or_else(|| self.read_again())
    }

    #[cold]
    fn read_again(&self) -> Clock {
        let backoff = Backoff::spinning();
        loop {
            backoff.snooze();
            if let Some(clock) = self.try_read() {
                return clock;
            }
        }
    }

    /// Reads both words as of one instant, unless the writer comes in between.
    #[inline]
    pub(crate) fn try_read(&self) -> Option<Clock> {
        let words = &*self.words;
        // ORDERING: acquire, partner of the last store in `publish`: the words that belong to this stamp,
        // or later ones, are what is read next.
        let before = words.stamp.load(Ordering::Acquire);
        let clock = Clock {
            seq: Seq::from(words.seq.load(Ordering::Relaxed)),
            dispatched: words.dispatched.load(Ordering::Relaxed),
        };
        // ORDERING: acquire, partner of the release fence in `publish`: if one of the words is newer than
        // `before`, the stamp read below is newer too.
        fence(Ordering::Acquire);
        let after = words.stamp.load(Ordering::Relaxed);
        (before == after && before % 2 == 0).then_some(clock)
    }

    /// Reads the number alone, in one load.
    #[inline]
    pub(crate) fn seq(&self) -> u64 {
        // ORDERING: acquire, partner of the release fence in `publish`: who sees number `n` here sees
        // in the inboxes every message numbered `n` or lower.
        self.words.seq.load(Ordering::Acquire)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn shows_what_was_published_last() {
        let at = |n: u64| Clock {
            seq: Seq::from(n),
            dispatched: n / 2,
        };
        let (mut writer, cell) = clock(at(10));
        assert_eq!(cell.read(), at(10));
        assert_eq!(cell.seq(), 10);
        for n in 11..20 {
            writer.publish(at(n));
            assert_eq!(cell.read(), at(n));
            assert_eq!(cell.seq(), n);
        }
    }

    #[test]
    fn a_pair_is_never_torn() {
        let rounds = if cfg!(miri) { 200 } else { 200_000 };
        let (mut writer, cell) = clock(Clock::default());
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for n in 1..=rounds {
                    writer.publish(Clock {
                        seq: Seq::from(n),
                        dispatched: 3 * n,
                    });
                }
            });
            let mut last = 0;
            while last < rounds {
                let Clock { seq, dispatched } = cell.read();
                assert_eq!(dispatched, 3 * seq.get());
                assert!(seq.get() >= last, "the clock went back");
                last = seq.get();
            }
        });
    }
}
