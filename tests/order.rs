//! S1 to S5: which numbers there are, and what a receiver may conclude from one.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod eventually;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use clocked_lanes::{Clock, Dispatcher, Event, Receiver, RecvTimeoutError, Seq, TryRecvError};
use fastrand::Rng;

use common::clock::clock_gets_to;
use common::rounds::rounds;
use common::watchdog::watched;

const START: u64 = 1_000;
const RECEIVERS: usize = 3;
const SENDERS_EACH: usize = 2;
const BROADCASTERS: usize = 2;

/// The `k`-th message of a lane. Lanes of senders are `0..`, those of broadcasters come after them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Value {
    lane: usize,
    k: u64,
}

impl Value {
    fn is_broadcast(self) -> bool {
        self.lane >= RECEIVERS * SENDERS_EACH
    }

    fn target(self) -> usize {
        self.lane / SENDERS_EACH
    }
}

/// What came out of some random traffic.
struct Traffic {
    per_lane: u64,
    clock: Clock,
    /// What each receiver returned, in this order, until it was disconnected.
    events: Vec<Vec<Event<Value>>>,
}

impl Traffic {
    /// Sends `per_lane` messages on each lane, from as many threads, and receives them in every way.
    fn run(seed: u64, per_lane: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let dispatcher = Dispatcher::builder()
            .capacity(1 + random.usize(..8))
            .lane_capacity(1 + random.usize(..4))
            .start_after(Seq::from(START))
            .build()
            .unwrap();
        let mut senders = Vec::new();
        let mut receivers = Vec::new();
        for r in 0..RECEIVERS {
            let (tx, rx) = dispatcher.channel(format!("receiver {r}")).unwrap();
            senders.extend((1..SENDERS_EACH).map(|_| tx.clone()));
            senders.push(tx);
            receivers.push(rx);
        }
        let broadcasters: Vec<_> = (0..BROADCASTERS)
            .map(|_| dispatcher.broadcaster())
            .collect();
        thread::scope(|scope| {
            for (lane, tx) in senders.into_iter().enumerate() {
                scope.spawn(move || {
                    for k in 0..per_lane {
                        tx.send(Value { lane, k }).unwrap();
                    }
                });
            }
            for (i, all) in broadcasters.into_iter().enumerate() {
                let lane = RECEIVERS * SENDERS_EACH + i;
                scope.spawn(move || {
                    for k in 0..per_lane {
                        all.send(Value { lane, k }).unwrap();
                    }
                });
            }
            let threads: Vec<_> = receivers
                .into_iter()
                .map(|rx| {
                    let random = Rng::with_seed(seed + rx.name().len() as u64);
                    scope.spawn(move || receive_in_every_way(&rx, random))
                })
                .collect();
            let events = threads.into_iter().map(|t| t.join().unwrap()).collect();
            Self {
                per_lane,
                clock: dispatcher.clock(),
                events,
            }
        })
    }

    fn messages(&self, receiver: usize) -> impl Iterator<Item = (u64, Value)> {
        self.events[receiver]
            .iter()
            .filter_map(|event| event.into_message())
            .map(|(seq, value)| (seq.get(), value))
    }
}

/// Receives until the receiver is disconnected, and returns the events in order.
fn receive_in_every_way(rx: &Receiver<Value>, mut random: Rng) -> Vec<Event<Value>> {
    let mut events = Vec::new();
    let message = |(seq, value)| Event::Message { seq, value };
    loop {
        let before = events.len();
        let ended = match random.usize(..6) {
            0 => rx.recv().map(|event| events.push(event)).is_err(),
            1 => match rx.try_recv() {
                Ok(event) => {
                    events.push(event);
                    false
                }
                Err(error) => error == TryRecvError::Disconnected,
            },
            2 => match rx.recv_timeout(Duration::from_micros(20)) {
                Ok(event) => {
                    events.push(event);
                    false
                }
                Err(error) => error == RecvTimeoutError::Disconnected,
            },
            3 => {
                let max = random.usize(..10);
                events.extend(rx.drain(max));
                assert!(events.len() - before <= max);
                false
            }
            4 => rx.recv_message().map(|m| events.push(message(m))).is_err(),
            _ => match rx.try_recv_message() {
                Ok(m) => {
                    events.push(message(m));
                    false
                }
                Err(error) => error == TryRecvError::Disconnected,
            },
        };
        if ended {
            return events;
        }
        if events.len() > before {
            assert!(
                events
                    .last()
                    .is_some_and(|last| rx.observed() >= last.seq())
            );
        }
        if random.usize(..50) == 0 {
            thread::yield_now();
        }
    }
}

