//! Waiting on several receivers at once.
#![cfg(not(loom))]

mod common {
    pub(crate) mod eventually;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::thread;
use std::time::{Duration, Instant};

use clocked_lanes::{Dispatcher, Event, Order, ReadyTimeoutError, Select, Seq, TryReadyError};

use common::eventually::eventually;
use common::rounds::rounds;
use common::watchdog::watched;

/// Messages, ticks and the end make a receiver ready; nothing else does, and looking takes nothing out.
#[test]
fn what_makes_a_receiver_ready() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        let mut select = Select::new();
        let (at_a, at_b) = (select.recv(&for_a), select.recv(&for_b));
        assert_eq!(select.try_ready(), Err(TryReadyError));
        a.send_sequenced("a").unwrap();
        // The message is there for one, and a tick for the other; they take turns.
        let ready = [
            select.ready(),
            select.ready(),
            select.ready(),
            select.ready(),
        ];
        assert_eq!(ready, [at_a, at_b, at_a, at_b]);
        assert_eq!(
            for_a.try_recv().unwrap().into_message(),
            Some((Seq::from(1), "a"))
        );
        assert_eq!(for_b.try_recv(), Ok(Event::Clock(Seq::from(1))));
        assert_eq!(select.try_ready(), Err(TryReadyError));
        drop(b);
        assert_eq!(select.ready(), at_b);
        assert!(for_b.try_recv().is_err());
        assert_eq!(select.ready(), at_b, "it is ready from now on");
        select.remove(at_b);
        assert_eq!(select.try_ready(), Err(TryReadyError));
        a.send("a").unwrap();
        assert_eq!(select.ready(), at_a);
        assert!(!select.is_empty());
        select.remove(at_a);
        assert!(select.is_empty());
    });
}

/// In `Frontier` a message may come with a number that the receiver's clock has not got to yet.
#[test]
fn a_message_above_the_clock_makes_a_receiver_ready() {
    watched(|| {
        let order = Order::Frontier;
        let dispatcher = Dispatcher::builder().forwarding(order).build().unwrap();
        let (a, rx) = dispatcher.channel("a").unwrap();
        let b = dispatcher.sender("a").unwrap();
        a.forward(1, 1).unwrap();
        let mut select = Select::new();
        select.recv(&rx);
        select.ready();
        assert_eq!(
            rx.clock().seq,
            Seq::from(0),
            "there may be another one with number 1"
        );
        assert_eq!(rx.try_recv().unwrap().seq(), Seq::from(1));
        drop(b);
    });
}

/// No wake-up is lost, whichever of several receivers gets something, of one dispatcher or of others.
#[test]
fn it_wakes_for_each_of_several() {
    watched(|| {
        let one = Dispatcher::builder().capacity(1).build().unwrap();
        let other = Dispatcher::builder().capacity(2).build().unwrap();
        let count = rounds(2_000);
        let (a, for_a) = one.channel("a").unwrap();
        let (b, for_b) = one.channel("b").unwrap();
        let (c, for_c) = other.channel("c").unwrap();
        let senders = thread::spawn(move || {
            for n in 0..count {
                // Time for the receiver to fall asleep, sometimes.
                if n % 50 < 3 {
                    thread::sleep(Duration::from_micros(300));
                }
                match n % 3 {
                    0 => drop(a.send_sequenced(n)),
                    1 => drop(b.send(n)),
                    _ => drop(c.send(n.to_string())),
                }
            }
        });
        let mut select = Select::new();
        let indices = [
            select.recv(&for_a),
            select.recv(&for_b),
            select.recv(&for_c),
        ];
        let mut got = Vec::new();
        while !select.is_empty() {
            let ready = select.ready();
            let value = if ready == indices[2] {
                for_c.try_recv().map(|event| {
                    let message = event.into_message();
                    message.map(|(_, value)| value.parse::<u64>().unwrap())
                })
            } else {
                let rx = if ready == indices[0] { &for_a } else { &for_b };
                rx.try_recv()
                    .map(|event| event.into_message().map(|(_, value)| value))
            };
            match value {
                Ok(value) => got.extend(value),
                Err(error) => {
                    assert!(
                        error.is_disconnected(),
                        "a receiver that was ready has nothing"
                    );
                    select.remove(ready);
                }
            }
        }
        got.sort_unstable();
        assert_eq!(got, (0..count).collect::<Vec<_>>());
        senders.join().unwrap();
    });
}

/// Time is up, and nothing is left behind: a receiver can wait by itself afterwards.
#[test]
fn time_is_up() {
    watched(|| {
        let (tx, rx) = Dispatcher::new().channel("a").unwrap();
        let start = Instant::now();
        let wait = Duration::from_millis(20);
        let mut select = Select::new();
        select.recv(&rx);
        assert_eq!(select.ready_timeout(wait), Err(ReadyTimeoutError));
        assert_eq!(select.ready_deadline(start), Err(ReadyTimeoutError));
        assert!(start.elapsed() >= wait);
        let receiving = thread::scope(|scope| {
            scope.spawn(|| {
                tx.send(1).unwrap();
            });
            rx.recv()
        });
        assert_eq!(receiving.unwrap().seq(), Seq::from(1));
    });
}

#[test]
#[should_panic(expected = "there is no receiver to wait for")]
fn nothing_to_wait_for() {
    Select::new().ready();
}

#[test]
#[should_panic(expected = "there is no receiver with index 1")]
fn nothing_to_remove() {
    let (_tx, rx) = Dispatcher::<u32>::new().channel("a").unwrap();
    let mut select = Select::new();
    select.recv(&rx);
    select.remove(1);
}

/// What is received under a lock is there for whoever waits for the number and then takes the lock.
#[test]
fn c1_what_is_received_under_a_lock_has_been_done() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let progress = rx.progress();
        let sum = std::sync::Mutex::new(0);
        let last = rounds(1_000);
        thread::scope(|scope| {
            scope.spawn(|| {
                let rx = rx;
                let mut select = Select::new();
                select.recv(&rx);
                while !rx.is_disconnected() || !rx.is_empty() {
                    select.ready();
                    let mut sum = sum.lock().unwrap();
                    for event in rx.drain(8) {
                        *sum += event.into_message().map_or(0, |(_, value)| value);
                    }
                }
            });
            for n in 1..=last {
                let seq = tx.send_sequenced(1).unwrap();
                progress.wait_for(seq).unwrap();
                assert!(*sum.lock().unwrap() >= n);
            }
            drop(tx);
        });
        eventually(|| *sum.lock().unwrap() == last);
    });
}
