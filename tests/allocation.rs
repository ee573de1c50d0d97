//! What a message allocates, once everything goes its way: nothing, unless there is something to share.
//!
//! Counted apart are those of the thread that sends and receives, and those of the dispatcher's thread.
#![cfg(not(loom))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clocked_lanes::{Broadcaster, Dispatcher, Order, Receiver, Sender};

/// Counts allocations.
struct Counting;

static ALL: AtomicUsize = AtomicUsize::new(0);
thread_local! {
    static MINE: Cell<usize> = const { Cell::new(0) };
}
/// One test at a time.
static TURN: Mutex<()> = Mutex::new(());

// SAFETY: it allocates as `System` does; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALL.fetch_add(1, Ordering::Relaxed);
        // A thread that ends may allocate when its locals are gone.
        let _ = MINE.try_with(|mine| mine.set(mine.get() + 1));
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many messages go out before they are received: fewer than an inbox takes, so that nothing waits.
const BURST: u64 = 128;
const BURSTS: usize = 400;
/// How often the dispatcher's thread may fall asleep in a burst.
const SLEEPS: usize = 32;

/// How often was allocated in `BURSTS` bursts.
struct Allocations {
    by_this_thread: usize,
    by_others: usize,
}

impl Allocations {
    /// Of a burst that has been done some times before.
    fn of(mut burst: impl FnMut()) -> Self {
        for _ in 0..64 {
            burst();
        }
        let (mine, all) = (MINE.get(), ALL.load(Ordering::Relaxed));
        for _ in 0..BURSTS {
            burst();
        }
        let by_this_thread = MINE.get() - mine;
        Self {
            by_this_thread,
            by_others: ALL.load(Ordering::Relaxed) - all - by_this_thread,
        }
    }

    /// Checks that this thread has allocated so often.
    ///
    /// The dispatcher's thread allocates as it goes to sleep, or looks for what has been forwarded, and of those who
    /// wake it one in 31 does. How often that is nobody can tell, but it is far less often than for each message.
    fn check(&self, what: &str, by_this_thread: usize) {
        let said = format!("{what}: {} by this thread", self.by_this_thread);
        let said = format!("{said}, {} by others", self.by_others);
        println!("{said}");
        let wakes = self.by_this_thread.checked_sub(by_this_thread);
        assert!(wakes.is_some_and(|n| n <= BURSTS / 2), "{said}");
        assert!(self.by_others <= SLEEPS * BURSTS, "{said}");
    }
}

fn receive(receiver: &Receiver<u64>, messages: u64) {
    for _ in 0..messages {
        receiver.recv_message().unwrap();
    }
}

fn serializing() -> (Dispatcher<u64>, Sender<u64>, Receiver<u64>) {
    let dispatcher = Dispatcher::new();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    (dispatcher, tx, rx)
}

#[test]
fn a_message_allocates_nothing() {
    let _turn = turn();
    let (_dispatcher, tx, rx) = serializing();
    let one_by_one = Allocations::of(|| {
        for value in 0..BURST {
            tx.send(value).unwrap();
        }
        receive(&rx, BURST);
    });
    one_by_one.check("send, recv", 0);
    let drained = Allocations::of(|| {
        for value in 0..BURST {
            tx.try_send(value).unwrap();
        }
        let mut left = BURST as usize;
        while left > 0 {
            rx.recv_message().unwrap();
            left -= 1;
            left -= rx.drain(left).filter_map(|it| it.into_message()).count();
        }
    });
    drained.check("try_send, drain", 0);
}

#[test]
fn a_broadcast_allocates_once_however_many_receive_it() {
    let _turn = turn();
    for receivers in [1, 2, 8] {
        let dispatcher = Dispatcher::<u64>::new();
        let to_all: Broadcaster<u64> = dispatcher.broadcaster();
        let all: Vec<_> = (0..receivers)
            .map(|n| dispatcher.channel(format!("{n}")).unwrap().1)
            .collect();
        let allocations = Allocations::of(|| {
            for value in 0..BURST {
                to_all.send(value).unwrap();
            }
            all.iter().for_each(|rx| receive(rx, BURST));
        });
        // What the receivers share.
        let each = BURST as usize * BURSTS;
        allocations.check(&format!("broadcast to {receivers}"), each);
    }
}

#[test]
fn a_batch_allocates_twice_however_large_it_is() {
    let _turn = turn();
    let (_dispatcher, tx, rx) = serializing();
    for size in [1, 64, BURST] {
        let allocations = Allocations::of(|| {
            tx.send_batch(0..size).unwrap();
            receive(&rx, size);
        });
        // The messages, and what holds them on their way.
        allocations.check(&format!("batch of {size}"), 2 * BURSTS);
    }
    let sequenced = Allocations::of(|| {
        tx.send_sequenced(0).unwrap();
        receive(&rx, 1);
    });
    // And where the number is put.
    sequenced.check("send_sequenced", 3 * BURSTS);
}

#[test]
fn a_message_that_is_forwarded_allocates_nothing() {
    let _turn = turn();
    for order in [Order::Frontier, Order::Dense { window: 512 }] {
        let dispatcher = Dispatcher::builder().forwarding(order).build().unwrap();
        let (left, rx) = dispatcher.channel("a").unwrap();
        let right = dispatcher.sender("a").unwrap();
        let mut next = 1;
        let allocations = Allocations::of(|| {
            // The second waits for the first, and the engine keeps it.
            for _ in 0..BURST / 2 {
                right.forward(next + 1, 0).unwrap();
                left.forward(next, 0).unwrap();
                next += 2;
            }
            receive(&rx, BURST);
        });
        allocations.check(&format!("forward, {order:?}"), 0);
    }
}
