//! B1 to B3: one number for everybody, one value, all or nothing.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod counted;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use clocked_lanes::{Dispatcher, Event, SendTimeoutError, Seq, TryRecvError, TrySendError};

use common::clock::clock_gets_to;
use common::counted::Tally;
use common::eventually::eventually;
use common::full::fill;
use common::rounds::rounds;
use common::watchdog::watched;

#[test]
fn b1_one_number_delivered_to_everybody() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(4)
            .lane_capacity(4)
            .build()
            .unwrap();
        let everybody = [dispatcher.broadcaster(), dispatcher.broadcaster()];
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..5)
            .map(|i| dispatcher.channel(format!("receiver {i}")).unwrap())
            .unzip();
        let each = rounds(1_000);
        let streams: Vec<Vec<(u64, u64)>> = thread::scope(|scope| {
            for (i, everybody) in everybody.into_iter().enumerate() {
                scope.spawn(move || {
                    (0..each)
                        .try_for_each(|n| everybody.send(10 * n + i as u64))
                        .unwrap();
                });
            }
            for tx in senders {
                scope.spawn(move || (0..each).try_for_each(|_| tx.send(u64::MAX)).unwrap());
            }
            let threads: Vec<_> = receivers
                .into_iter()
                .map(|rx| {
                    scope.spawn(move || {
                        rx.iter()
                            .filter_map(|event| event.into_message())
                            .filter(|(_, value)| *value != u64::MAX)
                            .map(|(seq, value)| (seq.get(), value))
                            .collect()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(streams[0].len() as u64, 2 * each);
        assert!(streams.iter().all(|stream| *stream == streams[0]));
        // One number each, however many receivers there are.
        assert_eq!(dispatcher.clock().dispatched, 5 * each + 2 * each);
    });
}

#[test]
fn b1_a_receiver_made_before_a_broadcast_was_sent_gets_it() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(8)
            .lane_capacity(8)
            .build()
            .unwrap();
        let (tx, steady) = dispatcher.channel("steady").unwrap();
        let noise = dispatcher.broadcaster();
        let everybody = dispatcher.broadcaster();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            // The engine is in the middle of delivering broadcasts all the time.
            scope.spawn(|| {
                let noise = noise;
                while !stop.load(Ordering::SeqCst) {
                    noise.send(u64::MAX).unwrap();
                }
            });
            scope.spawn(move || steady.iter().count());
            // The receiver is made by one thread, and the broadcast is sent by another.
            let (joined, sends) = mpsc::channel();
            scope.spawn(move || {
                for n in sends {
                    everybody.send(n).unwrap();
                }
            });
            let missed = (0..rounds(2_000)).find(|&n| {
                let (_tx, rx) = dispatcher.channel(format!("joins {n}")).unwrap();
                joined.send(n).unwrap();
                let mut own = rx.iter().filter_map(|event| event.into_message());
                let first = own.find(|(_, value)| *value != u64::MAX);
                first.unwrap().1 != n
            });
            stop.store(true, Ordering::SeqCst);
            drop((joined, tx));
            assert_eq!(missed, None);
        });
    });
}

/// The lane is never long and never empty. So the engine is often in the middle of emptying it, and has
/// been told of all joins already, when a receiver joins and the next broadcast is sent.
#[test]
fn b1_a_receiver_made_before_a_broadcast_on_a_busy_lane_gets_it() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let everybody = dispatcher.broadcaster();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    if everybody.len() < 6 {
                        everybody.send(u64::MAX).unwrap();
                    } else {
                        thread::yield_now();
                    }
                }
            });
            let begun = Instant::now();
            let in_time = |_: &u64| begun.elapsed() < Duration::from_secs(10);
            let missed = (0..rounds(20_000)).take_while(in_time).find(|&n| {
                let (_tx, rx) = dispatcher.channel("joins").unwrap();
                everybody.send(n).unwrap();
                // No more others are before it than inbox and lane hold.
                let messages = rx.iter().filter_map(|event| event.into_message());
                messages.take(300).all(|(_, value)| value != n)
            });
            stop.store(true, Ordering::SeqCst);
            assert_eq!(missed, None);
        });
    });
}

#[test]
fn b1_a_receiver_gets_no_broadcast_that_was_numbered_before_it_joined() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let everybody = dispatcher.broadcaster();
        let (_tx, steady) = dispatcher.channel("steady").unwrap();
        for n in 0..rounds(300) {
            everybody.send(n).unwrap();
            let (seq, _) = steady.recv_message().unwrap();
            clock_gets_to(&dispatcher, seq.get());
            let (_tx, rx) = dispatcher.channel("joins").unwrap();
            assert_eq!(rx.observed(), seq);
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        }
    });
}

