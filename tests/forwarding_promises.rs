//! S6 to S11 for messages that arrive numbered, in both orders.
#![cfg(not(loom))]

mod common {
    pub(crate) mod counted;
    pub(crate) mod crowd;
    pub(crate) mod eventually;
    pub(crate) mod watchdog;
}

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use clocked_lanes::{
    Dispatcher, ForwardError, Forwarding, Order, Receiver, Sender, TryForwardError, TryRecvError,
};
use fastrand::Rng;

use common::counted::{Counted, Tally};
use common::crowd::threads_called;
use common::eventually::eventually;
use common::watchdog::watched;

const WINDOW: usize = 4;
const ORDERS: [Order; 2] = [Order::Frontier, Order::Dense { window: WINDOW }];

fn dispatcher<T: Send + 'static>(
    order: Order,
    capacity: usize,
    lane_capacity: usize,
) -> Dispatcher<T, Forwarding> {
    called("promises", order, capacity, lane_capacity)
}

/// `dispatcher`, with the name of its thread.
fn called<T: Send + 'static>(
    name: &str,
    order: Order,
    capacity: usize,
    lane_capacity: usize,
) -> Dispatcher<T, Forwarding> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .thread_name(name)
        .forwarding(order)
        .build()
        .unwrap()
}

/// Forwards numbers from `first` on until nothing moves any more; returns the next one.
fn fill<T>(tx: &Sender<T, Forwarding>, first: u64, mut value: impl FnMut(u64) -> T) -> u64 {
    let mut n = first;
    let mut refused = 0;
    while refused < 100 {
        match tx.try_forward(n, value(n)) {
            Ok(()) => {
                n += 1;
                refused = 0;
            }
            Err(TryForwardError::Full(_)) => {
                refused += 1;
                // For the dispatcher to take out what it can.
                let _ = tx
                    .forward_timeout(n, value(n), Duration::from_millis(1))
                    .map(|()| n += 1);
            }
            Err(error) => panic!("{error}"),
        }
    }
    n
}

fn next_number<T>(rx: &Receiver<T>) -> u64 {
    rx.recv_message().unwrap().0.get()
}

#[test]
fn s6_a_full_receiver_delays_nobody_else() {
    watched(|| {
        let dispatcher = dispatcher::<u64>(Order::Frontier, 1, 1);
        let (to_full, full) = dispatcher.channel("full").unwrap();
        let (tx, rx) = dispatcher.channel("goes on").unwrap();
        let last = fill(&to_full, 1, |n| n);
        for n in 1..=300 {
            tx.forward(2 * n, n).unwrap();
            assert_eq!(next_number(&rx), 2 * n);
            tx.advance(2 * n + 1).unwrap();
            while rx.observed().get() < 2 * n + 1 {
                rx.recv().unwrap();
            }
            // Joins, clones and leaves on either side.
            let clone = if n % 2 == 0 {
                tx.clone()
            } else {
                to_full.clone()
            };
            drop(clone);
            let (late, for_late) = dispatcher.channel("late").unwrap();
            late.forward(2 * n + 1, n).unwrap();
            assert_eq!(next_number(&for_late), 2 * n + 1);
            drop((for_late, late));
        }
        let timeout = to_full.forward_timeout(last, last, Duration::from_millis(1));
        assert!(timeout.is_err());
        for n in 1..last {
            assert_eq!(next_number(&full), n);
        }
    });
}

/// In Dense there is one order for all: a full receiver delays others as well, but not before the window is used up, and
/// no joins, clones and leaves.
#[test]
fn s6_in_dense_a_full_receiver_delays_others_beyond_the_window_only() {
    watched(|| {
        let dispatcher = dispatcher::<u64>(ORDERS[1], 1, 1);
        let (to_full, full) = dispatcher.channel("full").unwrap();
        let (tx, rx) = dispatcher.channel("r").unwrap();
        to_full.forward(1, 1).unwrap();
        to_full.forward(2, 2).unwrap();
        eventually(|| to_full.is_empty());
        // Number 2 has no space, and the window is counted from there.
        for n in 3..=1 + WINDOW as u64 {
            tx.forward(n, n).unwrap();
            assert_eq!(next_number(&rx), n);
        }
        let beyond = 2 + WINDOW as u64;
        let next = fill(&tx, beyond, |n| n);
        assert_eq!(rx.try_recv_message(), Err(TryRecvError::Empty));
        for _ in 0..100 {
            let (late, for_late) = dispatcher.channel("late").unwrap();
            let by_name = dispatcher.sender("full").unwrap();
            drop((to_full.clone(), by_name, tx.clone(), late));
            drop((for_late, dispatcher.broadcaster()));
        }
        assert_eq!(next_number(&full), 1);
        for n in beyond..next {
            assert_eq!(next_number(&rx), n);
        }
        assert_eq!(next_number(&full), 2);
    });
}

