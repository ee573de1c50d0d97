//! F1 to F5: messages that arrive numbered, each sender's in rising order (`Order::Frontier`).
#![cfg(not(loom))]

mod common {
    pub(crate) mod counted;
    pub(crate) mod eventually;
    pub(crate) mod watchdog;
}

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use clocked_lanes::{
    DisconnectReason, Dispatcher, Event, ForwardError, ForwardTimeoutError, Forwarding, Order,
    Receiver, RecvTimeoutError, Seq, TryForwardError,
};

use common::counted::Tally;
use common::eventually::eventually;
use common::watchdog::watched;

fn frontier<T: Send + 'static>(capacity: usize, lane_capacity: usize) -> Dispatcher<T, Forwarding> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .forwarding(Order::Frontier)
        .build()
        .unwrap()
}

fn message<T>(seq: u64, value: T) -> Event<T> {
    let seq = Seq::from(seq);
    Event::Message { seq, value }
}

fn clock<T>(seq: u64) -> Event<T> {
    Event::Clock(Seq::from(seq))
}

/// Checks that nothing comes for a while.
#[track_caller]
fn is_quiet<T: std::fmt::Debug + PartialEq>(rx: &Receiver<T>) {
    let nothing = rx.recv_timeout(Duration::from_millis(20));
    assert_eq!(nothing, Err(RecvTimeoutError::Timeout));
}

/// Receives until the clock of the receiver is at `n`; returns the messages.
fn up_to<T>(rx: &Receiver<T>, n: u64) -> Vec<(u64, T)> {
    let mut messages = Vec::new();
    while rx.observed().get() < n {
        if let Some((seq, value)) = rx.recv().unwrap().into_message() {
            messages.push((seq.get(), value));
        }
    }
    messages
}

#[test]
fn f1_a_late_number_is_an_error_with_the_value() {
    watched(|| {
        let dispatcher = frontier(4, 4);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        tx.forward(5, "five").unwrap();
        assert_eq!(tx.forward(5, "again"), Err(ForwardError::Late("again")));
        assert_eq!(
            tx.try_forward(4, "four"),
            Err(TryForwardError::Late("four"))
        );
        let late = tx.forward_timeout(0, "zero", Duration::ZERO);
        assert_eq!(late, Err(ForwardTimeoutError::Late("zero")));
        tx.advance(9).unwrap();
        tx.advance(7).unwrap();
        tx.forward_empty(8).unwrap();
        assert_eq!(tx.frontier().get(), 9);
        assert_eq!(tx.forward(9, "nine"), Err(ForwardError::Late("nine")));
        tx.forward(10, "ten").unwrap();
        assert_eq!(up_to(&rx, 10), [(5, "five"), (10, "ten")]);
        assert!(dispatcher.rejects().try_recv().is_err());
    });
}

/// Two threads share a sender. Whatever comes of it, no value is lost: each is received, or handed back at once, or
/// rejected.
#[test]
fn f1_what_only_the_dispatcher_knows_to_be_late_is_rejected() {
    watched(|| {
        const EACH: u64 = 20_000;
        let dispatcher = frontier(64, 64);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let id = tx.id();
        let (refused, received) = thread::scope(|scope| {
            let threads: Vec<_> = (0..2)
                .map(|t| {
                    let tx = &tx;
                    scope.spawn(move || {
                        let late = |k: &u64| tx.forward(*k, (t, *k)).is_err();
                        (1..=EACH).filter(late).map(|k| (t, k)).collect::<Vec<_>>()
                    })
                })
                .collect();
            let receiving = scope.spawn(move || {
                let mut last = 0;
                let mut values = Vec::new();
                while last < EACH {
                    let (seq, value) = rx.recv_message().unwrap();
                    assert!(seq.get() > last, "one sender's numbers rise strictly");
                    last = seq.get();
                    values.push(value);
                }
                (values, rx)
            });
            let refused: Vec<_> = threads
                .into_iter()
                .flat_map(|t| t.join().unwrap())
                .collect();
            (refused, receiving.join().unwrap())
        });
        let (received, rx) = received;
        let rejects = dispatcher.rejects();
        drop((tx, dispatcher));
        assert!(rx.recv_message().is_err());
        drop(rx);
        let rejected: Vec<_> = rejects
            .iter()
            .map(|r| {
                assert_eq!((r.sender, r.target.as_deref()), (id, Some("a")));
                r.value.unwrap()
            })
            .collect();
        let all = refused.len() + received.len() + rejected.len();
        assert_eq!(all as u64, 2 * EACH);
        let distinct: BTreeSet<_> = [refused, received, rejected].concat().into_iter().collect();
        assert_eq!(distinct.len() as u64, 2 * EACH);
    });
}

