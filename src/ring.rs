//! A ring buffer with one producer and one consumer.
//!
//! The producer writes values into free slots and then commits them, any number at once; the consumer
//! takes committed values out and then commits that the slots are free again. Each side works on
//! plain local counts, keeps a copy of the other side's last known count, and looks at the shared
//! one only when the copy says that it cannot go on.
//!
//! A producer that has found the ring full can ask for space. The question is one bit beside the
//! consumer's count, in the same word: the consumer's next commit takes the bit away and learns of
//! it, or else the producer, as it sets the bit, reads the count of that commit. One of the two is
//! first; no fence is needed to tell which.

use std::cell::Cell;
use std::mem::MaybeUninit;

use crossbeam_utils::CachePadded;

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, UnsafeCell};

/// Bit 0 of `Ring::head`: the producer waits for a free slot. The producer sets it; the consumer's next
/// commit clears it.
const WANTED: u64 = 1;

/// The count in `Counts::head` starts at bit 1. Counts therefore have 63 bits; at a billion messages a
/// second they last for 292 years.
const COUNT_SHIFT: u32 = 1;

struct Ring<V> {
    /// The slots of the values counted `head..tail` hold a value: the consumer's until it commits them.
    /// The others hold none and are the producer's until it commits them.
    slots: Box<[UnsafeCell<MaybeUninit<V>>]>,
    counts: Arc<Counts>,
}

/// How far both ends have got. Apart from the values, so that a [`Gauge`] does not keep those alive: a
/// value may hold a handle that in turn holds a gauge of the ring that it is in.
struct Counts {
    /// How many values were ever committed. Written by the producer.
    tail: CachePadded<AtomicU64>,
    /// How many values were ever taken out, and `WANTED`. Written by the consumer, but for that bit.
    head: CachePadded<AtomicU64>,
}

// SAFETY: the ring hands values from one thread to another, so `V: Send` is needed. A slot is touched
// by one side at a time, as `slots` says, and handed over by a release store of `tail` or `head` that
// the other side acquires. No reference to a value is ever shared, so `V: Sync` is not needed.
unsafe impl<V: Send> Sync for Ring<V> {}
// SAFETY: as above; the ring owns its values.
unsafe impl<V: Send> Send for Ring<V> {}

/// The end that puts values in. There is one for each ring, hence no `Clone`.
pub(crate) struct Producer<V> {
    ring: Arc<Ring<V>>,
    counts: Arc<Counts>,
    /// How many values were ever put in, those not yet committed among them.
    tail: u64,
    /// The slot for the next value.
    next: usize,
    /// What `Counts::head` said when last asked: a lower bound.
    head: u64,
    /// `WANTED` is set, unless the consumer has committed since `head` was read.
    asked: bool,
}

/// The end that takes values out. There is one for each ring, hence no `Clone`; it is not `Sync`.
pub(crate) struct Consumer<V> {
    ring: Arc<Ring<V>>,
    counts: Arc<Counts>,
    /// How many values were ever taken out, those not yet committed among them.
    head: Cell<u64>,
    /// The slot of the next value.
    next: Cell<usize>,
    /// How many of the values taken out are committed.
    committed: Cell<u64>,
    /// What `Counts::tail` said when last asked: a lower bound.
    tail: Cell<u64>,
}

/// Reads how full the ring is, from anywhere.
pub(crate) struct Gauge {
    counts: Arc<Counts>,
    slots: usize,
}

/// Makes a ring of `slots` slots, at least one.
pub(crate) fn ring<V>(slots: usize) -> (Producer<V>, Consumer<V>) {
    assert!(slots > 0, "a ring needs a slot");
    let counts = Arc::new(Counts {
        tail: CachePadded::new(AtomicU64::new(0)),
        head: CachePadded::new(AtomicU64::new(0)),
    });
    let ring = Arc::new(Ring {
        slots: (0..slots)
            .map(|_| UnsafeCell::new(MaybeUninit::uninit()))
            .collect(),
        counts: Arc::clone(&counts),
    });
    let producer = Producer {
        ring: Arc::clone(&ring),
        counts: Arc::clone(&counts),
        tail: 0,
        next: 0,
        head: 0,
        asked: false,
    };
    let consumer = Consumer {
        ring,
        counts,
        head: Cell::new(0),
        next: Cell::new(0),
        committed: Cell::new(0),
        tail: Cell::new(0),
    };
    (producer, consumer)
}

impl<V> Ring<V> {
    /// The slot after this one. Slots are not a power of two in number: a ring is as large as it was
    /// asked to be.
    #[inline]
    fn after(&self, slot: usize) -> usize {
        if slot + 1 == self.slots.len() {
            0
        } else {
            slot + 1
        }
    }
}

