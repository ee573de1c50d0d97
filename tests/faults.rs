//! S10 and S11 where users go wrong: handles that are leaked, that are in messages or in thread-locals, that come and
//! go by the thousand. After each nothing hangs, nothing is lost or dropped twice, and memory is where it was.
//!
//! Panics in user code are in `panics.rs`, in an iterator in `batches.rs`, in a waker in `asynchronous.rs`; what
//! happens when the engine dies, in `death.rs`; tasks that are leaked, in `abandoned.rs`.
#![cfg(not(loom))]

mod common {
    pub(crate) mod crowd;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod heap;
    pub(crate) mod rounds;
    pub(crate) mod settled;
    pub(crate) mod watchdog;
}

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use clocked_lanes::{Broadcaster, Builder, Dispatcher, Event, Receiver, RecvTimeoutError, Sender};

use common::crowd::threads_called;
use common::eventually::eventually;
use common::full::fill;
use common::rounds::rounds;
use common::settled::settled;
use common::watchdog::watched;

/// What may be left after a fault, in bytes, as lists grow with the number of threads.
const SLACK: usize = 1_024;

/// One test at a time, as memory is counted for all.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a fault happen some times with each driver, and checks that neither memory nor a thread is left.
fn leaves_nothing<T: Send + 'static>(name: &'static str, fault: fn(Builder<T>)) {
    let _turn = turn();
    watched(move || {
        for is_inline in [false, true] {
            let builder = || {
                let builder = Dispatcher::builder().thread_name(name);
                if is_inline { builder.inline() } else { builder }
            };
            // What is allocated once for a process may stay from the first time.
            fault(builder());
            is_gone(name);
            let before = settled();
            for _ in 0..3 {
                fault(builder());
                is_gone(name);
            }
            eventually(|| settled() < before + SLACK);
        }
    });
}

/// No thread of this name is left.
fn is_gone(name: &str) {
    if cfg!(all(target_os = "linux", not(miri))) {
        eventually(|| threads_called(name) == 0);
    }
}

/// A path on which messages go from one end to the other, in order.
fn goes_on<T>(dispatcher: &Dispatcher<T>, values: impl Fn(u64) -> T)
where
    T: PartialEq + fmt::Debug + Send + 'static,
{
    let (tx, rx) = dispatcher.channel("goes on").unwrap();
    for n in 0..100 {
        tx.send(values(n)).unwrap();
        assert_eq!(rx.recv_message().unwrap().1, values(n));
    }
}

/// Handles that are leaked hold up what they would if their owner just did nothing with them, and no more.
#[test]
fn leaked_handles_hold_up_nobody_else() {
    fn leak(builder: Builder<Arc<u64>>) {
        let dispatcher = builder.capacity(2).lane_capacity(2).build().unwrap();
        let value = Arc::new(7);
        let (to_leaked, leaked) = dispatcher.channel("leaked").unwrap();
        fill(&to_leaked, &leaked, || Arc::clone(&value));
        mem::forget(leaked);
        goes_on(&dispatcher, Arc::new);

        // The receiver of a leaked sender is not disconnected, and has what was sent.
        let (tx, rx) = dispatcher.channel("kept").unwrap();
        tx.send(Arc::new(8)).unwrap();
        mem::forget(tx);
        assert_eq!(rx.recv_message().unwrap().1, Arc::new(8));
        goes_on(&dispatcher, Arc::new);

        // Broadcasts wait for the leaked receiver, and nobody waits for them. One has the place that is for it.
        let everybody = dispatcher.broadcaster();
        for _ in 0..3 {
            let sent = everybody.send_timeout(Arc::clone(&value), Duration::MAX);
            assert!(sent.is_ok());
        }
        assert_eq!(rx.recv_message().unwrap().1, value);
        goes_on(&dispatcher, Arc::new);
        let refused = everybody.send_timeout(Arc::clone(&value), Duration::from_millis(1));
        assert!(refused.unwrap_err().is_timeout());
        let nothing = rx.recv_timeout(Duration::from_millis(1));
        assert!(!matches!(nothing, Ok(Event::Message { .. })));
        drop((to_leaked, everybody, rx, dispatcher));
        // Two were in the inbox and two in the lane, three broadcasts are on their way, and one is here.
        eventually(|| Arc::strong_count(&value) == 8);
    }
    let _turn = turn();
    watched(|| {
        leak(Dispatcher::builder());
        leak(Dispatcher::builder().inline());
    });
}

