//! C2: sends that return their numbers, and batches.
#![cfg(not(loom))]

mod common {
    pub(crate) mod counted;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use clocked_lanes::{Dispatcher, Event, Receiver, RecvError, SendBatchError, SendError, Seq};

use common::counted::Tally;
use common::eventually::eventually;
use common::full::fill;
use common::rounds::rounds;
use common::watchdog::watched;

fn small<T: Send + 'static>(capacity: usize, lane_capacity: usize) -> Dispatcher<T> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .build()
        .unwrap()
}

fn all<T>(rx: &Receiver<T>) -> Vec<(u64, T)> {
    let messages = std::iter::from_fn(|| rx.recv_message().ok());
    messages.map(|(seq, value)| (seq.get(), value)).collect()
}

/// The number returned is the message's, it is on the clock, and what is sent after that has a higher one.
#[test]
fn c2_a_sequenced_send_returns_its_number() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        let mut last = 0;
        for _ in 0..rounds(200) {
            let n = a.send_sequenced("a").unwrap().get();
            assert!(dispatcher.clock().seq.get() >= n);
            let m = everybody.send_sequenced("all").unwrap().get();
            let k = b.send_sequenced("b").unwrap().get();
            assert!(last < n && n < m && m < k, "in the order of the calls");
            last = k;
            assert_eq!(for_a.recv_message(), Ok((Seq::from(n), "a")));
            assert_eq!(for_a.recv_message(), Ok((Seq::from(m), "all")));
            assert_eq!(for_b.recv_message(), Ok((Seq::from(m), "all")));
            assert_eq!(for_b.recv_message(), Ok((Seq::from(k), "b")));
        }
    });
}

/// A receiver that leaves while one waits for its number: the value comes back.
#[test]
fn c2_a_receiver_leaves_while_a_sequenced_send_waits() {
    watched(|| {
        let tally = Tally::default();
        let (tx, rx) = small(1, 2).channel("a").unwrap();
        tx.send(tally.value(1)).unwrap();
        eventually(|| rx.len() == 1);
        let waiting = {
            let (tx, value) = (tx.clone(), tally.value(2));
            thread::spawn(move || tx.send_sequenced(value))
        };
        let batch = {
            let (tx, values) = (tx.clone(), vec![tally.value(3)]);
            thread::spawn(move || tx.send_batch_sequenced(values))
        };
        eventually(|| tx.is_empty());
        drop(rx);
        let SendError(value) = waiting.join().unwrap().unwrap_err();
        assert_eq!(value.id, 2);
        let error = batch.join().unwrap().unwrap_err();
        assert!(error.is_disconnected());
        assert_eq!(error.into_inner()[0].id, 3);
        drop((tx, value));
        tally.all_dropped();
    });
}

/// Consecutive numbers, with nothing in between, whoever else sends.
#[test]
fn c2_a_batch_has_consecutive_numbers() {
    watched(|| {
        let dispatcher = small(8, 4);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        let batches = rounds(300);
        thread::scope(|scope| {
            for sender in 0..3 {
                let tx = tx.clone();
                scope.spawn(move || {
                    for n in 0..batches {
                        let size = 1 + (n + sender) % 8;
                        let batch = (0..size).map(|i| (sender, n, i, size));
                        if n % 2 == 0 {
                            tx.send_batch(batch).unwrap();
                        } else {
                            let numbers = tx.send_batch_sequenced(batch).unwrap();
                            assert_eq!(numbers.end().get() - numbers.start().get(), size - 1);
                        }
                        tx.send((9, n, 0, 1)).unwrap();
                    }
                });
            }
            scope.spawn(|| {
                for n in 0..batches {
                    everybody.send_batch((0..3).map(|i| (8, n, i, 3))).unwrap();
                }
            });
            drop(tx);
            let mut expected = None;
            let mut count = 0;
            while count < batches * 3 * 2 + batches {
                let (seq, (sender, n, i, size)) = rx.recv_message().unwrap();
                if let Some(expected) = expected {
                    assert_eq!((seq.get(), sender, n, i), expected);
                } else {
                    assert_eq!(i, 0, "batches begin at their beginning");
                }
                expected = (i + 1 < size).then_some((seq.get() + 1, sender, n, i + 1));
                count += u64::from(expected.is_none());
            }
        });
    });
}

/// As large as the capacity, which is smaller than the lane or larger; more than that comes back, and has sent
/// nothing.
#[test]
fn c2_a_batch_is_no_larger_than_the_capacity() {
    watched(|| {
        for (capacity, lane_capacity) in [(1, 1), (4, 1), (2, 8)] {
            let dispatcher = small(capacity, lane_capacity);
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let everybody = dispatcher.broadcaster();
            let most = capacity as u64;
            let too_many: Vec<_> = (0..=most).collect();
            for error in [
                tx.send_batch(too_many.clone()).unwrap_err(),
                tx.send_batch_sequenced(too_many.clone()).unwrap_err(),
                everybody.send_batch(too_many.clone()).unwrap_err(),
            ] {
                assert!(error.is_too_large() && !error.is_disconnected());
                assert_eq!(error, SendBatchError::TooLarge(too_many.clone()));
            }
            let sending = thread::spawn(move || {
                for _ in 0..3 {
                    tx.send_batch(0..most).unwrap();
                    everybody.send_batch(0..most).unwrap();
                }
            });
            let got = all(&rx);
            sending.join().unwrap();
            let numbers: Vec<u64> = got.iter().map(|(seq, _)| *seq).collect();
            assert_eq!(numbers, (1..=6 * most).collect::<Vec<_>>());
            let values = got.iter().map(|(_, value)| *value);
            assert!(values.eq((0..6).flat_map(|_| 0..most)), "no batch is torn");
        }
    });
}

