//! Who is hindmost, where all move on all the time.

/// Members with a key each, the one with the lowest at hand.
///
/// A binary heap that knows where each member is, so that a key can change: the indexed priority queue of Sedgewick
/// and Wayne, *Algorithms*, section 2.4. Members are small numbers; of those with the same key the lowest comes first.
pub(super) struct Heap<K> {
    /// The children of the one at `i` are at `2 * i + 1` and `2 * i + 2`, and not below it.
    nodes: Vec<(K, usize)>,
    /// Where a member is among the nodes; something arbitrary for numbers that are no members.
    places: Vec<usize>,
}

impl<K: Copy + Ord> Heap<K> {
    pub(super) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Enters a member, which is not one yet.
    pub(super) fn insert(&mut self, member: usize, key: K) {
        if member >= self.places.len() {
            self.places.resize(member + 1, usize::MAX);
        }
        self.nodes.push((key, member));
        self.raise(self.nodes.len() - 1);
    }

    /// Strikes a member off.
    pub(super) fn remove(&mut self, member: usize) {
        let place = self.places[member];
        self.nodes.swap_remove(place);
        if place < self.nodes.len() {
            let place = self.raise(place);
            self.lower(place);
        }
    }

    /// Changes the key of a member.
    #[inline]
    pub(super) fn change(&mut self, member: usize, key: K) {
        let place = self.places[member];
        let before = std::mem::replace(&mut self.nodes[place].0, key);
        if before < key {
            self.lower(place);
        } else if key < before {
            self.raise(place);
        }
    }

    #[inline]
    pub(super) fn first(&self) -> Option<(K, usize)> {
        self.nodes.first().copied()
    }

    /// The lowest key of the others.
    #[inline]
    pub(super) fn second(&self) -> Option<K> {
        let children = self.nodes.iter().skip(1).take(2);
        children.map(|&(key, _)| key).min()
    }

    /// So many members, the first one among them, and the lowest key of those that are left out.
    pub(super) fn some(&self, most: usize) -> (&[(K, usize)], Option<K>) {
        let (some, others) = self.nodes.split_at(most.min(self.nodes.len()));
        // Whoever is left out is one of these or below one of them.
        let children = others.iter().take(some.len() + 1);
        (some, children.map(|&(key, _)| key).min())
    }

    /// Has a node rise as far as it belongs; returns where that is.
    #[inline]
    fn raise(&mut self, mut place: usize) -> usize {
        let node = self.nodes[place];
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.nodes[parent] <= node {
                break;
            }
            self.put(place, self.nodes[parent]);
            place = parent;
        }
        self.put(place, node);
        place
    }

    /// Has a node sink as far as it belongs.
    #[inline]
    fn lower(&mut self, mut place: usize) {
        let node = self.nodes[place];
        loop {
            let mut child = 2 * place + 1;
            if child + 1 < self.nodes.len() && self.nodes[child + 1] < self.nodes[child] {
                child += 1;
            }
            if child >= self.nodes.len() || self.nodes[child] >= node {
                break;
            }
            self.put(place, self.nodes[child]);
            place = child;
        }
        self.put(place, node);
    }

    #[inline]
    fn put(&mut self, place: usize, node: (K, usize)) {
        self.nodes[place] = node;
        self.places[node.1] = place;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeSet;

    use super::Heap;

    #[test]
    #[cfg_attr(miri, ignore = "slow, and nothing in it is unsafe")]
    fn agrees_with_a_sorted_set() {
        let mut random = fastrand::Rng::with_seed(1);
        let (mut heap, mut set) = (Heap::new(), BTreeSet::new());
        let mut keys = [None; 40];
        for _ in 0..20_000 {
            let (member, key) = (random.usize(..keys.len()), random.u8(..30));
            match keys[member].take() {
                None => heap.insert(member, key),
                Some(old) => {
                    set.remove(&(old, member));
                    if random.u8(..4) == 0 {
                        heap.remove(member);
                        continue;
                    }
                    heap.change(member, key);
                }
            }
            keys[member] = Some(key);
            set.insert((key, member));

            assert_eq!(heap.first(), set.first().copied());
            assert_eq!(heap.second(), set.iter().nth(1).map(|&(key, _)| key));
            let (some, lowest) = heap.some(10);
            let mut others = set.clone();
            others.retain(|node| !some.contains(node));
            assert_eq!(some.len() + others.len(), set.len());
            assert_eq!(lowest, others.first().map(|&(key, _)| key));
        }
    }
}