#[test]
fn f2_advance_over_any_distance_counts() {
    watched(|| {
        let dispatcher = frontier(4, 4);
        let (a, rx) = dispatcher.channel("r").unwrap();
        let b = dispatcher.sender("r").unwrap();
        a.forward(1_000_000_000, 'x').unwrap();
        is_quiet(&rx);
        b.advance(999_999_999).unwrap();
        assert_eq!(rx.recv(), Ok(message(1_000_000_000, 'x')));
        a.advance(u64::MAX).unwrap();
        b.advance(u64::MAX).unwrap();
        assert_eq!(up_to(&rx, u64::MAX), []);
        assert_eq!(a.forward(u64::MAX, 'y'), Err(ForwardError::Late('y')));
    });
}

#[test]
fn f2_the_highest_number_can_be_used() {
    watched(|| {
        let dispatcher = frontier(4, 4);
        let (tx, rx) = dispatcher.channel("r").unwrap();
        let everybody = dispatcher.broadcaster();
        tx.forward(u64::MAX, 'x').unwrap();
        everybody.forward(u64::MAX, 'y').unwrap();
        let values = up_to(&rx, u64::MAX);
        assert_eq!(
            values.iter().map(|m| m.0).collect::<Vec<_>>(),
            [u64::MAX; 2]
        );
    });
}

#[test]
fn f2_advance_wakes_a_sleeping_dispatcher_and_a_parked_receiver() {
    watched(|| {
        let dispatcher = frontier::<u64>(4, 4);
        let (tx, rx) = dispatcher.channel("r").unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 1..=100 {
                    // For the dispatcher and the receiver to fall asleep.
                    thread::sleep(Duration::from_millis(1));
                    tx.advance(n * 10).unwrap();
                    // The receiver has seen it before the next one comes.
                    eventually(|| {
                        let snapshot = dispatcher.snapshot();
                        snapshot.receiver("r").unwrap().observed.get() == n * 10
                    });
                }
            });
            for n in 1..=100 {
                assert_eq!(rx.recv(), Ok(clock(n * 10)));
            }
        });
    });
}

/// S5 and S6: one receiver's source sleeps, and another runs on.
#[test]
fn receivers_with_different_sources_do_not_hold_each_other_back() {
    watched(|| {
        let dispatcher = frontier(4, 4);
        let (asleep, held) = dispatcher.channel("held").unwrap();
        let (other, _) = (dispatcher.sender("held").unwrap(), ());
        let (tx, rx) = dispatcher.channel("lively").unwrap();
        other.forward(7, 7).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 1..=5_000 {
                    tx.forward(n, n).unwrap();
                }
            });
            assert_eq!(up_to(&rx, 5_000).len(), 5_000);
        });
        is_quiet(&held);
        assert_eq!((held.clock().seq.get(), rx.clock().seq.get()), (0, 5_000));
        assert_eq!(dispatcher.clock().seq.get(), 0);
        asleep.advance(6).unwrap();
        assert_eq!(held.recv(), Ok(message(7, 7)));
        eventually(|| dispatcher.clock().seq.get() == 6);
        assert_eq!(dispatcher.clock().dispatched, 5_001);
    });
}

/// S4 as it is for `Frontier`: a message says it of the lower numbers, a tick of its own number, too.
#[test]
fn several_sources_may_use_one_number() {
    watched(|| {
        let dispatcher = frontier(8, 8);
        let (a, rx) = dispatcher.channel("r").unwrap();
        let b = dispatcher.sender("r").unwrap();
        let everybody = dispatcher.broadcaster();
        for n in 1..=100 {
            a.forward(n, 'a').unwrap();
            b.forward(n, 'b').unwrap();
            everybody.forward(n, 'c').unwrap();
            let mut values = BTreeSet::new();
            for _ in 0..3 {
                let (seq, value) = rx.recv_message().unwrap();
                assert_eq!((seq.get(), rx.observed().get()), (n, n - 1));
                values.insert(value);
            }
            assert_eq!(values.len(), 3);
            assert_eq!(rx.recv(), Ok(clock(n)));
        }
    });
}

