//! What has come before a lower number.

use std::collections::BTreeMap;

/// How many numbers at most have a place in the ring.
const NEAR: u64 = 1 << 14;
/// How many the ring has places for at least.
const LEAST: u64 = 1 << 6;

/// Things by number, all above a base that rises.
///
/// Those near the base are in a ring with a place for each number, the few that are farther in a tree. The ring is as
/// long as the highest of them has ever been far, up to the next power of two.
pub(super) struct Early<V> {
    base: u64,
    /// The place of a number is that number modulo the length, a power of two once there is something.
    near: Vec<Option<V>>,
    /// How many are in the ring.
    count: usize,
    /// The highest number in the ring, if there is one: it is the last to go.
    top: u64,
    far: BTreeMap<u64, Option<V>>,
}

impl<V> Early<V> {
    pub(super) fn new(base: u64) -> Self {
        Self {
            base,
            near: Vec::new(),
            count: 0,
            top: base,
            far: BTreeMap::new(),
        }
    }

    /// The number up to which everything has come, or is given up for lost.
    #[inline]
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0 && self.far.is_empty()
    }

    /// The place of a number in the ring, which is not empty.
    #[inline]
    fn place(&self, seq: u64) -> usize {
        // Below the length, which is a usize.
        (seq & (self.near.len() as u64 - 1)) as usize
    }

    /// Whether there is something with this number, which is above the base.
    #[inline]
    pub(super) fn contains(&self, seq: u64) -> bool {
        let is_near = seq - self.base <= self.near.len() as u64;
        (is_near && self.near[self.place(seq)].is_some())
            || (!self.far.is_empty() && self.far.contains_key(&seq))
    }

    /// The place for a number that is above the base and not there. It counts as taken from now on, and is to be
    /// filled.
    #[inline]
    pub(super) fn claim(&mut self, seq: u64) -> &mut Option<V> {
        let distance = seq - self.base;
        if distance > self.near.len() as u64 {
            if distance > NEAR {
                return self.far.entry(seq).or_insert(None);
            }
            self.lengthen(distance);
        }
        self.top = if self.count == 0 {
            seq
        } else {
            self.top.max(seq)
        };
        self.count += 1;
        let place = self.place(seq);
        &mut self.near[place]
    }

    /// Makes the ring so long that a number so far from the base has a place.
    #[cold]
    fn lengthen(&mut self, distance: u64) {
        let length = distance.max(LEAST).next_power_of_two();
        let mut longer: Vec<Option<V>> = Vec::new();
        longer.resize_with(length as usize, || None);
        let old = std::mem::replace(&mut self.near, longer);
        if self.count == 0 {
            return;
        }
        let mask = old.len() as u64 - 1;
        for (from, value) in old.into_iter().enumerate() {
            if value.is_some() {
                // The one number with this place that is above the base and near it.
                let first = self.base + 1;
                let seq = first + ((from as u64).wrapping_sub(first) & mask);
                let place = self.place(seq);
                self.near[place] = value;
            }
        }
    }

    /// Notes that the number after the base has come, which is not there.
    #[inline]
    pub(super) fn pass_next(&mut self) {
        self.base += 1;
    }

    /// What follows on the base, if it is in the ring.
    #[inline]
    pub(super) fn following(&self) -> Option<&V> {
        if self.count == 0 {
            return None;
        }
        self.near[self.place(self.base + 1)].as_ref()
    }

    /// Takes out what [`following`](Self::following) shows; the base goes along.
    #[inline]
    pub(super) fn take_following(&mut self) -> Option<V> {
        if self.count == 0 {
            return None;
        }
        let place = self.place(self.base + 1);
        let value = self.near[place].take()?;
        self.count -= 1;
        self.base += 1;
        Some(value)
    }

    /// Takes out the lowest, if it follows on the base, or is not above `until`; the base goes along. If there
    /// is none, the base is at `until` at least.
    pub(super) fn take(&mut self, until: u64) -> Option<(u64, V)> {
        while self.count > 0 {
            let next = self.base + 1;
            let place = self.place(next);
            if let Some(value) = self.near[place].take() {
                self.count -= 1;
                self.base = next;
                return Some((next, value));
            }
            if let Some(value) = self.take_far(next) {
                self.base = next;
                return Some((next, value));
            }
            if next > until {
                return None;
            }
            self.base = next;
        }
        self.base = self.base.max(until);
        let entry = self.far.first_entry()?;
        if entry.key() - 1 > self.base {
            return None;
        }
        self.base = *entry.key();
        Some((self.base, entry.remove()?))
    }

    #[inline]
    fn take_far(&mut self, seq: u64) -> Option<V> {
        if self.far.is_empty() {
            return None;
        }
        self.far.remove(&seq)?
    }

    /// The highest number there is.
    pub(super) fn highest(&self) -> Option<u64> {
        let near = (self.count > 0).then_some(self.top);
        near.max(self.far.last_key_value().map(|(seq, _)| *seq))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        let highest = if self.count == 0 { self.base } else { self.top };
        let near = (self.base..highest).filter_map(|seq| self.near[self.place(seq + 1)].as_ref());
        near.chain(self.far.values().flatten())
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.near
            .iter_mut()
            .flatten()
            .chain(self.far.values_mut().flatten())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Early, NEAR};

    /// A third of the numbers stays away at first. Each is taken out once, in order, through a ring that is lengthened
    /// while it is in use, and not at its start.
    #[test]
    #[cfg_attr(miri, ignore = "slow, and nothing in it is unsafe")]
    fn nothing_is_mislaid_as_the_ring_is_lengthened() {
        let mut early = Early::new(1_000);
        let mut expected = 1_001;
        for reach in [3, 60, 64, 65, 200, NEAR, NEAR + 1, 5, 3 * NEAR] {
            let highest = early.base() + reach;
            let missing = |seq: u64| seq % 3 == 1;
            for seq in early.base() + 1..=highest {
                if !missing(seq) && !early.contains(seq) {
                    *early.claim(seq) = Some(seq);
                }
            }
            assert!((early.base() + 1..=highest).all(|seq| early.contains(seq) != missing(seq)));
            let upto = highest - reach / 4;
            while early.base() < upto {
                if early.following().is_some() {
                    assert_eq!(early.take_following(), Some(expected));
                } else if missing(expected) {
                    assert!(!early.contains(expected));
                    early.pass_next();
                } else {
                    assert_eq!(early.take(expected), Some((expected, expected)));
                }
                expected += 1;
                assert_eq!(early.base() + 1, expected);
            }
        }
        let rest = early.values().count();
        let taken = std::iter::from_fn(|| early.take(u64::MAX)).count();
        assert_eq!((taken, early.is_empty()), (rest, true));
    }

    /// What is as far from the base as the ring is long has the place of the base, and is not taken for what follows.
    #[test]
    fn the_last_place_is_not_the_next_one() {
        let mut early = Early::new(0);
        *early.claim(1) = Some(1);
        let length = early.near.len() as u64;
        assert_eq!(early.take_following(), Some(1));
        *early.claim(1 + length) = Some(1 + length);
        assert_eq!(early.following(), None);
        assert_eq!(early.take_following(), None);
        *early.claim(2) = Some(2);
        assert_eq!(early.following(), Some(&2));
        let values: Vec<u64> = early.values().copied().collect();
        assert_eq!(values, [2, 1 + length]);
    }

    /// What is far from the base takes no memory for what is between.
    #[test]
    fn what_is_far_does_not_lengthen_the_ring() {
        let base = 5 * NEAR;
        let mut early = Early::new(base);
        *early.claim(1 << 60) = Some(1);
        assert!(early.near.is_empty() && early.contains(1 << 60));
        *early.claim(base + 2) = Some(2);
        let length = early.near.len();
        assert!(length > 0);
        *early.claim(base + 2 * NEAR) = Some(3);
        assert_eq!(early.near.len(), length);
        *early.claim(base + NEAR) = Some(4);
        assert_eq!(early.near.len() as u64, NEAR);
        assert_eq!(early.far.len(), 2);
    }

    /// A number that is far is given out when it is the next one, and not before.
    #[test]
    fn what_is_far_and_alone_waits_for_its_turn() {
        let far = 2 * NEAR;
        let mut early = Early::new(0);
        *early.claim(far) = Some(far);
        assert_eq!((early.take(far - 2), early.base()), (None, far - 2));
        assert_eq!(early.take(far - 1), Some((far, far)));
    }

    #[test]
    fn it_gives_out_what_follows_on_the_base() {
        let far = 10 + 2 * NEAR;
        let mut early = Early::new(10);
        for seq in [13, 12, far, far + 1] {
            assert!(!early.contains(seq));
            *early.claim(seq) = Some(seq);
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
        *early.claim(far + 2) = Some(far + 2);
        assert_eq!(early.take(far - 1), Some((far, far)));
        assert_eq!(early.take(far - 1), Some((far + 1, far + 1)));
        assert_eq!(early.take(far - 1), Some((far + 2, far + 2)));
        assert_eq!((early.take(u64::MAX), early.base()), (None, u64::MAX));
        assert_eq!(early.highest(), None);
    }
}
