//! S6 to S8: a full receiver, what is in flight, and whose turn it is.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use clocked_lanes::{
    DisconnectReason, Dispatcher, Event, Receiver, RecvError, RecvTimeoutError, SendError,
    SendTimeoutError, Sender, Seq, TryRecvError, TrySendError,
};

use common::clock::clock_gets_to;
use common::eventually::eventually;
use common::full::{fill, settled};
use common::rounds::rounds;
use common::watchdog::watched;

/// Sends `count` messages from a thread and receives them; nobody else may send meanwhile.
fn flows(tx: &Sender<u64>, rx: &Receiver<u64>, count: u64) {
    thread::scope(|scope| {
        scope.spawn(|| (0..count).try_for_each(|n| tx.send(n)).unwrap());
        for n in 0..count {
            assert_eq!(rx.recv_message().unwrap().1, n);
        }
    });
}

/// How many a lane takes now, until it is full and nothing moves any more.
fn accepted(tx: &Sender<u64>, rx: &Receiver<u64>) -> u64 {
    let mut count = 0;
    fill(tx, rx, || {
        count += 1;
        count
    });
    assert_eq!(tx.try_send(0), Err(TrySendError::Full(0)));
    count
}

#[test]
fn s6_a_full_receiver_delays_nobody_else() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(3)
            .build()
            .unwrap();
        let (to_stalled, stalled) = dispatcher.channel("stalled").unwrap();
        let (tx, rx) = dispatcher.channel("lively").unwrap();
        let (_idle, looks_on) = dispatcher.channel("looks on").unwrap();
        accepted(&to_stalled, &stalled);
        let further = to_stalled.clone();
        thread::scope(|scope| {
            let blocked = scope.spawn(|| to_stalled.send(77));

            // Sends, and clock updates.
            flows(&tx, &rx, rounds(2_000));
            clock_gets_to(&dispatcher, 2 + rounds(2_000));
            assert_eq!(
                looks_on.recv(),
                Ok(Event::Clock(Seq::from(2 + rounds(2_000))))
            );

            // Joins, and messages on them.
            let (new_tx, new_rx) = dispatcher.channel("new").unwrap();
            flows(&new_tx, &new_rx, 100);
            let more = dispatcher.sender("lively").unwrap();
            flows(&more, &rx, 100);

            // Clones, also of what is full.
            flows(&tx.clone(), &rx, 100);
            let (a, b) = (to_stalled.clone(), dispatcher.sender("stalled").unwrap());
            assert_eq!(a.try_send(1), Ok(()));
            assert_eq!(b.try_send(2), Ok(()));

            // Leaves and drops.
            drop((new_tx, a, more));
            drop(b);
            assert_eq!(new_rx.iter().filter_map(|e| e.into_message()).count(), 0);
            drop(new_rx);
            drop(dispatcher.channel("lively again").unwrap());
            flows(&tx, &rx, 100);

            // Timeouts.
            let began = Instant::now();
            let limit = Duration::from_millis(2);
            assert_eq!(further.send_timeout(1, limit), Ok(()));
            assert_eq!(further.send_timeout(2, limit), Ok(()));
            assert_eq!(further.send_timeout(3, limit), Ok(()));
            let late = further.send_timeout(4, limit);
            assert_eq!(late, Err(SendTimeoutError::Timeout(4)));
            clock_gets_to(&dispatcher, 2 + rounds(2_000) + 400);
            assert_eq!(looks_on.drain(9).count(), 1);
            assert_eq!(looks_on.recv_timeout(limit), Err(RecvTimeoutError::Timeout));
            assert!(began.elapsed() >= 2 * limit);

            // And the full one has lost nothing.
            let its_own = stalled.iter().filter_map(|event| event.into_message());
            assert_eq!(its_own.take(2 + 3 + 1 + 2 + 3).count(), 11);
            assert_eq!(blocked.join().unwrap(), Ok(()));
        });
    });
}

