//! What idle handles cost, in bytes: S7, and the figures in the crate's documentation.
#![cfg(not(loom))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clocked_lanes::Dispatcher;

/// Counts the bytes that are allocated at the moment.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
/// One test at a time.
static TURN: Mutex<()> = Mutex::new(());

// SAFETY: it allocates as `System` does; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bytes that each of 1,000 of what `make` makes takes, once the dispatcher has taken note of all.
fn bytes_each<R>(dispatcher: &Dispatcher<u64>, mut make: impl FnMut(usize) -> R) -> usize {
    const COUNT: usize = 1_000;
    settle(dispatcher);
    let before = ALLOCATED.load(Ordering::Relaxed);
    let made: Vec<R> = (0..COUNT).map(&mut make).collect();
    settle(dispatcher);
    let bytes = ALLOCATED.load(Ordering::Relaxed) - before;
    drop(made);
    settle(dispatcher);
    bytes / COUNT
}

/// Waits until the engine has handled everything told so far: control is handled in order.
fn settle(dispatcher: &Dispatcher<u64>) {
    let (tx, rx) = dispatcher.channel("settle").unwrap();
    tx.send(0).unwrap();
    rx.recv_message().unwrap();
}

fn dispatcher(capacity: usize, lane_capacity: usize) -> Dispatcher<u64> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .build()
        .unwrap()
}

#[test]
fn s7_an_idle_handle_costs_what_the_docs_say() {
    let _turn = TURN.lock().unwrap();
    let dispatcher = dispatcher(256, 256);
    let (tx, _rx) = dispatcher.channel("a").unwrap();
    let sender = bytes_each(&dispatcher, |_| tx.clone());
    let channel = bytes_each(&dispatcher, |n| {
        dispatcher.channel(format!("idle {n}")).unwrap()
    });
    let receiver = channel - sender;
    println!("a sender: {sender} bytes; a receiver: {receiver} bytes");
    // 16 bytes for a `u64` or a share in a broadcast, 8 for the number, and in a lane 8 for the channel's stamp.
    let (queue, ring) = (256 * 32, 257 * 24);
    assert!((queue..queue + 1_500).contains(&sender), "{sender}");
    assert!((ring..ring + 1_500).contains(&receiver), "{receiver}");
}

#[test]
fn memory_returns_when_the_last_handle_goes() {
    let _turn = TURN.lock().unwrap();
    let mut rounds = Vec::new();
    for _ in 0..4 {
        let before = ALLOCATED.load(Ordering::Relaxed);
        let dispatcher = dispatcher(4, 4);
        let handles: Vec<_> = (0..500)
            .map(|n| {
                let (tx, rx) = dispatcher.channel(format!("{n}")).unwrap();
                tx.send(n).unwrap();
                (tx.clone(), dispatcher.broadcaster(), tx, rx)
            })
            .collect();
        drop(handles);
        // Names can be used again and again, and what they held is given back.
        for _ in 0..500 {
            drop(dispatcher.channel("again").unwrap());
        }
        drop(dispatcher);
        // The engine's thread drops its share a moment later.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let left = loop {
            let left = ALLOCATED.load(Ordering::Relaxed).saturating_sub(before);
            if left < 4_096 || std::time::Instant::now() > deadline {
                break left;
            }
            std::thread::yield_now();
        };
        rounds.push(left);
    }
    // What is allocated once for a process or a thread may stay from the first round.
    assert!(rounds[1..].iter().all(|&left| left < 4_096), "{rounds:?}");
}
