//! Many threads at once, with handles coming and going: S1 to S5, S9, B1 and the count of drops.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod counted;
    pub(crate) mod eventually;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use clocked_lanes::{Builder, Dispatcher, Event, Receiver, Seq};
use fastrand::Rng;

use common::clock::clock_gets_to;
use common::counted::{Counted, Tally};
use common::eventually::eventually;
use common::rounds::rounds;
use common::watchdog::watched;

const PATHS: usize = 4;

/// Makes values that tell which lane they are of, and which of it.
#[derive(Clone, Default)]
struct Lanes {
    tally: Tally,
    made: Arc<AtomicU64>,
}

/// The values of one lane, in order.
struct Values {
    tally: Tally,
    next: u64,
}

impl Lanes {
    fn lane(&self) -> Values {
        let lane = self.made.fetch_add(1, Ordering::Relaxed);
        Values {
            tally: self.tally.clone(),
            next: lane << 32,
        }
    }
}

impl Values {
    fn next(&mut self) -> Counted {
        self.next += 1;
        self.tally.value(self.next - 1)
    }

    fn count(&self) -> u64 {
        self.next & 0xFFFF_FFFF
    }
}

/// Receives until the end, in several ways, and checks that numbers rise, that each lane's messages come
/// in order, and that none is missing between two of them.
fn receive_all(rx: &Receiver<Counted>, random: &mut Rng) -> Vec<(u64, u64)> {
    let mut messages = Vec::new();
    let mut next_of_lane = HashMap::new();
    let mut last = rx.observed().get();
    let mut check = |event: Event<Counted>| {
        let number = event.seq().get();
        assert!(number > last, "{number} comes after {last}");
        last = number;
        if let Some((_, value)) = event.into_message() {
            let next = next_of_lane.insert(value.id >> 32, value.id + 1);
            assert_eq!(next.unwrap_or(value.id), value.id, "out of order");
            messages.push((number, value.id));
        }
    };
    loop {
        match random.usize(..8) {
            0 => rx.drain(1 + random.usize(..9)).for_each(&mut check),
            1 => rx.try_iter().take(3).for_each(&mut check),
            2 => _ = rx.recv_timeout(Duration::from_micros(50)).map(&mut check),
            3..6 => match rx.recv_message() {
                Ok((seq, value)) => check(Event::Message { seq, value }),
                Err(_) => return messages,
            },
            _ => match rx.recv() {
                Ok(event) => check(event),
                Err(_) => return messages,
            },
        }
        if random.usize(..100) == 0 {
            thread::yield_now();
        }
    }
}

/// Checks that what the receivers saw fits together, and returns how many numbers they saw.
fn numbers_agree(streams: &[Vec<(u64, u64)>]) -> u64 {
    let mut by_number = HashMap::new();
    for (number, id) in streams.iter().flatten() {
        let same = by_number.insert(*number, *id);
        assert!(
            same.is_none_or(|same| same == *id),
            "{number} is given twice"
        );
    }
    by_number.len() as u64
}

/// Runs a test on a dispatcher with a thread, and on one without.
fn with_both_drivers<T: Send + 'static>(test: fn(Builder<T>)) {
    watched(move || {
        test(Dispatcher::builder());
        test(Dispatcher::builder().inline());
    });
}