#[test]
fn s6_a_full_receiver_delays_its_broadcasters_and_nobody_else() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(3)
            .build()
            .unwrap();
        let (to_stalled, stalled) = dispatcher.channel("stalled").unwrap();
        let (tx, rx) = dispatcher.channel("lively").unwrap();
        let everybody = dispatcher.broadcaster();
        let first = accepted(&to_stalled, &stalled);
        assert_eq!(first, 5);
        thread::scope(|scope| {
            let blocked = scope.spawn(|| {
                let mut sent = 0;
                while everybody.send(1_000_000 + sent).is_ok() && sent < 9 {
                    sent += 1;
                }
                sent
            });
            // One broadcast has a slot of its own in the full inbox, and the next three fill the lane.
            assert_eq!(rx.recv_message().unwrap().1, 1_000_000);
            eventually(|| everybody.is_full());
            clock_gets_to(&dispatcher, 3);

            flows(&tx, &rx, rounds(2_000));
            let (new_tx, new_rx) = dispatcher.channel("new").unwrap();
            flows(&new_tx, &new_rx, 100);
            drop((new_tx, new_rx));
            drop(everybody.clone());
            drop(to_stalled.clone());
            flows(&tx.clone(), &rx, 100);
            clock_gets_to(&dispatcher, 3 + rounds(2_000) + 200);
            assert!(everybody.is_full());

            // It leaves, and the others get what waited for it.
            drop(stalled);
            for n in 1..10 {
                assert_eq!(rx.recv_message().unwrap().1, 1_000_000 + n);
            }
            assert_eq!(blocked.join().unwrap(), 9);
        });
        assert_eq!(to_stalled.send(1), Err(SendError(1)));
    });
}

/// Nor does it delay the end of others, when the broadcaster that it is full of has left.
#[test]
fn s6_a_full_receiver_does_not_delay_the_end_of_another() {
    watched(|| {
        let dispatcher = Dispatcher::builder().capacity(1).build().unwrap();
        let (_tx, _full) = dispatcher.channel("full").unwrap();
        let everybody = dispatcher.broadcaster();
        let (_, rx) = dispatcher.channel("ends").unwrap();
        everybody.send(1).unwrap();
        assert_eq!(rx.recv_message().unwrap().1, 1);
        drop(everybody);
        assert_eq!(rx.recv(), Err(RecvError));
    });
}

#[test]
fn s6_a_full_receiver_still_learns_the_clock_once_it_has_caught_up() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(3)
            .build()
            .unwrap();
        let (to_stalled, stalled) = dispatcher.channel("stalled").unwrap();
        let (tx, rx) = dispatcher.channel("lively").unwrap();
        accepted(&to_stalled, &stalled);
        flows(&tx, &rx, 50);
        let numbers = [1, 2, 53, 54, 55];
        assert!(
            numbers
                .iter()
                .all(|n| stalled.recv_message().unwrap().0 == Seq::from(*n))
        );
        flows(&tx, &rx, 50);
        clock_gets_to(&dispatcher, 105);
        assert_eq!(stalled.recv(), Ok(Event::Clock(Seq::from(105))));
    });
}

#[test]
fn s7_lane_and_inbox_hold_exactly_their_capacities() {
    watched(|| {
        for (capacity, lane_capacity) in [(1, 1), (1, 4), (2, 3), (3, 1), (5, 2), (16, 16)] {
            let dispatcher = Dispatcher::builder()
                .capacity(capacity)
                .lane_capacity(lane_capacity)
                .build()
                .unwrap();
            let (tx, rx) = dispatcher.channel("a").unwrap();
            assert_eq!((tx.capacity(), rx.capacity()), (lane_capacity, capacity));
            let (c, l) = (capacity as u64, lane_capacity as u64);
            assert_eq!(accepted(&tx, &rx), l + c);
            clock_gets_to(&dispatcher, c);

            // A further sender has a lane of its own, and no more.
            let more = tx.clone();
            assert_eq!(accepted(&more, &rx), l);

            // One slot lets one through, and not one more.
            for n in 1..=3 * (l + c) {
                rx.recv_message().unwrap();
                eventually(|| !tx.is_full() || !more.is_full());
                settled(if tx.is_full() { &tx } else { &more }, &rx);
                clock_gets_to(&dispatcher, c + n);
                assert_eq!(rx.len(), capacity);
                let (free, other) = if tx.is_full() {
                    (&more, &tx)
                } else {
                    (&tx, &more)
                };
                assert_eq!(free.len(), lane_capacity - 1);
                assert!(other.is_full());
                assert_eq!(accepted(free, &rx), 1);
            }
        }
    });
}

