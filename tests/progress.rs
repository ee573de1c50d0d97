//! C1: how far a receiver has observed, as other threads see it.
#![cfg(not(loom))]

mod common {
    pub(crate) mod eventually;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::thread;
use std::time::{Duration, Instant};

use clocked_lanes::{
    DisconnectReason, Dispatcher, Event, Order, Progress, ProgressTimeoutError, Receiver, Seq,
};

use common::eventually::eventually;
use common::rounds::rounds;
use common::watchdog::watched;

/// A receiver that gets no message, and a sender elsewhere to move the clock.
fn beside() -> (clocked_lanes::Sender<u64>, Receiver<u64>, Receiver<u64>) {
    let dispatcher = Dispatcher::new();
    let (tx, elsewhere) = dispatcher.channel("elsewhere").unwrap();
    let (kept, rx) = dispatcher.channel("beside").unwrap();
    // So that it is not disconnected.
    std::mem::forget(kept);
    (tx, elsewhere, rx)
}

/// It is what S4 holds for: it does not count what is only there, and counts ticks.
#[test]
fn c1_it_is_what_the_receiver_has_returned() {
    let (tx, elsewhere, rx) = beside();
    let progress = rx.progress();
    tx.send(1).unwrap();
    elsewhere.recv().unwrap();
    assert_eq!(progress.observed(), Seq::from(0));
    assert_eq!(
        progress.wait_for_timeout(1, Duration::ZERO),
        Err(ProgressTimeoutError::Timeout {
            observed: Seq::from(0)
        })
    );
    assert_eq!(rx.recv(), Ok(Event::Clock(Seq::from(1))));
    assert_eq!(progress.observed(), Seq::from(1));
    assert_eq!(progress.wait_for(1), Ok(Seq::from(1)));
    assert_eq!(progress.wait_for(0), Ok(Seq::from(1)), "as far as it is");
}

/// In `Frontier`, where another message with the same number may follow, a message counts for those below it.
#[test]
fn c1_in_frontier_a_message_does_not_count_for_its_own_number() {
    let order = Order::Frontier;
    let dispatcher = Dispatcher::builder().forwarding(order).build().unwrap();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    let progress = rx.progress();
    tx.forward(5, "five").unwrap();
    while rx.recv_message().is_err() {}
    assert_eq!(progress.observed(), Seq::from(4));
    tx.advance(5).unwrap();
    assert_eq!(rx.recv(), Ok(Event::Clock(Seq::from(5))));
    assert_eq!(progress.wait_for(5), Ok(Seq::from(5)));
}

/// Many wait for different numbers, some of them for the same; each returns when it is reached and not before.
#[test]
fn c1_many_wait_for_different_numbers() {
    watched(|| {
        let last = rounds(2_000);
        let (tx, rx) = Dispatcher::builder().build().unwrap().channel("a").unwrap();
        let progress = rx.progress();
        thread::scope(|scope| {
            for waiter in 0..6_u64 {
                let progress = progress.clone();
                scope.spawn(move || {
                    for n in (1..=last).filter(|n| n % (waiter / 2 + 1) == 0) {
                        let seen = progress.wait_for(n).unwrap();
                        assert!(seen >= Seq::from(n));
                        assert!(progress.observed() >= seen);
                    }
                });
            }
            scope.spawn(move || {
                for n in 0..last {
                    tx.send(n).unwrap();
                }
                // Kept, so that nobody returns because the receiver has come to its end.
                std::mem::forget(tx);
            });
            scope.spawn(move || {
                for n in 1..=last {
                    // Time for those who wait to fall asleep, sometimes.
                    if n % 50 == 0 {
                        thread::sleep(Duration::from_micros(300));
                    }
                    assert_eq!(rx.recv().unwrap().seq(), Seq::from(n));
                }
                std::mem::forget(rx);
            });
        });
    });
}

/// Two threads that take turns, each waiting for the other: no wake-up is lost.
#[test]
fn c1_two_wait_for_each_other_in_turn() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        let (of_a, of_b) = (for_a.progress(), for_b.progress());
        let last = rounds(3_000);
        let turn =
            move |tx: clocked_lanes::Sender<u64>, rx: Receiver<u64>, other: Progress, first| {
                for n in 1..=last {
                    if n % 2 == first {
                        tx.send(n).unwrap();
                    }
                    while rx.observed() < Seq::from(n) {
                        rx.recv().unwrap();
                    }
                    other.wait_for(n).unwrap();
                }
            };
        thread::scope(|scope| {
            let (turn_a, turn_b) = (turn, turn);
            scope.spawn(move || turn_a(a, for_a, of_b, 1));
            scope.spawn(move || turn_b(b, for_b, of_a, 0));
        });
    });
}