/// Handles of a thread, which its end drops: with what else is thread-local still there, or gone already.
struct Belongings {
    tx: Sender<u64>,
    rx: Receiver<u64>,
    asked: Sender<u64>,
}

thread_local! {
    static BELONGINGS: RefCell<Option<Belongings>> = const { RefCell::new(None) };
}

impl Drop for Belongings {
    /// Uses them once more: it joins, is blocked, receives, parks and leaves.
    fn drop(&mut self) {
        for n in 0..10 {
            self.tx.clone().send(n).unwrap();
        }
        self.asked.send(0).unwrap();
        assert_eq!(self.rx.recv_message().unwrap().1, 11);
    }
}

#[test]
fn a_thread_that_ends_uses_its_handles_to_the_last() {
    fn end(builder: Builder<u64>) {
        let dispatcher = builder.capacity(1).lane_capacity(1).build().unwrap();
        for is_first in [true, false] {
            let (tx, theirs) = dispatcher.channel("theirs").unwrap();
            let (answer, rx) = dispatcher.channel("answer").unwrap();
            let (asked, asks) = dispatcher.channel("asked").unwrap();
            let ending = thread::spawn(move || {
                let belongings = Belongings { tx, rx, asked };
                // What is made first goes last.
                if is_first {
                    BELONGINGS.set(Some(belongings));
                    drop(dispatch_of_its_own());
                } else {
                    drop(dispatch_of_its_own());
                    BELONGINGS.set(Some(belongings));
                }
            });
            for n in 0..10 {
                assert_eq!(theirs.recv_message().unwrap().1, n);
            }
            asks.recv_message().unwrap();
            // It is parked by now, or about to be.
            thread::sleep(Duration::from_millis(1));
            answer.send(11).unwrap();
            ending.join().unwrap();
            assert!(theirs.recv_message().is_err() && answer.is_disconnected());
        }
    }
    leaves_nothing("it-ends", end);
}

/// Has the thread use what the crate keeps for each thread.
fn dispatch_of_its_own() -> Receiver<u64> {
    let dispatcher = Dispatcher::builder().inline().build().unwrap();
    let (tx, rx) = dispatcher.channel("own").unwrap();
    tx.send(1).unwrap();
    rx.recv_message().unwrap();
    let timeout = rx.recv_timeout(Duration::from_millis(1));
    assert_eq!(timeout.unwrap_err(), RecvTimeoutError::Timeout);
    rx
}

/// A message with handles of the dispatch that it is in.
struct Holds {
    _next: Sender<Holds>,
    _everybody: Broadcaster<Holds>,
    _dispatcher: Dispatcher<Holds>,
    _alive: Arc<()>,
}

/// Every inbox and every lane is full of messages that hold senders to the next receiver, and broadcasters, when the
/// receivers go: one after the other, or all at once.
#[test]
fn messages_that_hold_senders_to_one_another_go() {
    const RING: usize = 8;
    fn drop_in_a_ring(builder: Builder<Holds>) {
        let alive = Arc::new(());
        let dispatcher = builder.capacity(2).lane_capacity(2).build().unwrap();
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..RING)
            .map(|n| dispatcher.channel(format!("{n}")).unwrap())
            .unzip();
        for (n, (tx, rx)) in senders.iter().zip(&receivers).enumerate() {
            fill(tx, rx, || Holds {
                _next: senders[(n + 1) % RING].clone(),
                _everybody: dispatcher.broadcaster(),
                _dispatcher: dispatcher.clone(),
                _alive: Arc::clone(&alive),
            });
        }
        assert_eq!(Arc::strong_count(&alive), 1 + 4 * RING);
        drop((dispatcher, senders));
        let mut receivers = receivers.into_iter();
        drop(receivers.by_ref().take(RING / 2).collect::<Vec<_>>());
        thread::scope(|scope| {
            for rx in receivers {
                scope.spawn(|| drop(rx));
            }
        });
        eventually(|| Arc::strong_count(&alive) == 1);
    }
    leaves_nothing("in-a-ring", drop_in_a_ring);
}

