//! What has come before a lower number.

use std::collections::{BTreeMap, VecDeque};

/// How many numbers at most have a place in the queue: it is as long as the highest of them is far.
const NEAR: u64 = 1 << 14;

/// Things by number, all above a base that rises.
///
/// Those near the base are in a queue with a place for each number, the few that are farther in a tree.
pub(super) struct Early<V> {
    base: u64,
    /// The numbers from `base + 1` on. The last place is taken.
    near: VecDeque<Option<V>>,
    far: BTreeMap<u64, V>,
}

impl<V> Early<V> {
    pub(super) fn new(base: u64) -> Self {
        Self {
            base,
            near: VecDeque::new(),
            far: BTreeMap::new(),
        }
    }

    /// The number up to which everything has come, or is given up for lost.
    #[inline]
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    fn place(&self, seq: u64) -> u64 {
        seq - self.base - 1
    }

    /// Whether there is something with this number, which is above the base.
    #[inline]
    pub(super) fn contains(&self, seq: u64) -> bool {
        let place = self.place(seq);
        let near = || self.near.get(place as usize).is_some_and(Option::is_some);
        (place < NEAR && near()) || (!self.far.is_empty() && self.far.contains_key(&seq))
    }

    /// Enters what has this number, which is above the base and not there.
    #[inline]
    pub(super) fn insert(&mut self, seq: u64, value: V) {
        let place = self.place(seq);
        if place >= NEAR {
            self.far.insert(seq, value);
            return;
        }
        let place = place as usize;
        if place >= self.near.len() {
            self.near.resize_with(place + 1, || None);
        }
        self.near[place] = Some(value);
    }

    /// Notes that the number after the base has come, which is not there.
    #[inline]
    pub(super) fn pass_next(&mut self) {
        self.base += 1;
        self.near.pop_front();
    }

    /// Takes out the lowest, if it follows on the base, or is not above `until`; the base goes along. If there
    /// is none, the base is at `until` at least.
    #[inline]
    pub(super) fn take(&mut self, until: u64) -> Option<(u64, V)> {
        loop {
            let Some(front) = self.near.pop_front() else {
                let reach = self.base.max(until);
                self.base = reach;
                let entry = self.far.first_entry()?;
                if entry.key() - 1 > reach {
                    return None;
                }
                self.base = *entry.key();
                return Some(entry.remove_entry());
            };
            let next = self.base + 1;
            let front = front.or_else(|| self.far.remove(&next));
            if front.is_none() && next > until {
                self.near.push_front(None);
                return None;
            }
            self.base = next;
            if let Some(value) = front {
                return Some((next, value));
            }
        }
    }

    /// The highest number there is.
    pub(super) fn highest(&self) -> Option<u64> {
        let near = (!self.near.is_empty()).then(|| self.base + self.near.len() as u64);
        near.max(self.far.last_key_value().map(|(seq, _)| *seq))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.near.iter().flatten().chain(self.far.values())
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.near.iter_mut().flatten().chain(self.far.values_mut())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Early, NEAR};

    #[test]
    fn it_gives_out_what_follows_on_the_base() {
        let far = 10 + 2 * NEAR;
        let mut early = Early::new(10);
        for seq in [13, 12, far, far + 1] {
            assert!(!early.contains(seq));
            early.insert(seq, seq);
            assert!(early.contains(seq));
        }
        assert_eq!(early.highest(), Some(far + 1));
        assert_eq!((early.take(10), early.base()), (None, 10));
        early.pass_next();
        assert_eq!(early.take(11), Some((12, 12)));
        assert_eq!(early.take(11), Some((13, 13)));
        assert_eq!((early.take(11), early.base()), (None, 13));
        // Over a gap, and no further.
        assert_eq!((early.take(far - 2), early.base()), (None, far - 2));
        early.insert(far + 2, far + 2);
        assert_eq!(early.take(far - 1), Some((far, far)));
        assert_eq!(early.take(far - 1), Some((far + 1, far + 1)));
        assert_eq!(early.take(far - 1), Some((far + 2, far + 2)));
        assert_eq!((early.take(u64::MAX), early.base()), (None, u64::MAX));
        assert_eq!(early.highest(), None);
    }
}