/// A receiver that has drained and is disconnected is up to date for every number.
#[test]
fn c1_a_drained_receiver_is_up_to_date_for_every_number() {
    watched(|| {
        let (tx, rx) = Dispatcher::new().channel("a").unwrap();
        let progress = rx.progress();
        tx.send(1).unwrap();
        drop(tx);
        let waiting = {
            let progress = progress.clone();
            thread::spawn(move || progress.wait_for(u64::MAX))
        };
        assert_eq!(rx.iter().count(), 1);
        assert_eq!(waiting.join().unwrap(), Ok(Seq::MAX));
        assert_eq!(progress.wait_for(7), Ok(Seq::from(7)));
        assert_eq!(progress.observed(), Seq::from(1));
        drop(rx);
        assert_eq!(
            progress.wait_for(8),
            Ok(Seq::from(8)),
            "also when it is dropped"
        );
    });
}

/// So is one that has returned everything that will ever be sent to it, and is dropped without being asked again.
#[test]
fn c1_a_receiver_that_was_dropped_after_all_it_would_get_is_up_to_date() {
    let (tx, rx) = Dispatcher::new().channel("a").unwrap();
    let progress = rx.progress();
    tx.send(1).unwrap();
    drop(tx);
    eventually(|| rx.disconnect_reason() == Some(DisconnectReason::SendersGone));
    rx.recv().unwrap();
    drop(rx);
    assert_eq!(progress.wait_for(2), Ok(Seq::from(2)));
}

/// One that is dropped early is an error, which says at which number; also for those who wait already.
#[test]
fn c1_a_receiver_that_was_dropped_early_is_an_error() {
    watched(|| {
        let (tx, rx) = Dispatcher::new().channel("a").unwrap();
        let progress = rx.progress();
        for n in 1..=3 {
            tx.send(n).unwrap();
        }
        rx.recv().unwrap();
        rx.recv().unwrap();
        let waiting = {
            let progress = progress.clone();
            thread::spawn(move || progress.wait_for(3))
        };
        drop(rx);
        for result in [waiting.join().unwrap(), progress.wait_for(3)] {
            let error = result.unwrap_err();
            assert_eq!(error.observed, Seq::from(2));
            assert_eq!(error.reason, DisconnectReason::ReceiverGone);
            assert!(error.to_string().contains("observed 2"), "{error}");
        }
        assert_eq!(progress.wait_for(2), Ok(Seq::from(2)), "it had got there");
    });
}

/// A receiver whose inbox is not empty has not drained, even if nothing more can be sent.
#[test]
fn c1_what_is_left_in_the_inbox_was_not_observed() {
    let (tx, rx) = Dispatcher::new().channel("a").unwrap();
    let progress = rx.progress();
    tx.send(1).unwrap();
    drop(tx);
    eventually(|| rx.disconnect_reason() == Some(DisconnectReason::SendersGone));
    drop(rx);
    assert_eq!(progress.wait_for(1).unwrap_err().observed, Seq::from(0));
}

/// Time is up: one that gives up leaves nothing behind that would be in the way of others.
#[test]
fn c1_time_is_up() {
    let (tx, elsewhere, rx) = beside();
    let progress = rx.progress();
    let start = Instant::now();
    let wait = Duration::from_millis(20);
    for _ in 0..2 {
        assert!(progress.wait_for_timeout(1, wait).is_err());
        assert!(progress.wait_for_deadline(1, start).is_err());
    }
    assert!(start.elapsed() >= 2 * wait);
    tx.send(1).unwrap();
    elsewhere.recv().unwrap();
    rx.recv().unwrap();
    assert_eq!(
        progress.wait_for_timeout(1, Duration::MAX),
        Ok(Seq::from(1))
    );
}

/// A missing number is an error for those who wait for it or more, and not for those who wait for less.
#[test]
fn c1_a_missing_number_is_an_error() {
    watched(|| {
        let order = Order::Dense { window: 1 };
        let dispatcher = Dispatcher::builder().forwarding(order).build().unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let progress = rx.progress();
        tx.forward(1, 1).unwrap();
        let waiting = {
            let progress = progress.clone();
            thread::spawn(move || progress.wait_for(2))
        };
        eventually(|| dispatcher.clock().seq == Seq::from(1));
        tx.forward(5, 5).unwrap();
        let error = waiting.join().unwrap().unwrap_err();
        assert_eq!(error.reason, DisconnectReason::MissingNumber(Seq::from(2)));
        let before = progress.wait_for_timeout(1, Duration::ZERO);
        assert!(matches!(before, Err(ProgressTimeoutError::Timeout { .. })));
        rx.recv_message().unwrap();
        assert_eq!(progress.wait_for(1), Ok(Seq::from(1)));
    });
}

/// It can be asked from inside of what the receiver returns, and outlives everything.
#[test]
fn c1_a_progress_keeps_nothing_alive() {
    let (tx, rx) = Dispatcher::<Progress>::new().channel("a").unwrap();
    let progress = rx.progress();
    tx.send(progress.clone()).unwrap();
    assert!(!tx.is_disconnected());
    drop(rx);
    assert!(tx.is_disconnected(), "the receiver is gone all the same");
    drop(tx);
    assert!(progress.wait_for(1).is_err());
}