#[test]
fn f3_a_sender_that_leaves_stops_holding_others_back() {
    watched(|| {
        let dispatcher = frontier(4, 4);
        let (a, rx) = dispatcher.channel("r").unwrap();
        let slow = dispatcher.sender("r").unwrap();
        let everybody = dispatcher.broadcaster();
        a.forward(10, 'x').unwrap();
        slow.forward(3, 'y').unwrap();
        drop(slow);
        is_quiet(&rx);
        drop(everybody);
        assert_eq!(rx.recv(), Ok(message(3, 'y')));
        assert_eq!(rx.recv(), Ok(message(10, 'x')));
        assert_eq!(rx.recv(), Ok(clock(10)));
        // The last one leaves: what it had promised is the end.
        a.forward(12, 'z').unwrap();
        a.advance(15).unwrap();
        drop(a);
        assert_eq!(up_to(&rx, 15), [(12, 'z')]);
        assert!(rx.recv().is_err());
    });
}

/// F3: a clone is honoured even if its parent advances at once.
#[test]
fn f3_a_clone_starts_at_its_parents_frontier() {
    watched(|| {
        let dispatcher = frontier(4, 4);
        let (parent, rx) = dispatcher.channel("r").unwrap();
        let mut n = 0;
        for _ in 0..2_000 {
            parent.advance(n).unwrap();
            let clone = parent.clone();
            assert_eq!(clone.frontier().get(), n);
            parent.advance(n + 100).unwrap();
            clone.forward(n + 1, n).unwrap();
            drop(clone);
            n += 100;
        }
        let messages = up_to(&rx, n);
        assert!(messages.iter().all(|(seq, value)| *seq == value + 1));
        assert_eq!(messages.len(), 2_000);
        assert!(dispatcher.rejects().try_recv().is_err());
    });
}

/// F3: sources that join while others run on are never behind a clock, and never refused a number above their
/// frontier.
#[test]
fn f3_a_source_that_joins_is_not_late() {
    watched(|| {
        const ROUNDS: u64 = 3_000;
        let dispatcher = frontier(16, 16);
        let (runner, rx) = dispatcher.channel("r").unwrap();
        let other = runner.clone();
        let everybody = dispatcher.broadcaster();
        thread::scope(|scope| {
            let (dispatcher, runner, everybody) = (&dispatcher, &runner, &everybody);
            let joining = scope.spawn(move || {
                for n in 0..ROUNDS {
                    let at = match n % 3 {
                        0 => {
                            let tx = dispatcher.sender("r").unwrap();
                            let at = tx.frontier().get() + 1;
                            tx.forward(at, (at, false)).unwrap();
                            at
                        }
                        1 => {
                            let tx = runner.clone();
                            let at = tx.frontier().get() + 1;
                            tx.forward(at, (at, false)).unwrap();
                            at
                        }
                        _ => {
                            let tx = if n % 2 == 0 {
                                everybody.clone()
                            } else {
                                dispatcher.broadcaster()
                            };
                            let at = tx.frontier().get() + 1;
                            tx.forward(at, (at, false)).unwrap();
                            at
                        }
                    };
                    assert!(at > 0);
                }
            });
            scope.spawn(move || {
                let mut n = 0;
                while !joining.is_finished() {
                    n += 1;
                    runner.forward(n, (n, true)).unwrap();
                    other.advance(n).unwrap();
                    everybody.advance(n).unwrap();
                }
                joining.join().unwrap();
                runner.forward(u64::MAX, (u64::MAX, true)).unwrap();
                everybody.advance(u64::MAX).unwrap();
                drop(other);
            });
            let (mut last, mut joined) = (0, 0);
            while last < u64::MAX {
                let event = rx.recv().unwrap();
                let seq = event.seq().get();
                assert!(seq >= last);
                last = seq;
                if let Some((_, (at, is_runner))) = event.into_message() {
                    assert_eq!(at, seq);
                    joined += u64::from(!is_runner);
                    assert!(rx.observed().get() < seq);
                }
            }
            assert_eq!(joined, ROUNDS);
        });
        assert!(dispatcher.rejects().try_recv().is_err());
    });
}

#[test]
fn f3_a_receiver_that_joins_late_starts_at_the_clock() {
    watched(|| {
        let dispatcher = frontier(4, 4);
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        a.advance(50).unwrap();
        everybody.forward(50, "early").unwrap();
        assert_eq!(up_to(&for_a, 50), [(50, "early")]);
        eventually(|| dispatcher.clock().seq.get() == 50);
        let (b, for_b) = dispatcher.channel("b").unwrap();
        assert_eq!((for_b.observed().get(), b.frontier().get()), (50, 50));
        assert_eq!(for_b.clock().seq.get(), 50);
        assert_eq!(b.forward(50, "late"), Err(ForwardError::Late("late")));
        everybody.forward(51, "to both").unwrap();
        b.forward(51, "to b").unwrap();
        a.advance(60).unwrap();
        let mut values = up_to(&for_b, 51);
        values.sort_unstable();
        assert_eq!(values, [(51, "to b"), (51, "to both")]);
        assert_eq!(up_to(&for_a, 51), [(51, "to both")]);
    });
}