#[test]
fn s7_what_is_in_flight_is_bounded_and_a_freed_slot_is_used() {
    watched(|| {
        for order in ORDERS {
            let dispatcher = dispatcher::<u64>(order, 3, 5);
            let (tx, rx) = dispatcher.channel("r").unwrap();
            let next = fill(&tx, 1, |n| n);
            // One more is with the dispatcher, and in Dense a window.
            let most = 3
                + 5
                + 1
                + if order == Order::Frontier {
                    0
                } else {
                    WINDOW as u64
                };
            assert!((9..=most + 1).contains(&next), "{order:?}: {next}");
            for n in 1..=100 {
                assert_eq!(next_number(&rx), n);
                tx.forward(next + n - 1, n).unwrap();
            }
        }
    });
}

#[test]
fn s9_the_end_comes_after_everything() {
    watched(|| {
        for order in ORDERS {
            let dispatcher = dispatcher(order, 2, 2);
            let (tx, rx) = dispatcher.channel("r").unwrap();
            let too = tx.clone();
            let everybody = dispatcher.broadcaster();
            let sending = thread::spawn(move || {
                for n in (1..=300).step_by(3) {
                    tx.forward(n, n).unwrap();
                    too.forward(n + 1, n + 1).unwrap();
                    everybody.forward(n + 2, n + 2).unwrap();
                }
            });
            for n in 1..=300 {
                assert_eq!(rx.recv_message().unwrap(), (n.into(), n), "{order:?}");
            }
            sending.join().unwrap();
            assert!(rx.recv_message().is_err());
            for _ in 0..3 {
                assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
            }
            drop(dispatcher);
        }
    });
}

#[test]
fn s9_a_blocked_forward_gets_its_value_back_when_the_receiver_leaves() {
    watched(|| {
        for order in ORDERS {
            let tally = Tally::default();
            let dispatcher = dispatcher(order, 1, 1);
            let (tx, rx) = dispatcher.channel("r").unwrap();
            // In Dense it is a number that is missing that keeps the second one waiting.
            let idle = dispatcher.channel("idle").unwrap();
            let next = fill(&tx, 2, |n| tally.value(n));
            let blocked = thread::spawn(move || match tx.forward(next, tally.value(next)) {
                Err(ForwardError::Disconnected(value)) => (value.id, tally),
                other => panic!("{other:?}"),
            });
            thread::sleep(Duration::from_millis(5));
            drop(rx);
            let (id, tally) = blocked.join().unwrap();
            assert_eq!(id, next, "{order:?}");
            tally.all_dropped();
            drop((idle, dispatcher));
        }
    });
}

/// A value that holds a sender of the dispatch that it is in.
struct Holding {
    _sender: Option<Sender<Holding, Forwarding>>,
    _counted: Counted,
}

#[test]
fn s10_handles_are_free_to_go_in_any_order_with_everything_full() {
    watched(|| {
        let mut random = Rng::with_seed(7);
        for round in 0..if cfg!(miri) { 4 } else { 60 } {
            let tally = Tally::default();
            let dispatcher = called::<Holding>("s10", ORDERS[round % 2], 1, 1);
            let (a, for_a) = dispatcher.channel("a").unwrap();
            let (b, for_b) = dispatcher.channel("b").unwrap();
            let a_too = a.clone();
            let other = b.clone();
            let hold = |n| Holding {
                _sender: Some(other.clone()),
                _counted: tally.value(n),
            };
            let mut n = 1;
            for tx in [&a, &a_too, &b] {
                // Until the lane is full, and stays so.
                let moment = Duration::from_millis(2);
                while tx.forward_timeout(n, hold(n), moment).is_ok() {
                    n += 1;
                }
            }
            drop(other);
            let everybody = dispatcher.broadcaster();
            let mut handles: Vec<Box<dyn Send>> = vec![
                Box::new((a.clone(), b.clone())),
                Box::new(dispatcher.clone()),
                Box::new(everybody.clone()),
                Box::new(everybody),
                Box::new(dispatcher),
                Box::new(a),
                Box::new(for_a),
                Box::new(b),
                Box::new(for_b),
                Box::new(a_too),
            ];
            while !handles.is_empty() {
                drop(handles.swap_remove(random.usize(..handles.len())));
            }
            tally.all_dropped();
        }
        if !cfg!(miri) {
            eventually(|| threads_called("s10") == 0);
        }
    });
}

/// What is thrown. Resumed and not started, so that no panic hook prints it.
struct Deliberate;

