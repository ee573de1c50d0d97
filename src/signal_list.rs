//! A list on which many sign up and from which one takes all.
//!
//! A stack after Treiber (*Systems programming: coping with parallelism*, 1986), reduced to two
//! operations: push one, take all. Nodes are linked through a field of their own, so that signing up
//! allocates nothing; as all are taken at once, no node is ever removed from the middle, and the ABA
//! problem, which is a removal's, does not arise.

use std::ptr;

use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// What a node carries to be on a list. It can be on one list only.
#[derive(Debug)]
pub(crate) struct Link<N> {
    /// The node is on the list or has been taken off it and not yet been rearmed. Set by who signs it up,
    /// cleared by who took it.
    signalled: AtomicBool,
    /// The node below. Belongs to who signs it up until the node is on the list, then to who takes it.
    next: AtomicPtr<N>,
}

/// A node: something with a [`Link`].
pub(crate) trait Linked: Sized {
    fn link(&self) -> &Link<Self>;
}

/// Those who have signed up.
#[derive(Debug)]
pub(crate) struct SignalList<N: Linked> {
    /// The node that signed up last, or null. From `Arc::into_raw`, as every `next` below it.
    top: AtomicPtr<N>,
}

impl<N> Link<N> {
    pub(crate) fn new() -> Self {
        Self {
            signalled: AtomicBool::new(false),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Claims the node: `true` if it had been neither signed up nor claimed. What this thread did
    /// before is visible to the one who next rearms the node.
    #[inline]
    pub(crate) fn claim(&self) -> bool {
        // ORDERING: release, partner of the acquire in `rearm`: if the flag was set already, the node's
        // taker has yet to clear it, and sees then what this thread has done. Acquire, for a
        // taker that claims the node again to go on with it: partner of the release in `rearm`.
        !self.signalled.swap(true, Ordering::AcqRel)
    }

    /// Lets the node be signed up again. By its taker, who then has to look once more at what the node
    /// stands for: a signal that came before this call has been swallowed.
    #[inline]
    pub(crate) fn rearm(&self) {
        // ORDERING: acquire, partner of the release in `claim`: the look that follows sees what was
        // done before a signal that was swallowed. Release: the next to claim the node comes after
        // this thread's use of `next`.
        self.signalled.swap(false, Ordering::AcqRel);
    }
}

impl<N: Linked> SignalList<N> {
    pub(crate) fn new() -> Self {
        Self {
            top: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Signs a node up, unless it is on the list already.
    #[inline]
    pub(crate) fn signal(&self, node: &Arc<N>) {
        if node.link().claim() {
            self.push(Arc::clone(node));
        }
    }

    /// Signs up a node that the caller has claimed.
    pub(crate) fn push(&self, node: Arc<N>) {
        let raw = Arc::into_raw(node).cast_mut();
        // SAFETY: `raw` is from an `Arc` whose count it holds until the node is taken, and it cannot be
        // taken before the exchange below has put it on the list.
        let link = unsafe { &*raw }.link();
        // ORDERING: relaxed. The top is only passed on, and the exchange fails if it has changed.
        let mut top = self.top.load(Ordering::Relaxed);
        loop {
            // ORDERING: relaxed. The exchange below releases it to the taker.
            link.next.store(top, Ordering::Relaxed);
            // ORDERING: release, partner of the acquire in `take`: the taker sees `next`, and what was
            // done before signing up. Nodes below were released by exchanges that this one extends
            // (a read-modify-write continues the release sequence), so one acquire covers them all.
            match self
                .top
                .compare_exchange_weak(top, raw, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }

    /// Takes all nodes off, in the order in which they signed up. Each stays claimed until it is
    /// rearmed.
    #[inline]
    pub(crate) fn take(&self) -> Taken<N> {
        // ORDERING: relaxed. A node that signs up right now may be missed: whoever needs to see it has
        // ordered the two (a fence, or a message received) before.
        if self.top.load(Ordering::Relaxed).is_null() {
            return Taken(ptr::null_mut());
        }
        // ORDERING: acquire, partner of the release in `push`.
        let mut top = self.top.swap(ptr::null_mut(), Ordering::Acquire);
        // The list is ours. Turn it round, so that the first comes first.
        let mut first = ptr::null_mut();
        while !top.is_null() {
            // SAFETY: the pointer is from `Arc::into_raw` in `push`, and its count is still held.
            let link = unsafe { &*top }.link();
            let next = link.next.load(Ordering::Relaxed);
            link.next.store(first, Ordering::Relaxed);
            first = top;
            top = next;
        }
        Taken(first)
    }
}

impl<N: Linked> Drop for SignalList<N> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// Nodes that were taken off a list.
pub(crate) struct Taken<N: Linked>(*mut N);

impl<N: Linked> Iterator for Taken<N> {
    type Item = Arc<N>;

    #[inline]
    fn next(&mut self) -> Option<Arc<N>> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: the pointer is from `Arc::into_raw` in `push`; `take` has made it ours alone, and it is
        // given out once, for `self.0` moves on.
        let node = unsafe { Arc::from_raw(self.0) };
        self.0 = node.link().next.load(Ordering::Relaxed);
        Some(node)
    }
}

impl<N: Linked> Drop for Taken<N> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    struct Node {
        name: usize,
        link: Link<Node>,
    }

    impl Linked for Node {
        fn link(&self) -> &Link<Self> {
            &self.link
        }
    }

    fn node(name: usize) -> Arc<Node> {
        Arc::new(Node {
            name,
            link: Link::new(),
        })
    }

    #[test]
    fn nodes_come_in_order_and_once() {
        let list = SignalList::new();
        let nodes: Vec<_> = (0..3).map(node).collect();
        for n in &nodes {
            list.signal(n);
            list.signal(n);
        }
        let names: Vec<_> = list.take().map(|n| n.name).collect();
        assert_eq!(names, [0, 1, 2]);
        list.signal(&nodes[1]);
        assert_eq!(list.take().count(), 0, "not rearmed, not signed up");
        nodes[1].link.rearm();
        list.signal(&nodes[1]);
        assert_eq!(list.take().count(), 1);
    }

    #[test]
    fn nodes_on_a_dropped_list_are_released() {
        let list = SignalList::new();
        let (a, b, c) = (node(0), node(1), node(2));
        list.signal(&a);
        list.signal(&b);
        let mut taken = list.take();
        list.signal(&c);
        drop(taken.next());
        drop((taken, list));
        for n in [a, b, c] {
            assert_eq!(Arc::strong_count(&n), 1);
        }
    }
}
