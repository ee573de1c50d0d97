//! An immutable map that is cheap to change by making another.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

/// How many entries a bucket has on average when the map is rebuilt with twice, or half, as many.
const CROWDED: usize = 16;
const SPARSE: usize = 2;

/// A hash map whose maps share what they have in common.
///
/// Entries are in buckets, and a changed map shares every bucket with the one it comes from,
/// but for one: with 1,000 entries, a change copies one bucket and the pointers to about 100 others.
#[derive(Debug)]
pub(crate) struct Directory<K, V> {
    /// A power of two in number.
    buckets: Box<[Bucket<K, V>]>,
    len: usize,
    hasher: RandomState,
}

type Bucket<K, V> = Arc<Vec<(K, V)>>;

impl<K, V> Clone for Directory<K, V> {
    fn clone(&self) -> Self {
        Self {
            buckets: self.buckets.clone(),
            len: self.len,
            hasher: self.hasher.clone(),
        }
    }
}

impl<K, V> Directory<K, V> {
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.buckets.iter().flat_map(|b| b.iter().map(|(_, v)| v))
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Directory<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            buckets: Box::new([Arc::default()]),
            len: 0,
            hasher: RandomState::new(),
        }
    }

    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let bucket = &self.buckets[self.bucket_of(key)];
        bucket
            .iter()
            .find(|(k, _)| k.borrow() == key)
            .map(|(_, v)| v)
    }

    /// This map with `key` mapped to `value`.
    pub(crate) fn with(&self, key: K, value: V) -> Self {
        let index = self.bucket_of(&key);
        self.changed(index, move |bucket| {
            bucket.retain(|(k, _)| *k != key);
            bucket.push((key, value));
        })
    }

    /// This map without `key`.
    pub(crate) fn without<Q>(&self, key: &Q) -> Self
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.changed(self.bucket_of(key), |bucket| {
            bucket.retain(|(k, _)| k.borrow() != key);
        })
    }

    fn bucket_of<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        // The number of buckets is a power of two, and a usize.
        (self.hasher.hash_one(key) as usize) & (self.buckets.len() - 1)
    }

    fn changed(&self, index: usize, change: impl FnOnce(&mut Vec<(K, V)>)) -> Self {
        let mut next = self.clone();
        let mut bucket = Vec::clone(&self.buckets[index]);
        let before = bucket.len();
        change(&mut bucket);
        next.len = next.len - before + bucket.len();
        next.buckets[index] = Arc::new(bucket);

        let count = next.buckets.len();
        if next.len > count * CROWDED {
            next.rebuilt(count * 2)
        } else if count > 1 && next.len < count * SPARSE {
            next.rebuilt(count / 2)
        } else {
            next
        }
    }

    fn rebuilt(self, count: usize) -> Self {
        let mut buckets = vec![Vec::new(); count];
        for (key, value) in self.buckets.iter().flat_map(|b| b.iter()) {
            let index = (self.hasher.hash_one(key) as usize) & (count - 1);
            buckets[index].push((key.clone(), value.clone()));
        }
        Self {
            buckets: buckets.into_iter().map(Arc::new).collect(),
            ..self
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_the_map_it_comes_from_as_it_was() {
        let count = if cfg!(miri) { 20 } else { 300 };
        let mut maps = vec![Directory::<u64, u64>::new()];
        for n in 0..count {
            maps.push(maps[maps.len() - 1].with(n, n * n));
        }
        for n in 0..count {
            maps.push(maps[maps.len() - 1].without(&n));
        }
        let step = if cfg!(miri) { 7 } else { 1 };
        for (map, i) in maps.iter().zip(0..).step_by(step) {
            let (low, high) = (i.max(count) - count, i.min(count));
            for n in 0..count {
                let expected = (low..high).contains(&n).then_some(n * n);
                assert_eq!(map.get(&n).copied(), expected, "map {i}, key {n}");
            }
            assert_eq!(map.values().count() as u64, high - low);
        }
        let last = &maps[maps.len() - 1];
        assert_eq!(last.buckets.len(), 1, "an empty map is small again");
    }

    #[test]
    fn a_key_has_one_value() {
        let map = Directory::new()
            .with("a".to_owned(), 1)
            .with("a".to_owned(), 2);
        assert_eq!(map.get("a"), Some(&2));
        assert_eq!(map.values().count(), 1);
        assert_eq!(map.without("b").values().count(), 1);
    }
}