#[test]
fn s1_dense_order_over_all_receivers() {
    watched(|| {
        let traffic = Traffic::run(1, rounds(2_000));
        let mut by_number = BTreeMap::new();
        for r in 0..RECEIVERS {
            for (seq, value) in traffic.messages(r) {
                let earlier = by_number.insert(seq, value);
                if let Some(earlier) = earlier {
                    assert!(value.is_broadcast(), "{seq} was given twice");
                    assert_eq!(earlier, value, "{seq} was given to two broadcasts");
                }
            }
        }
        let lanes = (RECEIVERS * SENDERS_EACH + BROADCASTERS) as u64;
        let total = lanes * traffic.per_lane;
        assert!(
            by_number.keys().copied().eq(START + 1..=START + total),
            "a gap"
        );
        assert_eq!(traffic.clock.seq.get(), START + total);
        assert_eq!(traffic.clock.dispatched, total);
    });
}

#[test]
fn s1_dense_order_up_to_the_last_number() {
    watched(|| {
        let left = if cfg!(miri) { 10 } else { 100 };
        let dispatcher = Dispatcher::builder()
            .capacity(7)
            .lane_capacity(3)
            .start_after(Seq::from(u64::MAX - left))
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        let accepted = AtomicU64::new(0);
        let received: Vec<_> = thread::scope(|scope| {
            for _ in 0..2 {
                let (tx, everybody) = (tx.clone(), everybody.clone());
                let accepted = &accepted;
                scope.spawn(move || {
                    // Refused is refused for good, and the value comes back.
                    for n in 0..left {
                        let refused = match n % 3 {
                            0 => tx.send(n).err().map(|e| e.into_inner()),
                            1 => everybody.send(n).err().map(|e| e.into_inner()),
                            _ => tx
                                .send_timeout(n, Duration::MAX)
                                .err()
                                .map(|e| e.into_inner()),
                        };
                        match refused {
                            None => _ = accepted.fetch_add(1, Ordering::SeqCst),
                            Some(value) => assert_eq!(value, n),
                        }
                    }
                });
            }
            let received = scope.spawn(move || rx.iter().map(|e| e.seq().get()).collect());
            drop((tx, everybody));
            received.join().unwrap()
        });
        assert_eq!(accepted.into_inner(), left);
        assert!(received.into_iter().eq(u64::MAX - left + 1..=u64::MAX));
        assert_eq!(dispatcher.clock().seq, Seq::MAX);
        assert_eq!(dispatcher.clock().dispatched, left);
    });
}

#[test]
fn s2_fifo_per_sender() {
    watched(|| {
        let traffic = Traffic::run(2, rounds(2_000));
        for r in 0..RECEIVERS {
            let mut next = BTreeMap::new();
            for (_, value) in traffic.messages(r) {
                let k = next.entry(value.lane).or_insert(0);
                assert_eq!(value.k, *k, "lane {} is out of order", value.lane);
                *k += 1;
            }
            assert!(next.into_values().all(|k| k == traffic.per_lane));
        }
    });
}

/// "In the order sent" is not "in the order sent by one thread".
#[test]
fn s2_fifo_per_sender_that_two_threads_share() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(2)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let turn = AtomicU64::new(0);
        thread::scope(|scope| {
            for parity in 0..2 {
                let (tx, turn) = (&tx, &turn);
                scope.spawn(move || {
                    for n in (parity..rounds(4_000)).step_by(2) {
                        while turn.load(Ordering::SeqCst) != n {
                            thread::yield_now();
                        }
                        tx.send(n).unwrap();
                        turn.store(n + 1, Ordering::SeqCst);
                    }
                });
            }
            for n in 0..rounds(4_000) {
                assert_eq!(rx.recv_message(), Ok((Seq::from(n + 1), n)));
            }
        });
    });
}

#[test]
fn s3_each_receiver_gets_its_own_messages_once_each_in_rising_order() {
    watched(|| {
        let traffic = Traffic::run(3, rounds(2_000));
        for r in 0..RECEIVERS {
            let mut last = 0;
            let mut count = BTreeMap::new();
            for (seq, value) in traffic.messages(r) {
                assert!(seq > last, "{seq} comes after {last}");
                last = seq;
                assert!(
                    value.is_broadcast() || value.target() == r,
                    "{value:?} went astray"
                );
                *count.entry((value.lane, value.k)).or_insert(0) += 1;
            }
            assert!(count.values().all(|n| *n == 1), "a message came twice");
            let lanes = (SENDERS_EACH + BROADCASTERS) as u64;
            assert_eq!(count.len() as u64, lanes * traffic.per_lane);
        }
    });
}