#[test]
fn s7_an_inbox_holds_one_broadcast_more() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(3)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        assert_eq!(accepted(&tx, &rx), 5);
        for n in 0..4 {
            eventually(|| everybody.try_send(n).is_ok());
        }
        eventually(|| rx.len() == 3 && everybody.is_full());
        assert_eq!(everybody.try_send(4), Err(TrySendError::Full(4)));
        assert_eq!(tx.try_send(4), Err(TrySendError::Full(4)));
        clock_gets_to(&dispatcher, 3);
    });
}

#[test]
fn s7_broadcasts_alone_do_not_go_beyond_the_capacity() {
    watched(|| {
        for capacity in [1, 2, 5] {
            let dispatcher = Dispatcher::builder()
                .capacity(capacity)
                .lane_capacity(3)
                .build()
                .unwrap();
            let (_tx, rx) = dispatcher.channel("a").unwrap();
            let everybody = dispatcher.broadcaster();
            for n in 0..capacity + 3 {
                everybody.send(n).unwrap();
            }
            eventually(|| rx.len() == capacity && everybody.is_full());
            assert_eq!(everybody.try_send(9), Err(TrySendError::Full(9)));
            for n in 0..capacity + 3 {
                assert_eq!(rx.recv_message().unwrap().1, n);
            }
        }
    });
}

/// Whatever mixture arrives, and however it is received, no inbox ever holds more than it may.
#[test]
fn s7_an_inbox_is_never_over_its_bound() {
    const CAPACITY: usize = 2;
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(CAPACITY)
            .lane_capacity(2)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        let each = rounds(3_000);
        thread::scope(|scope| {
            scope.spawn(move || (0..each).try_for_each(|n| tx.send(n)).unwrap());
            scope.spawn(move || (0..each).try_for_each(|n| everybody.send(n)).unwrap());
            let mut count = 0;
            loop {
                assert!(rx.len() <= CAPACITY + 1);
                match rx.try_recv_message() {
                    Ok(_) => count += 1,
                    Err(TryRecvError::Empty) => thread::yield_now(),
                    Err(TryRecvError::Disconnected) => break,
                }
            }
            assert_eq!(count, 2 * each);
        });
    });
}

#[test]
fn s7_a_freed_slot_is_usable_at_once_by_a_blocked_sender() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(3)
            .lane_capacity(1)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        fill(&tx, &rx, || 0);
        let (sent, told) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                for n in 1..=rounds(2_000) {
                    tx.send(n).unwrap();
                    sent.send(n).unwrap();
                }
            });
            for n in 1..=rounds(2_000) {
                assert_eq!(told.try_recv(), Err(mpsc::TryRecvError::Empty));
                rx.recv_message().unwrap();
                assert_eq!(told.recv(), Ok(n));
            }
        });
    });
}

/// The senders have something to send all the time, on several threads.
#[test]
fn s8_a_broadcast_gets_through_saturating_messages() {
    watched(|| {
        for capacity in [1, 2] {
            let dispatcher = Dispatcher::builder()
                .capacity(capacity)
                .lane_capacity(4)
                .build()
                .unwrap();
            let stop = AtomicBool::new(false);
            let everybody = dispatcher.broadcaster();
            thread::scope(|scope| {
                for name in ["a", "b", "c"] {
                    let (tx, rx) = dispatcher.channel(name).unwrap();
                    for tx in [tx.clone(), tx] {
                        let stop = &stop;
                        scope.spawn(move || {
                            while !stop.load(Ordering::SeqCst) {
                                tx.send(u64::MAX).unwrap();
                            }
                        });
                    }
                    scope.spawn(move || {
                        let mut next = 0;
                        for (_, value) in rx.iter().filter_map(|event| event.into_message()) {
                            if value != u64::MAX {
                                assert_eq!(value, next);
                                next += 1;
                            }
                        }
                        assert_eq!(next, rounds(300));
                    });
                }
                (0..rounds(300))
                    .try_for_each(|n| everybody.send(n))
                    .unwrap();
                stop.store(true, Ordering::SeqCst);
                drop(everybody);
            });
        }
    });
}