/// A value whose clones panic while its fuse is lit, and its destructor if it is armed.
#[derive(Debug)]
struct Bad {
    fuse: Arc<AtomicBool>,
    is_armed: bool,
    drops: Arc<AtomicU64>,
}

impl Clone for Bad {
    fn clone(&self) -> Self {
        if self.fuse.swap(false, Ordering::SeqCst) {
            resume_unwind(Box::new(Deliberate));
        }
        Self {
            fuse: Arc::clone(&self.fuse),
            is_armed: false,
            drops: Arc::clone(&self.drops),
        }
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        if self.is_armed && !thread::panicking() {
            resume_unwind(Box::new(Deliberate));
        }
    }
}

fn bad(is_armed: bool, drops: &Arc<AtomicU64>) -> Bad {
    Bad {
        fuse: Arc::new(AtomicBool::new(!is_armed)),
        is_armed,
        drops: Arc::clone(drops),
    }
}

#[test]
fn s11_a_clone_that_panics_is_the_receivers_and_loses_nothing() {
    watched(|| {
        for order in ORDERS {
            let drops = Arc::default();
            let dispatcher = dispatcher(order, 2, 2);
            let (_a, for_a) = dispatcher.channel("a").unwrap();
            let (_b, for_b) = dispatcher.channel("b").unwrap();
            let everybody = dispatcher.broadcaster();
            everybody.forward(1, bad(false, &drops)).unwrap();
            if order == Order::Frontier {
                _a.advance(1).unwrap();
                _b.advance(1).unwrap();
            }
            let thrown = catch_unwind(AssertUnwindSafe(|| for_a.recv_message()));
            assert!(thrown.is_err_and(|payload| payload.is::<Deliberate>()));
            assert_eq!(next_number(&for_a), 1, "it is still there");
            assert_eq!(next_number(&for_b), 1);
            _a.forward(2, bad(false, &drops)).unwrap();
            drop(everybody);
            assert_eq!(next_number(&for_a), 2);
        }
    });
}

#[test]
fn s11_a_destructor_that_panics_does_not_stop_the_dispatch() {
    watched(|| {
        for order in ORDERS {
            let drops = Arc::<AtomicU64>::default();
            let dispatcher = dispatcher(order, 1, 4);
            let (a, for_a) = dispatcher.channel("a").unwrap();
            let (b, for_b) = dispatcher.channel("b").unwrap();
            let held = dispatcher.sender("a").unwrap();
            for n in 2..=5 {
                a.forward(n, bad(true, &drops)).unwrap();
            }
            // They wait in the dispatcher and in the lane, as `held`, or in Dense number 1, may still come.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(for_a)));
            eventually(|| drops.load(Ordering::SeqCst) == 4);
            b.forward(1, bad(false, &drops)).unwrap();
            assert_eq!(next_number(&for_b), 1, "{order:?}");
            b.forward(6, bad(false, &drops)).unwrap();
            assert_eq!(next_number(&for_b), 6);
            assert!(held.is_disconnected());
        }
    });
}

#[test]
fn a_snapshot_can_be_taken_under_load() {
    watched(|| {
        for order in ORDERS {
            let dispatcher = dispatcher(order, 4, 4);
            let (tx, rx) = dispatcher.channel("r").unwrap();
            let id = tx.id();
            let goes_on = AtomicBool::new(true);
            thread::scope(|scope| {
                scope.spawn(|| {
                    for n in 1..=1_000 {
                        tx.forward(n, n).unwrap();
                        drop(tx.clone());
                    }
                    goes_on.store(false, Ordering::SeqCst);
                });
                scope.spawn(move || (1..=1_000).for_each(|n| assert_eq!(next_number(&rx), n)));
                let mut before = (0, 0);
                while goes_on.load(Ordering::SeqCst) {
                    let snapshot = dispatcher.snapshot();
                    let (Some(sender), Some(receiver)) =
                        (snapshot.sender(id), snapshot.receiver("r"))
                    else {
                        break;
                    };
                    assert!(sender.len <= 4 && receiver.len <= 4 + 1);
                    // The pair belongs together: each number has one message.
                    for clock in (0..50).map(|_| dispatcher.clock()).chain([snapshot.clock]) {
                        let (seq, dispatched) = (clock.seq.get(), clock.dispatched);
                        assert!(seq <= dispatched, "{clock:?}");
                        assert!(order == Order::Frontier || seq == dispatched, "{clock:?}");
                    }
                    let now = (receiver.observed.get(), snapshot.clock.seq.get());
                    assert!(now.0 >= before.0 && now.1 >= before.1, "{order:?}");
                    before = now;
                }
            });
        }
    });
}