/// It has no space, but also no say: it joined before the broadcast was sent.
#[test]
fn b1_a_receiver_that_is_full_gets_every_broadcast_later() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .lane_capacity(8)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("full").unwrap();
        let (_idle, other) = dispatcher.channel("other").unwrap();
        fill(&tx, &rx, || 100);
        let everybody = dispatcher.broadcaster();
        (0..8).try_for_each(|n| everybody.send(n)).unwrap();
        let mut got = Vec::new();
        while got.len() < 8 {
            got.extend(Some(rx.recv_message().unwrap()).filter(|(_, value)| *value < 100));
            while let Ok((seq, value)) = other.try_recv_message() {
                assert!(value < 100, "{value} at {seq} went astray");
            }
        }
        assert!(got.iter().map(|(_, value)| *value).eq(0..8));
    });
}

#[test]
fn b1_without_any_receiver_a_broadcast_is_numbered_and_dropped() {
    watched(|| {
        let tally = Tally::default();
        let dispatcher = Dispatcher::new();
        let everybody = dispatcher.broadcaster();
        everybody.send(tally.value(1)).unwrap();
        clock_gets_to(&dispatcher, 1);
        tally.all_dropped();
        let (_tx, rx) = dispatcher.channel("late").unwrap();
        everybody.send(tally.value(2)).unwrap();
        let (seq, value) = rx.recv_message().unwrap();
        assert_eq!((seq.get(), value.id), (2, 2));
    });
}

#[derive(Debug, Default)]
struct Clones {
    count: AtomicU64,
    threads: Mutex<Vec<ThreadId>>,
}

/// A value that knows how often it was cloned, and where.
#[derive(Debug)]
struct Watched {
    original: bool,
    clones: Arc<Clones>,
}

impl Clone for Watched {
    fn clone(&self) -> Self {
        self.clones.count.fetch_add(1, Ordering::SeqCst);
        self.clones
            .threads
            .lock()
            .unwrap()
            .push(thread::current().id());
        Self {
            original: false,
            clones: Arc::clone(&self.clones),
        }
    }
}

#[test]
fn b2_the_value_is_shared_and_the_last_receiver_takes_the_original() {
    watched(|| {
        for count in 0..5 {
            let clones = Arc::new(Clones::default());
            let dispatcher = Dispatcher::new();
            let everybody = dispatcher.broadcaster();
            let channels: Vec<_> = (0..count)
                .map(|i| dispatcher.channel(format!("{i}")).unwrap())
                .collect();
            everybody
                .send(Watched {
                    original: true,
                    clones: Arc::clone(&clones),
                })
                .unwrap();
            clock_gets_to(&dispatcher, 1);
            // It is there for all of them, and was not cloned.
            assert!(channels.iter().all(|(_, rx)| rx.len() == 1));
            assert_eq!(clones.count.load(Ordering::SeqCst), 0);
            for (i, (_, rx)) in channels.iter().enumerate() {
                let (_, value) = rx.recv_message().unwrap();
                assert_eq!(value.original, i + 1 == count);
            }
            assert_eq!(
                clones.count.load(Ordering::SeqCst),
                count.saturating_sub(1) as u64
            );
        }
    });
}

