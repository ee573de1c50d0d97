//! A dispatch without a thread: what it does, and when. (Everything else is as with one: the other tests run on it,
//! too, with `RUSTFLAGS="--cfg clocked_lanes_inline"`.)
#![cfg(not(loom))]

mod common {
    pub(crate) mod watchdog;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use clocked_lanes::{Dispatcher, Event, Order, Select, Seq, TryRecvError};

use common::watchdog::watched;

fn dispatcher<T: Send + 'static>(capacity: usize, lane_capacity: usize) -> Dispatcher<T> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .inline()
        .build()
        .unwrap()
}

/// One thread does everything by itself, without ever waiting.
#[test]
fn one_thread_moves_everything() {
    watched(|| {
        let dispatcher = dispatcher(2, 2);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let (_quiet, other) = dispatcher.channel("b").unwrap();
        for round in 0..100_u64 {
            // Four fit into the two buffers, though each holds two only.
            for n in 0..4 {
                tx.try_send(n).unwrap();
            }
            assert!(tx.try_send(4).is_err());
            for n in 0..4 {
                let message = rx.try_recv_message().unwrap();
                assert_eq!((message.0.get(), message.1), (4 * round + n + 1, n));
            }
            assert_eq!(rx.try_recv_message(), Err(TryRecvError::Empty));
            assert_eq!(other.try_recv(), Ok(Event::Clock(Seq::from(4 * round + 4))));
        }
    });
}

/// A receiver finds a broadcast at its first look, whatever was sent before.
#[test]
fn a_broadcast_is_found_at_once() {
    watched(|| {
        let dispatcher = dispatcher(1, 4);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        for round in 0..3 {
            tx.send("one").unwrap();
            tx.send("two").unwrap();
            assert_eq!(rx.try_recv_message().unwrap().1, "one");
            assert_eq!(rx.try_recv_message().unwrap().1, "two");
            for value in ["three", "four", "five"] {
                everybody.send(value).unwrap();
            }
            for (value, seq) in ["three", "four", "five"].into_iter().zip(3..) {
                let message = rx.try_recv_message();
                assert_eq!(message, Ok((Seq::from(5 * round + seq), value)));
            }
        }
    });
}

/// F1: a late number is handed back to who looks for it, who does what the engine has to do for that; and it is time
/// out if there is none.
#[test]
fn f1_who_looks_for_rejects_finds_them() {
    watched(|| {
        let builder = Dispatcher::builder().inline();
        let dispatcher = builder
            .forwarding(Order::Dense { window: 4 })
            .build()
            .unwrap();
        let rejects = dispatcher.rejects();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        tx.forward(1, "one").unwrap();
        tx.forward(1, "again").unwrap();
        assert_eq!(rejects.try_recv().unwrap().value, Some("again"));
        assert_eq!(rejects.try_recv().unwrap_err(), TryRecvError::Empty);
        let late = rejects.recv_timeout(Duration::ZERO).unwrap_err();
        assert!(late.is_timeout());
        assert_eq!(rx.try_recv_message(), Ok((Seq::from(1), "one")));
        let mut select = Select::new();
        select.recv(&rx);
        // Whoever looks does what there is to do; that does not make anybody ready.
        let _ = rx.try_recv();
        assert!(select.try_ready().is_err());
        tx.forward(2, "two").unwrap();
        assert_eq!(select.try_ready(), Ok(0));
    });
}

/// What was sent has no number as long as nobody needs it, and has one for whoever looks.
#[test]
fn who_looks_at_the_clock_moves_it() {
    watched(|| {
        let dispatcher = dispatcher(4, 4);
        let (tx, _rx) = dispatcher.channel("a").unwrap();
        tx.send(1).unwrap();
        assert_eq!(dispatcher.clock().seq.get(), 1);
        tx.send(2).unwrap();
        assert_eq!(tx.len(), 0);
        tx.send(3).unwrap();
        assert_eq!(dispatcher.snapshot().receiver("a").unwrap().len, 3);
    });
}

