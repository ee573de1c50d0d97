//! What is sent: values that are counted, and that panic now and then.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

/// Marks the lanes of broadcasters.
pub(crate) const BROADCAST: u32 = 1 << 31;

const SHARDS: usize = 16;

/// How many values there are, by lane, so that not everybody counts at the same place.
static ALIVE: [CachePadded<AtomicI64>; SHARDS] =
    [const { CachePadded::new(AtomicI64::new(0)) }; SHARDS];

/// How many faults there were so far.
pub(crate) static FAULTS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// How many clones are made here before one panics.
    static FUSE: Cell<u32> = const { Cell::new(u32::MAX) };
}

/// What is thrown. Resumed and not started, so that no hook prints it.
pub(crate) struct Injected;

/// A message: the `n`th of its lane.
pub(crate) struct Value {
    pub(crate) lane: u32,
    pub(crate) n: u64,
    /// Which one it is in its batch.
    pub(crate) in_batch: u32,
    /// Panics when it is dropped, unless it was defused.
    is_bomb: bool,
}

impl Value {
    pub(crate) fn new(lane: u32, n: u64) -> Self {
        count(lane, 1);
        Self {
            lane,
            n,
            in_batch: 0,
            is_bomb: false,
        }
    }

    /// Has it panic when it is dropped.
    pub(crate) fn arm(&mut self) {
        self.is_bomb = true;
    }

    /// It has arrived, or come back.
    pub(crate) fn defuse(&mut self) {
        self.is_bomb = false;
    }

    pub(crate) fn is_broadcast(&self) -> bool {
        self.lane & BROADCAST != 0
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        match FUSE.get() {
            0 => inject(),
            n => FUSE.set(n - 1),
        }
        count(self.lane, 1);
        Self { ..*self }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        count(self.lane, -1);
        if self.is_bomb {
            inject();
        }
    }
}

/// Panics.
pub(crate) fn inject() -> ! {
    FUSE.set(u32::MAX);
    FAULTS.fetch_add(1, Ordering::Relaxed);
    resume_unwind(Box::new(Injected));
}

/// Has a clone panic in this thread, after so many that do not.
pub(crate) fn panic_after(clones: u32) {
    FUSE.set(clones);
}

/// How many values there are.
pub(crate) fn alive() -> i64 {
    ALIVE.iter().map(|shard| shard.load(Ordering::SeqCst)).sum()
}

fn count(lane: u32, by: i64) {
    ALIVE[lane as usize % SHARDS].fetch_add(by, Ordering::Relaxed);
}