#[test]
fn s4_nothing_at_or_below_an_event_comes_after_it() {
    watched(|| {
        for seed in 10..10 + rounds(20) {
            let traffic = Traffic::run(seed, rounds(300));
            for events in &traffic.events {
                let mut last = START;
                for event in events {
                    let n = event.seq().get();
                    assert!(n > last, "seed {seed}: {event:?} comes after {last}");
                    last = n;
                }
                assert!(last <= traffic.clock.seq.get());
            }
        }
    });
}

/// Polls for events while messages come in, and checks that none is overtaken by a tick. A tick that is
/// made of a clock read too late, or of a look into the inbox taken too early, would be. One message
/// in `every` is for this receiver; the others move the clock.
fn no_tick_overtakes(every: u64, poll: impl Fn(&Receiver<u64>) -> Option<Event<u64>>) {
    let dispatcher = Dispatcher::new();
    let (busy, for_busy) = dispatcher.channel("busy").unwrap();
    let (rare, for_rare) = dispatcher.channel("rare").unwrap();
    let total = rounds(20_000);
    thread::scope(|scope| {
        scope.spawn(move || {
            for n in 1..=total {
                let tx = if n % every == 0 { &rare } else { &busy };
                tx.send(n).unwrap();
                // The receiver comes to the end of its inbox again and again.
                if n % 16 == 0 {
                    thread::yield_now();
                }
            }
        });
        scope.spawn(move || for_busy.iter().count());
        // In here, so that the sender hears of it if this fails.
        let for_rare = for_rare;
        let (mut last, mut messages, mut looks) = (0, 0, 0);
        while messages < total / every {
            let Some(event) = poll(&for_rare) else {
                looks += 1;
                if looks % 64 == 0 {
                    thread::yield_now();
                }
                continue;
            };
            let n = event.seq().get();
            assert!(n > last, "{event:?} comes after {last}");
            last = n;
            messages += u64::from(matches!(event, Event::Message { .. }));
        }
    });
}

#[test]
fn s4_a_tick_does_not_overtake_a_message() {
    watched(|| {
        for every in [1, 2, 5] {
            no_tick_overtakes(every, |rx| rx.try_recv().ok());
            no_tick_overtakes(every, |rx| rx.recv_timeout(Duration::ZERO).ok());
        }
    });
}

#[test]
fn s4_the_tick_of_a_drain_does_not_overtake_a_message() {
    watched(|| {
        for every in [1, 2, 5] {
            no_tick_overtakes(every, |rx| rx.drain(1).next());
            let batch = RefCell::new(VecDeque::new());
            no_tick_overtakes(every, |rx| {
                let mut batch = batch.borrow_mut();
                if batch.is_empty() {
                    batch.extend(rx.drain(64));
                }
                batch.pop_front()
            });
        }
    });
}

#[test]
fn s4_a_message_comes_before_a_tick() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        a.send(1).unwrap();
        a.send(2).unwrap();
        for (n, event) in for_b.iter().enumerate() {
            // Now the first `n + 1` or more are numbered.
            assert!(event.seq().get() > n as u64);
            if event.seq().get() == 2 {
                break;
            }
        }
        b.send(3).unwrap();
        assert_eq!(for_b.recv_message(), Ok((Seq::from(3), 3)));
        // The clock gets to 3, and both messages are there.
        clock_gets_to(&dispatcher, 3);
        let message = |n| Event::Message {
            seq: Seq::from(n),
            value: n,
        };
        assert_eq!(for_a.try_recv(), Ok(message(1)));
        assert_eq!(for_a.try_recv(), Ok(message(2)));
        assert_eq!(for_a.try_recv(), Ok(Event::Clock(Seq::from(3))));
        assert_eq!(for_a.try_recv(), Err(TryRecvError::Empty));
    });
}

/// Every message is acknowledged by a tick at a receiver that gets none, before the next one is sent: a
/// wake-up that is lost is lost for ever.
#[test]
fn s5_a_parked_receiver_learns_of_every_number() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("gets them").unwrap();
        let (_idle, looks_on) = dispatcher.channel("looks on").unwrap();
        let (learned, acknowledged) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut n = 0;
                while n < rounds(1_500) {
                    let event = match n % 3 {
                        0 => looks_on.recv().unwrap(),
                        1 => looks_on.recv_timeout(Duration::MAX).unwrap(),
                        _ => looks_on.recv_timeout(Duration::from_secs(3_600)).unwrap(),
                    };
                    n += 1;
                    assert_eq!(event, Event::Clock(Seq::from(n)));
                    learned.send(n).unwrap();
                }
            });
            for n in 1..=rounds(1_500) {
                // Time to fall asleep in some of the rounds, and to be about to in others.
                match n % 10 {
                    0 => thread::sleep(Duration::from_micros(300)),
                    1..5 => thread::yield_now(),
                    _ => {}
                }
                tx.send(n).unwrap();
                assert_eq!(acknowledged.recv(), Ok(n));
                assert_eq!(rx.recv_message(), Ok((Seq::from(n), n)));
            }
        });
    });
}