/// A receiver that leaves takes along what waits for it, and holds up nobody.
#[test]
fn f3_a_receiver_that_leaves_takes_its_messages_along() {
    watched(|| {
        let tally = Tally::default();
        let dispatcher = frontier(2, 2);
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        // The broadcasts wait for a, which is full or waits.
        for n in 1..=3 {
            everybody.forward(n, tally.value(n)).unwrap();
        }
        a.forward(5, tally.value(5)).unwrap();
        b.advance(100).unwrap();
        for n in 1..=3 {
            assert_eq!(for_b.recv_message().unwrap().0.get(), n);
        }
        thread::scope(|scope| {
            let (dispatcher, tally, a) = (&dispatcher, &tally, &a);
            let blocked = scope.spawn(move || {
                for n in 6.. {
                    if let Err(error) = a.forward(n, tally.value(n)) {
                        assert!(error.is_disconnected());
                        return;
                    }
                }
            });
            eventually(|| a.is_full());
            drop(for_a);
            blocked.join().unwrap();
            everybody.advance(90).unwrap();
            assert!(up_to(&for_b, 90).is_empty());
            eventually(|| dispatcher.clock().seq.get() == 90);
        });
        assert_eq!(a.disconnect_reason(), Some(DisconnectReason::ReceiverGone));
        assert!(a.advance(1_000).unwrap_err().is_disconnected());
        tally.all_dropped();
    });
}

#[test]
fn f5_the_dispatcher_tells_who_holds_a_clock_back() {
    watched(|| {
        let dispatcher = frontier::<u32>(4, 4);
        let (quick, rx) = dispatcher.channel("join").unwrap();
        let slow = dispatcher.sender("join").unwrap();
        let (elsewhere, _other) = dispatcher.channel("elsewhere").unwrap();
        let everybody = dispatcher.broadcaster();
        quick.advance(20).unwrap();
        everybody.advance(30).unwrap();
        slow.advance(10).unwrap();
        assert!(up_to(&rx, 10).is_empty());
        let snapshot = dispatcher.snapshot();
        let join = snapshot.receiver("join").unwrap();
        assert_eq!(
            (join.clock.get(), &join.held_back_by[..]),
            (10, &[slow.id()][..])
        );
        let held = snapshot.receiver("elsewhere").unwrap();
        assert_eq!(
            (held.clock.get(), &held.held_back_by[..]),
            (0, &[elsewhere.id()][..])
        );
        assert_eq!(snapshot.sender(quick.id()).unwrap().frontier.get(), 20);
        slow.advance(25).unwrap();
        assert!(up_to(&rx, 20).is_empty());
        let snapshot = dispatcher.snapshot();
        assert_eq!(
            snapshot.receiver("join").unwrap().held_back_by,
            [quick.id()]
        );
    });
}

/// S9 and S10: everything goes, in any order, and nothing is lost or left behind.
#[test]
fn s9_the_end_comes_after_everything() {
    watched(|| {
        let tally = Tally::default();
        let dispatcher = frontier(2, 2);
        let (a, rx) = dispatcher.channel("r").unwrap();
        let b = a.clone();
        let everybody = dispatcher.broadcaster();
        drop(dispatcher);
        let forwarding = [(a, 1), (b, 2)].map(|(tx, first)| {
            let tally = tally.clone();
            thread::spawn(move || {
                for n in 0..500 {
                    let n = 2 * n + first;
                    tx.forward(n, tally.value(n)).unwrap();
                }
            })
        });
        let broadcasting = {
            let tally = tally.clone();
            thread::spawn(move || {
                for n in 1..=50 {
                    everybody.forward(20 * n, tally.value(20 * n)).unwrap();
                }
            })
        };
        let mut numbers = Vec::new();
        while let Ok((seq, value)) = rx.recv_message() {
            assert_eq!(seq.get(), value.id);
            numbers.push(value.id);
        }
        let mut expected: Vec<u64> = (1..=1_000).chain((1..=50).map(|n| 20 * n)).collect();
        expected.sort_unstable();
        assert_eq!(numbers, expected);
        assert_eq!(rx.observed().get(), 1_000);
        assert_eq!(rx.disconnect_reason(), Some(DisconnectReason::SendersGone));
        for thread in forwarding {
            thread.join().unwrap();
        }
        broadcasting.join().unwrap();
        tally.all_dropped();
    });
}