/// A sender moves its message on by itself if somebody is parked who needs that, whoever it is for.
#[test]
fn a_parked_receiver_is_served_by_the_sender() {
    watched(|| {
        let dispatcher = dispatcher(4, 4);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let (_quiet, watcher) = dispatcher.channel("b").unwrap();
        let rounds = if cfg!(miri) { 5 } else { 2_000 };
        let seen = AtomicU64::new(0);
        thread::scope(|scope| {
            let seen = &seen;
            scope.spawn(move || {
                while watcher.observed().get() < rounds {
                    let seq = watcher.recv().unwrap().seq();
                    seen.store(seq.get(), Ordering::Release);
                }
            });
            for n in 1..=rounds {
                tx.try_send(n).unwrap();
                // Nobody touches the dispatch meanwhile.
                while seen.load(Ordering::Acquire) < n {
                    thread::yield_now();
                }
                rx.recv_message().unwrap();
            }
        });
    });
}

/// Somebody is parked all the time on a channel where nothing happens, and nobody is kept at others' work because of
/// that: each send returns, though another pair is busy all the while.
#[test]
fn nobody_is_kept_at_the_work_of_others() {
    watched(|| {
        let dispatcher = dispatcher(16, 16);
        let (quiet, never) = dispatcher.channel("quiet").unwrap();
        let (busy, for_busy) = dispatcher.channel("busy").unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(move || never.recv_message().unwrap());
            let stopping = Arc::clone(&stop);
            scope.spawn(move || {
                while !stopping.load(Ordering::Relaxed) {
                    busy.send(0).unwrap();
                }
            });
            scope.spawn(move || while for_busy.recv().is_ok() {});
            let rounds = if cfg!(miri) { 5 } else { 5_000 };
            for n in 0..rounds {
                tx.send(n).unwrap();
                assert_eq!(rx.recv_message().unwrap().1, n);
            }
            stop.store(true, Ordering::Relaxed);
            quiet.send(0).unwrap();
        });
    });
}

/// S8: a broadcast gets through while every receiver is kept busy by its own sender.
#[test]
fn s8_a_broadcast_gets_through() {
    watched(|| {
        let dispatcher = dispatcher(1, 1);
        let stop = Arc::new(AtomicBool::new(false));
        thread::scope(|scope| {
            for name in ["a", "b", "c"] {
                let (tx, rx) = dispatcher.channel(name).unwrap();
                let stopping = Arc::clone(&stop);
                scope.spawn(move || {
                    while !stopping.load(Ordering::Relaxed) {
                        tx.send(0).unwrap();
                    }
                });
                scope.spawn(move || while rx.recv().is_ok() {});
            }
            let everybody = dispatcher.broadcaster();
            for _ in 0..if cfg!(miri) { 3 } else { 200 } {
                everybody.send_sequenced(1).unwrap();
            }
            stop.store(true, Ordering::Relaxed);
        });
    });
}

/// Values that hold a sender of the dispatch that they are in go with it.
#[test]
fn s10_a_message_that_holds_its_sender_keeps_nothing_alive() {
    struct Holds {
        _sender: clocked_lanes::Sender<Self>,
        _there: Arc<()>,
    }
    watched(|| {
        let there = Arc::new(());
        let dispatcher = dispatcher(1, 2);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        for _ in 0..3 {
            let holds = Holds {
                _sender: tx.clone(),
                _there: Arc::clone(&there),
            };
            assert!(tx.try_send(holds).is_ok());
        }
        drop((dispatcher, tx));
        drop(rx);
        assert_eq!(Arc::strong_count(&there), 1);
    });
}

/// F2 and F3: promises and leaves move receivers of a forwarding dispatch in passing.
#[test]
fn forwarding_needs_no_thread() {
    watched(|| {
        let builder = Dispatcher::builder().inline();
        let dispatcher = builder.forwarding(Order::Frontier).build().unwrap();
        let (a, rx) = dispatcher.channel("r").unwrap();
        let b = dispatcher.sender("r").unwrap();
        a.forward(5, "five").unwrap();
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        b.advance(4).unwrap();
        assert_eq!(rx.try_recv_message(), Ok((Seq::from(5), "five")));
        b.forward(7, "seven").unwrap();
        drop(a);
        assert_eq!(rx.recv_message(), Ok((Seq::from(7), "seven")));
    });
}

/// No thread is started.
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "counts threads in /proc")]
#[test]
fn there_is_no_thread() {
    let dispatcher = Dispatcher::<u32>::builder()
        .thread_name("without-a-thread")
        .inline()
        .build()
        .unwrap();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    tx.send(1).unwrap();
    assert_eq!(rx.recv_message().unwrap().1, 1);
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    assert!(
        !names
            .into_iter()
            .any(|name| name.starts_with("without-a-thre"))
    );
}