/// Every sender sends to its own receiver and, through further lanes, to all others; lanes come and go
/// in between; everybody broadcasts.
#[test]
fn four_to_four_with_broadcasts_and_lanes_that_come_and_go() {
    with_both_drivers(|builder| {
        let lanes = Lanes::default();
        let dispatcher = builder.capacity(8).lane_capacity(4).build().unwrap();
        let sent = AtomicU64::new(0);
        let (idle, looks_on) = dispatcher.channel("looks on").unwrap();
        let channels: Vec<_> = (0..PATHS)
            .map(|p| dispatcher.channel(format!("path {p}")).unwrap())
            .collect();
        let (senders, receivers): (Vec<_>, Vec<_>) = channels.into_iter().unzip();
        let broadcaster = dispatcher.broadcaster();
        let mut streams: Vec<_> = thread::scope(|scope| {
            let receiving: Vec<_> = receivers
                .into_iter()
                .chain([looks_on])
                .enumerate()
                .map(|(r, rx)| scope.spawn(move || receive_all(&rx, &mut Rng::with_seed(r as u64))))
                .collect();
            for p in 0..PATHS {
                let (senders, lanes, sent) = (senders.clone(), lanes.clone(), &sent);
                let broadcaster = broadcaster.clone();
                scope.spawn(move || {
                    let mut random = Rng::with_seed(100 + p as u64);
                    let mut own: Vec<_> =
                        senders.into_iter().map(|tx| (tx, lanes.lane())).collect();
                    let mut broadcaster = (broadcaster, lanes.lane());
                    for _ in 0..rounds(1_500) {
                        match random.usize(..12) {
                            0 => {
                                broadcaster.0.send(broadcaster.1.next()).unwrap();
                                sent.fetch_add(1, Ordering::SeqCst);
                            }
                            // What a lane holds when its sender goes still arrives.
                            1 => {
                                let tx = own[random.usize(..PATHS)].0.clone();
                                let mut values = lanes.lane();
                                for _ in 0..random.usize(..6) {
                                    tx.send(values.next()).unwrap();
                                }
                                sent.fetch_add(values.count(), Ordering::SeqCst);
                            }
                            2 => {
                                let replaced = broadcaster.0.clone();
                                broadcaster = (replaced, lanes.lane());
                            }
                            n => {
                                let to = if n < 8 { p } else { random.usize(..PATHS) };
                                let (tx, values) = &mut own[to];
                                tx.send(values.next()).unwrap();
                                sent.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                    }
                });
            }
            drop((senders, broadcaster, idle));
            receiving
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        // Every number was given to a message that somebody saw, and the onlooker saw the broadcasts.
        let sent = sent.into_inner();
        assert_eq!(numbers_agree(&streams), sent);
        clock_gets_to(&dispatcher, sent);
        assert_eq!(dispatcher.clock().dispatched, sent);
        let broadcasts = streams.pop().unwrap();
        for stream in &streams {
            let seen: HashMap<_, _> = stream.iter().copied().collect();
            assert!(
                broadcasts
                    .iter()
                    .all(|(number, id)| seen.get(number) == Some(id))
            );
        }
        let unicasts: usize = streams
            .iter()
            .map(|stream| stream.len() - broadcasts.len())
            .sum();
        assert_eq!((unicasts + broadcasts.len()) as u64, sent);
        lanes.tally.all_dropped();
    });
}

/// Receivers join and leave, some of them with everything full, next to paths that go on.
#[test]
fn receivers_come_and_go_beside_steady_paths() {
    with_both_drivers(|builder| {
        let lanes = Lanes::default();
        let dispatcher = builder.capacity(4).lane_capacity(2).build().unwrap();
        let accepted = AtomicU64::new(0);
        let streams = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for p in 0..2 {
                let (tx, rx) = dispatcher.channel(format!("steady {p}")).unwrap();
                let (streams, accepted) = (&streams, &accepted);
                let mut values = lanes.lane();
                scope.spawn(move || {
                    for _ in 0..rounds(4_000) {
                        tx.send(values.next()).unwrap();
                    }
                    accepted.fetch_add(values.count(), Ordering::SeqCst);
                });
                scope.spawn(move || {
                    let stream = receive_all(&rx, &mut Rng::with_seed(p));
                    streams.lock().unwrap().push(stream);
                });
            }
            let everybody = dispatcher.broadcaster();
            let mut values = lanes.lane();
            let accepted = &accepted;
            scope.spawn(move || {
                for _ in 0..rounds(500) {
                    everybody.send(values.next()).unwrap();
                }
                accepted.fetch_add(values.count(), Ordering::SeqCst);
            });
            for t in 0..2 {
                let (dispatcher, lanes, streams) = (dispatcher.clone(), lanes.clone(), &streams);
                scope.spawn(move || {
                    let mut random = Rng::with_seed(200 + t);
                    for n in 0..rounds(250) {
                        let (tx, rx) = dispatcher.channel(format!("passing {t} {n}")).unwrap();
                        let more = tx.clone();
                        let mut values = [lanes.lane(), lanes.lane()];
                        let mut count = 0;
                        for _ in 0..random.usize(..12) {
                            let i = random.usize(..2);
                            let value = values[i].next();
                            match [&tx, &more][i].try_send(value) {
                                Ok(()) => count += 1,
                                Err(error) => {
                                    assert!(error.is_full());
                                    values[i].next -= 1;
                                }
                            }
                        }
                        accepted.fetch_add(count, Ordering::SeqCst);
                        match random.usize(..4) {
                            // It leaves as it is, before or after its senders.
                            0 => drop(rx),
                            1 => drop((tx, more, rx)),
                            // It takes a little and leaves.
                            2 => {
                                for event in rx.try_iter().take(3) {
                                    assert!(event.seq() <= rx.observed());
                                }
                            }
                            // It takes what its senders sent.
                            _ => {
                                drop((tx, more));
                                let mut own = 0;
                                let mut seen = Vec::new();
                                while own < count {
                                    let (seq, value) = rx.recv_message().unwrap();
                                    let lane = value.id >> 32;
                                    own += u64::from(values.iter().any(|v| v.next >> 32 == lane));
                                    seen.push((seq.get(), value.id));
                                }
                                streams.lock().unwrap().push(seen);
                            }
                        }
                    }
                });
            }
        });
        let streams = streams.into_inner().unwrap();
        let seen = numbers_agree(&streams);
        let accepted = accepted.into_inner();
        // A number that nobody saw was given to a message whose receiver left.
        eventually(|| dispatcher.clock().dispatched >= seen);
        let clock = dispatcher.clock();
        assert_eq!(clock.seq.get(), clock.dispatched);
        assert!(clock.dispatched <= accepted, "{clock:?}, {accepted} sent");
        drop(dispatcher);
        lanes.tally.all_dropped();
    });
}

/// Parked receivers, of which most get nothing, follow a clock that moves in bursts.
#[test]
fn onlookers_follow_the_clock() {
    const ONLOOKERS: usize = 8;
    with_both_drivers(|builder| {
        let dispatcher = builder.capacity(4).lane_capacity(4).build().unwrap();
        let total = rounds(4_000);
        thread::scope(|scope| {
            for i in 0..ONLOOKERS {
                let (tx, rx) = dispatcher.channel(format!("onlooker {i}")).unwrap();
                scope.spawn(move || {
                    let _tx = tx;
                    let mut last = 0;
                    // Without any further send, everybody gets as far as the last number.
                    while last < total {
                        let n = rx.recv().unwrap().seq().get();
                        assert!(n > last);
                        last = n;
                    }
                    assert_eq!(rx.observed(), Seq::from(total));
                });
            }
            let (tx, rx) = dispatcher.channel("busy").unwrap();
            scope.spawn(move || {
                for n in 1..=total {
                    tx.send(n).unwrap();
                    if n % 64 == 0 {
                        thread::sleep(Duration::from_micros(100));
                    }
                }
            });
            assert_eq!(
                rx.iter().filter_map(|e| e.into_message()).count() as u64,
                total
            );
        });
    });
}