#[test]
fn b2_a_receiver_that_leaves_leaves_the_original_to_the_others() {
    watched(|| {
        let clones = Arc::new(Clones::default());
        let dispatcher = Dispatcher::new();
        let everybody = dispatcher.broadcaster();
        let (_a, for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let value = Watched {
            original: true,
            clones: Arc::clone(&clones),
        };
        everybody.send(value).unwrap();
        eventually(|| for_a.len() == 1 && for_b.len() == 1);
        drop(for_a);
        assert!(for_b.recv_message().unwrap().1.original);
        assert_eq!(clones.count.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn b2_clones_are_made_by_receivers() {
    const RECEIVERS: u64 = 3;
    watched(|| {
        let clones = Arc::new(Clones::default());
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(2)
            .build()
            .unwrap();
        let everybody = dispatcher.broadcaster();
        let mut receiving = Vec::new();
        thread::scope(|scope| {
            for i in 0..RECEIVERS {
                let (tx, rx) = dispatcher.channel(format!("{i}")).unwrap();
                drop(tx);
                let thread = scope.spawn(move || rx.iter().count());
                receiving.push(thread.thread().id());
            }
            for _ in 0..rounds(300) {
                everybody
                    .send(Watched {
                        original: true,
                        clones: Arc::clone(&clones),
                    })
                    .unwrap();
            }
            drop(everybody);
        });
        // Receivers that take their shares at the same time may each make a clone.
        assert!(clones.count.load(Ordering::SeqCst) <= rounds(300) * RECEIVERS);
        let threads = clones.threads.lock().unwrap();
        assert!(
            threads.iter().all(|id| receiving.contains(id)),
            "a clone was made elsewhere"
        );
    });
}

#[test]
fn b2_what_comes_back_is_the_original() {
    watched(|| {
        let clones = Arc::new(Clones::default());
        let value = || Watched {
            original: true,
            clones: Arc::clone(&clones),
        };
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .lane_capacity(1)
            .build()
            .unwrap();
        let (_tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        everybody.send(value()).unwrap();
        everybody.send(value()).unwrap();
        eventually(|| everybody.is_full() && rx.len() == 1);
        match everybody.try_send(value()) {
            Err(TrySendError::Full(value)) => assert!(value.original),
            other => panic!("{other:?}"),
        }
        match everybody.send_timeout(value(), Duration::from_millis(1)) {
            Err(SendTimeoutError::Timeout(value)) => assert!(value.original),
            other => panic!("{other:?}"),
        }
        assert_eq!(clones.count.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn b3_a_broadcast_comes_to_all_at_once_or_to_none() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(2)
            .build()
            .unwrap();
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        fill(&a, &for_a, || 0);
        // This one has a slot of its own, and the next one has none.
        everybody.send(1).unwrap();
        assert_eq!(for_b.recv_message(), Ok((Seq::from(3), 1)));
        everybody.send(2).unwrap();
        for n in 0..50 {
            b.send(10 + n).unwrap();
            assert_eq!(
                for_b.recv(),
                Ok(Event::Message {
                    seq: Seq::from(4 + n),
                    value: 10 + n
                })
            );
        }
        assert_eq!((everybody.len(), for_a.len(), for_b.len()), (1, 3, 0));

        // The messages before it in the full inbox are taken, and then the broadcast.
        assert_eq!(for_a.recv_message(), Ok((Seq::from(1), 0)));
        assert_eq!(for_a.recv_message(), Ok((Seq::from(2), 0)));
        assert_eq!(for_a.recv_message(), Ok((Seq::from(3), 1)));
        let at_b = for_b.recv_message().unwrap();
        assert_eq!(at_b.1, 2);
        assert!(at_b.0.get() > 53);
        let messages = for_a.iter().filter_map(|event| event.into_message());
        let at_a = messages.take(3).find(|(_, value)| *value == 2);
        assert_eq!(at_a, Some(at_b));
    });
}

#[test]
fn b3_a_receiver_that_leaves_is_not_waited_for() {
    watched(|| {
        for round in 0..rounds(200) {
            let dispatcher = Dispatcher::builder()
                .capacity(1)
                .lane_capacity(3)
                .build()
                .unwrap();
            let (a, for_a) = dispatcher.channel("a").unwrap();
            let (_b, for_b) = dispatcher.channel("b").unwrap();
            let everybody = dispatcher.broadcaster();
            if round % 2 == 0 {
                fill(&a, &for_a, || 0);
            }
            (0..4).try_for_each(|n| everybody.send(n)).unwrap();
            assert_eq!(for_b.recv_message().unwrap().1, 0);
            drop(for_a);
            for n in 1..4 {
                assert_eq!(for_b.recv_message().unwrap().1, n);
            }
        }
    });
}

/// Once anybody has a broadcast, everybody gets it, whatever the others do about the next one.
#[test]
fn b3_what_one_receiver_has_the_others_get() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(3)
            .lane_capacity(3)
            .build()
            .unwrap();
        let (_a, for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        thread::scope(|scope| {
            scope.spawn(move || {
                (0..rounds(3_000))
                    .try_for_each(|n| everybody.send(n))
                    .unwrap();
            });
            for n in 0..rounds(3_000) {
                let first = for_a.recv_message().unwrap();
                assert_eq!(for_b.recv_message(), Ok(first));
                assert_eq!(first, (Seq::from(n + 1), n));
            }
        });
    });
}

#[test]
fn a_broadcaster_tells_how_full_its_lane_is() {
    watched(|| {
        let builder = Dispatcher::builder().capacity(1).lane_capacity(2);
        let dispatcher = builder.build().unwrap();
        let (_tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        assert_eq!(everybody.capacity(), 2);
        assert!(everybody.is_empty() && !everybody.is_full());
        everybody.send(0).unwrap();
        // Nobody receives it, so what follows stays in the lane.
        eventually(|| rx.len() == rx.capacity());
        for len in 1..=2 {
            everybody.send(len).unwrap();
            assert_eq!(everybody.len(), len);
            assert!(!everybody.is_empty());
        }
        assert!(everybody.is_full());
    });
}