#[test]
fn s8_a_message_gets_through_saturating_broadcasts() {
    watched(|| {
        for capacity in [1, 2] {
            let dispatcher = Dispatcher::builder()
                .capacity(capacity)
                .lane_capacity(4)
                .build()
                .unwrap();
            let stop = AtomicBool::new(false);
            let done = AtomicU64::new(0);
            thread::scope(|scope| {
                for name in ["a", "b"] {
                    let (tx, rx) = dispatcher.channel(name).unwrap();
                    let everybody = dispatcher.broadcaster();
                    let (stop, done) = (&stop, &done);
                    scope.spawn(move || {
                        while !stop.load(Ordering::SeqCst) {
                            everybody.send(u64::MAX).unwrap();
                        }
                    });
                    scope.spawn(move || {
                        (0..rounds(300)).try_for_each(|n| tx.send(n)).unwrap();
                        if done.fetch_add(1, Ordering::SeqCst) == 1 {
                            stop.store(true, Ordering::SeqCst);
                        }
                    });
                    scope.spawn(move || {
                        let messages = rx.iter().filter_map(|event| event.into_message());
                        let own = messages.filter(|(_, value)| *value != u64::MAX);
                        assert_eq!(own.count() as u64, rounds(300));
                    });
                }
            });
        }
    });
}

/// Here no lane is ever empty when the engine looks: each holds eight, and is filled up after every
/// message received. So if somebody has to wait for another to pause, it waits for ever.
#[test]
fn s8_messages_and_broadcasts_take_turns() {
    watched(|| {
        for capacity in [1, 2, 3] {
            let dispatcher = Dispatcher::builder()
                .capacity(capacity)
                .lane_capacity(8)
                .build()
                .unwrap();
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let more = [tx.clone(), tx];
            let everybody = [dispatcher.broadcaster(), dispatcher.broadcaster()];
            let mut got = [0; 4];
            let mut total = 0;
            while got.iter().any(|count| *count < rounds(100)) {
                for (i, tx) in more.iter().enumerate() {
                    while tx.try_send(i).is_ok() {}
                }
                for (i, everybody) in everybody.iter().enumerate() {
                    while everybody.try_send(2 + i).is_ok() {}
                }
                got[rx.recv_message().unwrap().1] += 1;
                total += 1;
                assert!(total < 100 * rounds(100), "starving: {got:?}");
            }
        }
    });
}

#[test]
fn s8_64_full_lanes_to_one_receiver_all_move_on() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .lane_capacity(4)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let mut lanes = vec![tx];
        while lanes.len() < 64 {
            lanes.push(dispatcher.sender("a").unwrap());
        }
        let each = rounds(20).max(2);
        let mut got = vec![0; lanes.len()];
        let mut total = 0;
        for (i, tx) in lanes.iter().enumerate() {
            while tx.try_send(i).is_ok() {}
        }
        while got.iter().any(|count| *count < each) {
            let (_, i) = rx.recv_message().unwrap();
            got[i] += 1;
            total += 1;
            while lanes[i].try_send(i).is_ok() {}
            assert!(total < 64 * each * 100, "starving: {got:?}");
        }
    });
}

#[test]
fn s8_senders_to_a_receiver_that_left_and_came_back_move_on() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .lane_capacity(1)
            .build()
            .unwrap();
        for round in 0..rounds(200) {
            let (tx, rx) = dispatcher.channel("comes and goes").unwrap();
            fill(&tx, &rx, || round);
            drop(rx);
            assert_eq!(tx.disconnect_reason(), Some(DisconnectReason::ReceiverGone));
            assert_eq!(tx.try_send(7), Err(TrySendError::Disconnected(7)));
        }
        let (tx, rx) = dispatcher.channel("comes and goes").unwrap();
        tx.send(1).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(rounds(200) + 1), 1)));
    });
}