impl<V> Drop for Ring<V> {
    fn drop(&mut self) {
        // Both ends are gone, and what they did is visible: the last `Arc` saw to that. Both have
        // committed all they did (see their `drop`).
        let head = self.counts.head.load(Ordering::Relaxed) >> COUNT_SHIFT;
        let tail = self.counts.tail.load(Ordering::Relaxed);
        let slots = self.slots.len() as u64;
        for count in head..tail {
            let slot = usize::try_from(count % slots).expect("an index below a usize");
            self.slots[slot].with_mut(|value| {
                // SAFETY: the slots of `head..tail` hold a value, and nobody else can reach them.
                unsafe { (*value).assume_init_drop() }
            });
        }
    }
}

impl<V> Producer<V> {
    /// How many values are in the ring, by what is known of the consumer: no less than there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // At most the number of slots, which is a usize.
        (self.tail - self.head) as usize
    }

    /// How many values were ever put in: the count that the next one gets.
    #[inline]
    pub(crate) fn tail(&self) -> u64 {
        self.tail
    }

    /// How many values are known to have been taken out.
    #[inline]
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// Looks how many values the consumer has taken out by now.
    #[inline]
    pub(crate) fn refresh(&mut self) {
        // ORDERING: acquire, partner of the release swap in `Consumer::commit`: the consumer is done
        // with the slots it counts, and they may be written again.
        let word = self.counts.head.load(Ordering::Acquire);
        self.learn(word);
    }

    /// Has the consumer say so, by the result of [`Consumer::commit`], when it next frees a slot; and
    /// looks how many it has freed by now. To be checked again after this call.
    pub(crate) fn ask_for_space(&mut self) {
        self.refresh();
        if self.asked {
            return;
        }
        // ORDERING: acquire, as in `refresh`. Both this and the consumer's swap are read-modify-write
        // operations on one word. If the swap comes after this one it finds the bit; if it comes
        // before, this one reads the count of that swap.
        let word = self.counts.head.fetch_or(WANTED, Ordering::Acquire);
        self.learn(word);
        self.asked = true;
    }

    fn learn(&mut self, word: u64) {
        let head = word >> COUNT_SHIFT;
        if head != self.head {
            // A commit came after the question, if there was one, and has taken the bit away.
            self.asked = false;
            self.head = head;
        }
    }

    /// Puts a value in. The consumer does not see it before [`commit`](Self::commit).
    ///
    /// # Panics
    ///
    /// If the ring is full by [`len`](Self::len).
    #[inline]
    pub(crate) fn push(&mut self, value: V) {
        // From here on nothing drops it, so it need not be in memory before it is in its slot.
        let value = MaybeUninit::new(value);
        assert!(self.len() < self.ring.slots.len(), "the ring is full");
        self.ring.slots[self.next].with_mut(|slot| {
            // SAFETY: fewer values than slots are in the ring, so this slot holds none. The consumer
            // gave it up before it wrote the count that `refresh` acquired, and comes back to it only
            // after this value is committed. There is one producer, and it is borrowed exclusively.
            unsafe { *slot = value };
        });
        self.next = self.ring.after(self.next);
        self.tail += 1;
    }

    /// Shows the consumer everything put in so far.
    #[inline]
    pub(crate) fn commit(&mut self) {
        // ORDERING: release, partner of the acquire load in `Consumer::refresh`: the values are
        // written before they are counted.
        self.counts.tail.store(self.tail, Ordering::Release);
    }
}

impl<V> Drop for Producer<V> {
    fn drop(&mut self) {
        // What was put in belongs to the consumer, also when the producer unwinds.
        self.commit();
    }
}

impl<V> Consumer<V> {
    /// How many values there are to take out, as of a look at the producer's count.
    pub(crate) fn refresh(&self) -> u64 {
        // ORDERING: acquire, partner of the release store in `Producer::commit`: the values counted are
        // written.
        self.tail.set(self.counts.tail.load(Ordering::Acquire));
        self.ready()
    }

    /// How many values are known to be there.
    #[inline]
    fn ready(&self) -> u64 {
        self.tail.get() - self.head.get()
    }

    /// Whether there is a value to take out.
    #[inline]
    pub(crate) fn has_value(&self) -> bool {
        self.ready() > 0 || self.refresh() > 0
    }

    /// How many values were ever taken out: changes with every [`pop`](Self::pop).
    #[inline]
    pub(crate) fn head(&self) -> u64 {
        self.head.get()
    }

    /// Looks at the first value without taking it out; `None` if there is none.
    ///
    /// # Safety
    ///
    /// `look` must not use this consumer, nor run code that might.
    #[inline]
    pub(crate) unsafe fn front<R>(&self, look: impl FnOnce(&V) -> R) -> Option<R> {
        if !self.has_value() {
            return None;
        }
        let result = self.ring.slots[self.next.get()].with(|slot| {
            // SAFETY: the value is committed, and taken out by this consumer only, which the caller
            // says does not happen during this call.
            look(unsafe { (*slot).assume_init_ref() })
        });
        Some(result)
    }