#[test]
fn s5_all_parked_receivers_wake() {
    const PARKED: usize = 12;
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, _rx) = dispatcher.channel("gets them").unwrap();
        let barrier = Barrier::new(PARKED + 1);
        thread::scope(|scope| {
            for i in 0..PARKED {
                let (idle, rx) = dispatcher.channel(format!("looks on {i}")).unwrap();
                let barrier = &barrier;
                scope.spawn(move || {
                    let _idle = idle;
                    for n in 1..=rounds(50) {
                        while rx.observed().get() < n {
                            rx.recv().unwrap();
                        }
                        barrier.wait();
                    }
                });
            }
            for n in 1..=rounds(50) {
                if n % 5 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
                tx.send(n).unwrap();
                barrier.wait();
            }
        });
    });
}

/// Once anybody has seen a number, everybody who asks is told of it, without waiting.
#[test]
fn s5_who_asks_learns_of_a_number_that_somebody_has_seen() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("gets them").unwrap();
        let (_idle, looks_on) = dispatcher.channel("looks on").unwrap();
        for n in 1..=rounds(5_000) {
            tx.send(n).unwrap();
            assert_eq!(rx.recv_message(), Ok((Seq::from(n), n)));
            assert_eq!(dispatcher.clock().seq.get(), n);
            assert_eq!(looks_on.clock().seq.get(), n);
            let tick = Event::Clock(Seq::from(n));
            if n % 2 == 0 {
                assert_eq!(looks_on.try_recv(), Ok(tick));
            } else {
                assert_eq!(looks_on.drain(1).next(), Some(tick));
            }
            assert_eq!(looks_on.try_recv(), Err(TryRecvError::Empty));
        }
    });
}

#[test]
fn s5_ticks_coalesce() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("gets them").unwrap();
        let (_idle, looks_on) = dispatcher.channel("looks on").unwrap();
        for n in 1..=100 {
            tx.send(n).unwrap();
            rx.recv_message().unwrap();
        }
        clock_gets_to(&dispatcher, 100);
        assert_eq!(looks_on.recv(), Ok(Event::Clock(Seq::from(100))));
        assert_eq!(looks_on.try_recv(), Err(TryRecvError::Empty));
        // The other one has had message 100, which says as much.
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn s5_a_receiver_that_joins_starts_at_the_clock() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("first").unwrap();
        for n in 1..=5 {
            tx.send(n).unwrap();
            rx.recv_message().unwrap();
        }
        clock_gets_to(&dispatcher, 5);
        let (_late, for_late) = dispatcher.channel("late").unwrap();
        assert_eq!(for_late.observed().get(), 5);
        assert_eq!(for_late.try_recv(), Err(TryRecvError::Empty));
        tx.send(6).unwrap();
        assert_eq!(for_late.recv(), Ok(Event::Clock(Seq::from(6))));
    });
}

#[test]
fn c3_clock_is_always_a_consistent_pair() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(4)
            .start_after(Seq::from(START))
            .build()
            .unwrap();
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        let check = |clock: Clock, last: &mut u64| {
            assert_eq!(clock.seq.get(), START + clock.dispatched, "torn");
            assert!(clock.dispatched >= *last, "the clock went back");
            *last = clock.dispatched;
        };
        let each = rounds(5_000);
        let total = 3 * each;
        thread::scope(|scope| {
            scope.spawn(move || (0..each).try_for_each(|n| a.send(n)).unwrap());
            scope.spawn(move || (0..each).try_for_each(|n| b.send(n)).unwrap());
            scope.spawn(move || (0..each).try_for_each(|n| everybody.send(n)).unwrap());
            for rx in [for_a, for_b] {
                scope.spawn(move || {
                    let mut last = 0;
                    while rx.recv().is_ok() {
                        check(rx.clock(), &mut last);
                    }
                });
            }
            let mut last = 0;
            while last < total {
                for _ in 0..50 {
                    check(dispatcher.clock(), &mut last);
                }
                check(dispatcher.snapshot().clock, &mut last);
                thread::yield_now();
            }
            assert_eq!(last, total);
        });
    });
}