/// While the rest of a batch waits for space at one receiver, others go on, and its own clock does not lie.
#[test]
fn c2_s4_s6_the_rest_of_a_batch_waits_and_holds_up_nobody_else() {
    watched(|| {
        let dispatcher = small(4, 4);
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        for n in 0..3 {
            a.send(n).unwrap();
        }
        // Numbered as a whole, though there is space for one only.
        assert_eq!(
            a.send_batch_sequenced(3..7).unwrap(),
            Seq::from(4)..=Seq::from(7)
        );
        for n in 0..100 {
            let seq = b.send_sequenced(n).unwrap();
            assert_eq!(for_b.recv_message(), Ok((seq, n)));
        }
        for n in 0..7 {
            assert_eq!(for_a.recv_message(), Ok((Seq::from(n + 1), n)));
        }
        assert_eq!(for_a.recv(), Ok(Event::Clock(Seq::from(107))));
    });
}

/// Its receiver may leave, or its senders, while the rest of a batch waits: nothing is lost or dropped twice.
#[test]
fn c2_s9_s10_handles_go_while_the_rest_of_a_batch_waits() {
    watched(|| {
        for stays in [true, false] {
            let tally = Tally::default();
            let dispatcher = small(2, 4);
            let (tx, rx) = dispatcher.channel("a").unwrap();
            tx.send(tally.value(0)).unwrap();
            tx.send_batch_sequenced([tally.value(1), tally.value(2)])
                .unwrap();
            tx.send_batch([tally.value(3), tally.value(4)]).unwrap();
            drop((tx, dispatcher));
            if stays {
                let ids: Vec<u64> = all(&rx).iter().map(|(_, value)| value.id).collect();
                assert_eq!(ids, [0, 1, 2, 3, 4]);
                assert_eq!(rx.recv().unwrap_err(), RecvError);
            }
            drop(rx);
            tally.all_dropped();
        }
    });
}

/// An empty batch is nothing, and an iterator that panics has sent nothing.
#[test]
fn c2_an_empty_batch_and_one_whose_iterator_panics() {
    let tally = Tally::default();
    let (tx, rx) = small(4, 4).channel("a").unwrap();
    tx.send_batch([]).unwrap();
    assert!(tx.send_batch_sequenced([]).unwrap().is_empty());
    let values = (0..).map(|n| {
        if n == 2 {
            resume_unwind(Box::new("the iterator panics, on purpose"));
        }
        tally.value(n)
    });
    let sent = catch_unwind(AssertUnwindSafe(|| tx.send_batch(values)));
    assert!(sent.is_err());
    tally.all_dropped();
    tx.send(tally.value(7)).unwrap();
    let (seq, value) = rx.recv_message().unwrap();
    assert_eq!((seq, value.id), (Seq::from(1), 7));
}

/// S1: the last numbers go to a batch that needs no more than there are; a larger one comes back.
#[test]
fn s1_a_batch_at_the_end_of_the_numbers() {
    watched(|| {
        let start = Seq::from(u64::MAX - 3);
        let dispatcher = Dispatcher::builder().start_after(start).build().unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        assert!(tx.send_batch(0..4).unwrap_err().is_disconnected());
        let numbers = tx.send_batch_sequenced(0..3).unwrap();
        assert_eq!(*numbers.end(), Seq::MAX);
        assert_eq!(tx.send_sequenced(9), Err(SendError(9)));
        drop(tx);
        assert_eq!(all(&rx).len(), 3);
    });
}

/// B2, B3: a broadcast batch has the same numbers for all, and is cloned no more than it has to be.
#[test]
fn b3_a_broadcast_batch_has_the_same_numbers_for_all() {
    watched(|| {
        let dispatcher = small(2, 4);
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        fill(&a, &for_a, || 0);
        let sending = thread::spawn(move || everybody.send_batch_sequenced([1, 2]).unwrap());
        drop((a, b));
        let got = all(&for_a);
        let numbers = sending.join().unwrap();
        let batch = vec![(numbers.start().get(), 1), (numbers.end().get(), 2)];
        let at = got.iter().position(|message| *message == batch[0]).unwrap();
        assert_eq!(got[at + 1], batch[1]);
        assert_eq!(all(&for_b), batch);
    });
}

#[test]
fn a_batch_that_was_not_sent_says_why() {
    let (tx, rx) = small(2, 2).channel("a").unwrap();
    let too_large = tx.send_batch([1, 2, 3]).unwrap_err();
    assert!(too_large.is_too_large() && !too_large.is_disconnected());
    assert!(too_large.to_string().contains("3 messages"));
    drop(rx);
    let disconnected = tx.send_batch([1, 2]).unwrap_err();
    assert!(disconnected.is_disconnected() && !disconnected.is_too_large());
    assert!(disconnected.to_string().contains("receiver is gone"));
    for (error, shown, values) in [
        (too_large, "TooLarge(..)", vec![1, 2, 3]),
        (disconnected, "Disconnected(..)", vec![1, 2]),
    ] {
        assert_eq!(format!("{error:?}"), shown);
        assert_eq!(error.into_inner(), values);
    }
}