    /// Takes a value out. Its slot is not free before [`commit`](Self::commit).
    #[inline]
    pub(crate) fn pop(&self) -> Option<V> {
        if !self.has_value() {
            return None;
        }
        let value = self.ring.slots[self.next.get()].with(|slot| {
            // SAFETY: the value is committed: `refresh` acquired a count that includes it. It is taken
            // out once, for `head` moves on below and is seen by this end only.
            unsafe { (*slot).assume_init_read() }
        });
        self.next.set(self.ring.after(self.next.get()));
        self.head.set(self.head.get() + 1);
        Some(value)
    }

    /// Frees the slots of the values taken out so far. Returns whether the producer has asked for space:
    /// then it is to be told.
    #[inline]
    #[must_use = "a producer that waits for space must be told"]
    pub(crate) fn commit(&self) -> bool {
        let head = self.head.get();
        if head == self.committed.get() {
            return false;
        }
        self.committed.set(head);
        // ORDERING: release, partner of the acquire operations in `Producer`: the values are out of
        // their slots before the slots are counted as free. A swap and not a store, so that it and the
        // producer's question are ordered (see `ask_for_space`).
        let word = self
            .counts
            .head
            .swap(head << COUNT_SHIFT, Ordering::Release);
        word & WANTED != 0
    }
}

impl<V> Drop for Consumer<V> {
    fn drop(&mut self) {
        // What was taken out is not the ring's to drop. A producer that asked for space is not told: its
        // consumer has gone, and says so in another way.
        let _ = self.commit();
    }
}

impl Gauge {
    pub(crate) fn new<V>(consumer: &Consumer<V>) -> Self {
        Self {
            counts: Arc::clone(&consumer.counts),
            slots: consumer.ring.slots.len(),
        }
    }

    /// How many values are committed and not yet taken out; by the time it is known it may have changed.
    pub(crate) fn len(&self) -> usize {
        // ORDERING: relaxed, since nothing is concluded from the count. The head is read first: it may
        // have moved on since, and the difference is then too high, but never below zero.
        let head = self.counts.head.load(Ordering::Relaxed) >> COUNT_SHIFT;
        let tail = self.counts.tail.load(Ordering::Relaxed);
        let len = usize::try_from(tail.saturating_sub(head)).unwrap_or(usize::MAX);
        len.min(self.slots)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_in_order_round_and_round() {
        let (mut producer, consumer) = ring(3);
        let mut sent = 0;
        let mut got = 0;
        for batch in [1, 3, 2, 3, 1, 1, 3, 2] {
            producer.refresh();
            for _ in 0..batch {
                producer.push(sent);
                sent += 1;
            }
            assert!(producer.len() <= 3);
            assert_eq!(consumer.refresh(), 0, "not committed, not seen");
            producer.commit();
            while let Some(value) = consumer.pop() {
                assert_eq!(value, got);
                got += 1;
            }
            let _ = consumer.commit();
        }
        assert_eq!(sent, got);
    }

    #[test]
    #[should_panic(expected = "the ring is full")]
    fn a_slot_is_not_free_before_the_consumer_says_so() {
        let (mut producer, consumer) = ring(1);
        producer.push(1);
        producer.commit();
        assert_eq!(consumer.pop(), Some(1));
        producer.refresh();
        producer.push(2);
    }

    #[test]
    fn who_asks_for_space_is_told_once() {
        let (mut producer, consumer) = ring(2);
        producer.push(1);
        producer.push(2);
        producer.commit();
        producer.ask_for_space();
        assert_eq!(producer.len(), 2);
        assert_eq!(consumer.pop(), Some(1));
        assert!(consumer.commit(), "the producer had asked");
        assert_eq!(consumer.pop(), Some(2));
        assert!(!consumer.commit(), "the producer has been told");

        // Asked again later, it is told again.
        producer.refresh();
        producer.push(3);
        producer.commit();
        producer.ask_for_space();
        producer.ask_for_space();
        assert_eq!(consumer.pop(), Some(3));
        assert!(consumer.commit());
    }

    #[test]
    fn each_value_is_dropped_once_wherever_it_is() {
        let value = Arc::new(());
        let (mut producer, consumer) = ring(5);
        for _ in 0..4 {
            producer.push(Arc::clone(&value));
        }
        producer.commit();
        producer.push(Arc::clone(&value)); // not committed
        drop(consumer.pop()); // taken out, not committed
        assert_eq!(Arc::strong_count(&value), 5);
        drop(consumer);
        drop(producer);
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn two_threads_pass_every_value() {
        let count = if cfg!(miri) { 300 } else { 300_000 };
        let (mut producer, consumer) = ring::<u64>(7);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for n in 0..count {
                    while producer.len() == 7 {
                        producer.refresh();
                        std::thread::yield_now();
                    }
                    producer.push(n);
                    producer.commit();
                }
            });
            for n in 0..count {
                let got = loop {
                    if let Some(got) = consumer.pop() {
                        break got;
                    }
                    std::thread::yield_now();
                };
                assert_eq!(got, n);
                let _ = consumer.commit();
            }
        });
    }
}
