//! What idle handles cost, in bytes: S7, and the figures in the crate's documentation.
#![cfg(not(loom))]

mod common {
    pub(crate) mod heap;
}

use std::sync::Mutex;

use clocked_lanes::{Dispatcher, Forwarding, Order, Serializing};

use common::heap::allocated;

/// One test at a time.
static TURN: Mutex<()> = Mutex::new(());

/// A dispatcher, of which it can be told when its thread has handled everything told so far.
trait Settle {
    /// Waits until it has. Control is handled in order.
    fn settle(&self);
}

impl Settle for Dispatcher<u64> {
    fn settle(&self) {
        let (tx, rx) = self.channel("settle").unwrap();
        tx.send(0).unwrap();
        rx.recv_message().unwrap();
    }
}

impl Settle for Dispatcher<u64, Forwarding> {
    fn settle(&self) {
        let (tx, rx) = self.channel("settle").unwrap();
        tx.forward(tx.frontier().get() + 1, 0).unwrap();
        rx.recv_message().unwrap();
    }
}

/// The bytes that each of 1,000 of what `make` makes takes, once the dispatcher has taken note of all.
fn bytes_each<D: Settle, R>(dispatcher: &D, mut make: impl FnMut(usize) -> R) -> usize {
    const COUNT: usize = 1_000;
    let before = allocated_by(dispatcher);
    let made: Vec<R> = (0..COUNT).map(&mut make).collect();
    let bytes = allocated_by(dispatcher).saturating_sub(before);
    drop(made);
    bytes / COUNT
}

/// What is allocated once everything told so far has been handled.
fn allocated_by(dispatcher: &impl Settle) -> usize {
    // States of the roster that nobody reads any more are given back as it changes further, and queues take turns
    // with blocks that are used up.
    for _ in 0..64 {
        dispatcher.settle();
    }
    allocated()
}

/// What one idle handle takes beside its buffer.
#[derive(Debug)]
struct Overhead {
    sender: usize,
    receiver: usize,
}

/// The middle of five, each with a dispatcher of its own: on a busy machine garbage is now and then given back late.
fn typical<M>(make: impl Fn() -> Dispatcher<u64, M>) -> Overhead
where
    Dispatcher<u64, M>: Settle,
{
    let all: Vec<Overhead> = (0..5).map(|_| overhead(&make())).collect();
    let middle = |of: fn(&Overhead) -> usize| {
        let mut all: Vec<usize> = all.iter().map(of).collect();
        all.sort_unstable();
        all[2]
    };
    Overhead {
        sender: middle(|of| of.sender),
        receiver: middle(|of| of.receiver),
    }
}

/// Measures with the capacities as they are unless set.
fn overhead<M>(dispatcher: &Dispatcher<u64, M>) -> Overhead
where
    Dispatcher<u64, M>: Settle,
{
    // 16 bytes for a `u64` or a share in a broadcast, 8 for the number, and in a lane 8 for the channel's stamp.
    let (queue, ring) = (256 * 32, 257 * 24);
    let (tx, _rx) = dispatcher.channel("a").unwrap();
    let sender = bytes_each(dispatcher, |_| tx.clone());
    let channel = bytes_each(dispatcher, |n| {
        dispatcher.channel(format!("idle {n}")).unwrap()
    });
    Overhead {
        sender: sender.saturating_sub(queue),
        receiver: channel.saturating_sub(sender + ring),
    }
}

#[test]
fn s7_an_idle_handle_costs_what_the_docs_say() {
    let _turn = TURN.lock().unwrap();
    let serializing = typical(Dispatcher::<u64, Serializing>::new);
    let [frontier, dense] = [Order::Frontier, Order::Dense { window: 256 }]
        .map(|order| typical(|| Dispatcher::builder().forwarding(order).build().unwrap()));
    println!("serializing: {serializing:?}; frontier: {frontier:?}; dense: {dense:?}");
    // The docs have the middle of it. Buckets of the roster are more or less full, as chance has it.
    for (handles, receiver) in [(serializing, 1_300), (frontier, 2_100), (dense, 1_300)] {
        assert!(handles.sender.abs_diff(1_000) < 200, "{handles:?}");
        assert!(handles.receiver.abs_diff(receiver) < 200, "{handles:?}");
    }
}

#[test]
fn memory_returns_when_the_last_handle_goes() {
    let _turn = TURN.lock().unwrap();
    let mut rounds = Vec::new();
    for _ in 0..4 {
        let before = allocated();
        let dispatcher = Dispatcher::builder()
            .capacity(4)
            .lane_capacity(4)
            .build()
            .unwrap();
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
            let left = allocated().saturating_sub(before);
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