/// Senders and broadcasters join and leave, hundreds of them at a time, while messages go by.
#[test]
fn ten_thousand_senders_join_and_leave_under_traffic() {
    const THREADS: u64 = 2;
    const WAVE: u64 = 250;
    fn come_and_go(builder: Builder<u64>) {
        let dispatcher = builder.capacity(64).lane_capacity(1).build().unwrap();
        let (steady, rx) = dispatcher.channel("steady").unwrap();
        let is_over = AtomicBool::new(false);
        let waves = rounds(20).max(2);
        thread::scope(|scope| {
            let receiving = scope.spawn(|| {
                let rx = rx;
                let mut next = 0;
                let mut sums = [0; 2];
                while let Ok((_, value)) = rx.recv_message() {
                    match value {
                        0 | 1 => sums[value as usize] += 1,
                        _ => {
                            next += 1;
                            assert_eq!(value, next + 1);
                        }
                    }
                }
                (next, sums)
            });
            let sending = scope.spawn(|| {
                let steady = steady;
                let mut sent = 0;
                while !is_over.load(Ordering::Relaxed) {
                    sent += 1;
                    steady.send(sent + 1).unwrap();
                }
                sent
            });
            let passing: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..waves {
                            let wave: Vec<_> = (0..WAVE)
                                .map(|n| match n % 5 {
                                    0 => Err(dispatcher.broadcaster()),
                                    _ => Ok(dispatcher.sender("steady").unwrap()),
                                })
                                .collect();
                            for source in wave {
                                match source {
                                    Ok(tx) => tx.send(0).unwrap(),
                                    Err(everybody) => everybody.send(1).unwrap(),
                                }
                            }
                        }
                    })
                })
                .collect();
            for thread in passing {
                thread.join().unwrap();
            }
            is_over.store(true, Ordering::Relaxed);
            let sent = sending.join().unwrap();
            let all = THREADS * waves * WAVE;
            assert_eq!(receiving.join().unwrap(), (sent, [all / 5 * 4, all / 5]));
        });
        assert!(dispatcher.snapshot().senders.is_empty());
    }
    leaves_nothing("ten-thousand", come_and_go);
}

/// Names can be used again and again, a million times in a release build, and nothing piles up meanwhile.
#[test]
fn a_name_is_used_a_million_times() {
    const SPANS: usize = 20;
    fn use_again(builder: Builder<u64>) {
        let dispatcher = builder.capacity(1).lane_capacity(1).build().unwrap();
        let times = rounds(if cfg!(debug_assertions) {
            100_000
        } else {
            1_000_000
        });
        let spans: Vec<usize> = (0..SPANS)
            .map(|_| {
                for n in 0..times / SPANS as u64 {
                    let (tx, rx) = dispatcher.channel("again").unwrap();
                    if n % 16 == 0 {
                        // The dispatcher's thread is not far behind, if it has one.
                        tx.send(n).unwrap();
                        assert_eq!(rx.recv_message().unwrap().1, n);
                    }
                    if n % 2 == 0 {
                        drop((rx, tx));
                    } else {
                        drop((tx, rx));
                    }
                }
                settled()
            })
            .collect();
        println!("bytes allocated: {spans:?}");
        let least = |spans: &[usize]| *spans.iter().min().unwrap();
        let (early, late) = spans.split_at(SPANS / 2);
        assert!(least(late) <= least(early) + SLACK, "{spans:?}");
    }
    let _turn = turn();
    watched(|| {
        use_again(Dispatcher::builder());
        use_again(Dispatcher::builder().inline());
    });
}
