//! What the crate relies on in the lanes' channel.
//!
//! Written once and run twice: in models against the stand-in, and as `tests/lane_contract.rs` against
//! `crossbeam_channel`. What both pass, the stand-in has right.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::channel::{Receiver, Select, Sender, TryRecvError, TrySendError, bounded, unbounded};
use crate::{explore, thread};

/// Takes the next value, waiting for it; `None` after the last.
fn take<T>(rx: &Receiver<T>) -> Option<T> {
    loop {
        match rx.try_recv() {
            Ok(value) => return Some(value),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {
                let mut select = Select::new();
                assert_eq!(select.recv(rx), 0);
                assert_eq!(select.ready(), 0);
            }
        }
    }
}

/// Puts a value in, waiting for space; gives it back if there is nobody to take it.
fn put<T>(tx: &Sender<T>, mut value: T) -> Result<(), T> {
    loop {
        match tx.try_send(value) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Disconnected(refused)) => return Err(refused),
            Err(TrySendError::Full(refused)) => value = refused,
        }
        let mut select = Select::new();
        assert_eq!(select.send(tx), 0);
        assert_eq!(select.ready(), 0);
    }
}

/// Counts how often values are dropped.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

struct Value(Drops);

impl Drop for Value {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drops {
    fn value(&self) -> Value {
        Value(self.clone())
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A bounded channel holds exactly its capacity, counts it, and gives back what does not fit.
#[test]
fn a_capacity_is_exact() {
    explore::once(|| {
        for capacity in 1..=3 {
            let (tx, rx) = bounded(capacity);
            assert_eq!(tx.capacity(), Some(capacity));
            for n in 0..capacity {
                assert_eq!((tx.len(), tx.is_full(), rx.is_empty()), (n, false, n == 0));
                assert_eq!(tx.try_send(n), Ok(()));
            }
            assert_eq!((tx.len(), tx.is_full()), (capacity, true));
            assert_eq!(tx.try_send(7), Err(TrySendError::Full(7)));
            assert_eq!(tx.len(), capacity);
            // A slot is free as soon as its value was taken.
            assert_eq!(rx.try_recv(), Ok(0));
            assert!(!tx.is_full());
            assert_eq!(tx.try_send(capacity), Ok(()));
            assert!(tx.is_full());
        }
    });
}

/// An unbounded channel is never full.
#[test]
fn without_a_bound_there_is_space() {
    explore::once(|| {
        let (tx, rx) = unbounded();
        assert_eq!(tx.capacity(), None);
        for n in 0..40 {
            assert!(!tx.is_full());
            assert_eq!(tx.send(n), Ok(()));
        }
        assert_eq!(tx.len(), 40);
        assert!((0..40).all(|n| rx.try_recv() == Ok(n)));
        assert!(rx.is_empty());
    });
}

/// Values come out in the order in which they went in, also when the buffer goes round.
#[test]
fn first_in_first_out() {
    explore::once(|| {
        let (tx, rx) = bounded(3);
        for n in 0..5 {
            assert_eq!(tx.try_send(2 * n), Ok(()));
            assert_eq!(tx.try_send(2 * n + 1), Ok(()));
            assert_eq!(rx.try_recv(), Ok(2 * n));
            assert_eq!(rx.try_recv(), Ok(2 * n + 1));
        }
    });
}

/// Empty is not disconnected; disconnected is only what is empty, and stays so.
#[test]
fn values_come_before_the_end() {
    explore::once(|| {
        for (tx, rx) in [bounded(2), unbounded()] {
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
            assert_eq!(tx.try_send(1), Ok(()));
            assert_eq!(tx.try_send(2), Ok(()));
            drop(tx);
            assert!(!rx.is_empty());
            assert_eq!(rx.try_recv(), Ok(1));
            assert_eq!(rx.try_recv(), Ok(2));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        }
    });
}

/// What is sent when the receiver has gone comes back; a full channel is disconnected then, and not full.
#[test]
fn a_refused_value_comes_back() {
    explore::once(|| {
        for values in 0..=1 {
            let (tx, rx) = bounded(1);
            for n in 0..values {
                tx.try_send(n).unwrap();
            }
            drop(rx);
            assert_eq!(tx.try_send(7), Err(TrySendError::Disconnected(7)));
            assert_eq!(TrySendError::Disconnected(7).into_inner(), 7);
        }
        let (tx, rx) = unbounded();
        drop(rx);
        assert_eq!(tx.send(7).unwrap_err().0, 7);
        assert_eq!(tx.try_send(7), Err(TrySendError::Disconnected(7)));
    });
}

/// Every sender counts, whichever goes first.
#[test]
fn the_last_sender_disconnects() {
    explore::once(|| {
        for (tx, rx) in [bounded(2), unbounded()] {
            let other = tx.clone();
            drop(tx);
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
            let third = other.clone();
            drop(other);
            assert_eq!(third.try_send(1), Ok(()));
            drop(third);
            assert_eq!(rx.try_recv(), Ok(1));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        }
    });
}

/// When its receiver goes, a bounded channel keeps its values until its last sender goes as well. This is why
/// `src/lane.rs` empties lanes itself.
#[test]
fn a_bounded_channel_keeps_values_without_a_receiver() {
    explore::once(|| {
        let drops = Drops::default();
        let (tx, rx) = bounded(2);
        let other = tx.clone();
        assert!(tx.try_send(drops.value()).is_ok());
        drop((rx, tx));
        assert_eq!((drops.count(), other.len()), (0, 1));
        drop(other);
        assert_eq!(drops.count(), 1);
    });
}

/// When its receiver goes, an unbounded channel drops its values. This is what becomes of the control lane
/// when the engine ends.
#[test]
fn an_unbounded_channel_drops_values_with_its_receiver() {
    explore::once(|| {
        let drops = Drops::default();
        let (tx, rx) = unbounded();
        assert!(tx.send(drops.value()).is_ok());
        assert!(tx.send(drops.value()).is_ok());
        drop(rx);
        assert_eq!((drops.count(), tx.len()), (2, 0));
        drop(tx.send(drops.value()));
        drop(tx);
        assert_eq!(drops.count(), 3);
    });
}

/// Values that nobody took are dropped with the receiver, if that is the last to go.
#[test]
fn values_are_dropped_with_the_last_end() {
    explore::once(|| {
        for (tx, rx) in [bounded(3), unbounded()] {
            let drops = Drops::default();
            assert!((0..3).all(|_| tx.try_send(drops.value()).is_ok()));
            drop(rx.try_recv());
            assert_eq!(drops.count(), 1);
            drop(tx);
            assert_eq!(drops.count(), 1);
            drop(rx);
            assert_eq!(drops.count(), 3);
        }
    });
}

/// Indices are given in the order of registration, and one that is ready is reported without waiting.
#[test]
fn a_select_reports_what_is_ready() {
    explore::once(|| {
        let (full, _kept) = bounded(1);
        full.try_send(0).unwrap();
        let (_held, empty) = bounded::<u32>(1);
        let (tx, rx) = bounded(1);
        for is_sent in [false, true] {
            let mut select = Select::new();
            assert_eq!(select.send(&full), 0);
            assert_eq!(select.recv(&empty), 1);
            let (recv, send) = (select.recv(&rx), select.send(&tx));
            assert_eq!((recv, send), (2, 3));
            // With space and no value the sender is ready, the other way round the receiver.
            assert_eq!(select.ready(), if is_sent { recv } else { send });
            if !is_sent {
                tx.try_send(1).unwrap();
            }
        }
    });
}

/// One sends more than fits, while the other takes: nothing is lost, doubled or overtaken, both wake, and
/// the end comes after the last value.
#[test]
fn values_pass_in_order() {
    explore::bounded("lane: values pass in order", 2, || {
        let (tx, rx) = bounded(1);
        let sending = thread::spawn(move || (1..=3).all(|n| put(&tx, n).is_ok()));
        for n in 1..=3 {
            assert_eq!(take(&rx), Some(n));
        }
        assert_eq!(take(&rx), None);
        assert!(sending.join().unwrap());
    });
}

/// Two send: all values arrive, each sender's in order.
#[test]
fn two_may_send() {
    explore::bounded("lane: two may send", 1, || {
        let (tx, rx) = bounded(1);
        let sending: Vec<_> = [tx.clone(), tx]
            .into_iter()
            .zip([10, 20])
            .map(|(tx, n)| thread::spawn(move || put(&tx, n).is_ok() && put(&tx, n + 1).is_ok()))
            .collect();
        let got: Vec<u32> = std::iter::from_fn(|| take(&rx)).collect();
        let of = |tens| got.iter().copied().filter(move |n| n / 10 == tens);
        assert!(of(1).eq([10, 11]) && of(2).eq([20, 21]) && got.len() == 4);
        assert!(sending.into_iter().all(|thread| thread.join().unwrap()));
    });
}

/// A blocked receiver wakes for a value. Neither end goes meanwhile, which would wake it as well.
#[test]
fn a_value_wakes() {
    explore::bounded("lane: a value wakes", 3, || {
        for (tx, rx) in [bounded(1), unbounded()] {
            let taking = thread::spawn(move || take(&rx));
            assert_eq!(tx.try_send(7), Ok(()));
            assert_eq!(taking.join().unwrap(), Some(7));
        }
    });
}

/// A blocked receiver wakes when the last sender goes.
#[test]
fn the_end_wakes_a_receiver() {
    explore::bounded("lane: the end wakes a receiver", 3, || {
        for (tx, rx) in [bounded::<u32>(1), unbounded()] {
            let taking = thread::spawn(move || take(&rx));
            drop(tx.clone());
            drop(tx);
            assert_eq!(taking.join().unwrap(), None);
        }
    });
}

/// A blocked sender wakes for space. Neither end goes meanwhile.
#[test]
fn space_wakes() {
    explore::bounded("lane: space wakes", 3, || {
        let (tx, rx) = bounded(1);
        tx.try_send(1).unwrap();
        let sending = thread::spawn(move || {
            assert_eq!(put(&tx, 2), Ok(()));
            tx
        });
        assert_eq!(rx.try_recv(), Ok(1));
        let tx = sending.join().unwrap();
        assert_eq!(rx.try_recv(), Ok(2));
        drop(tx);
    });
}

/// A blocked sender wakes when the receiver goes, and still has its value.
#[test]
fn the_end_wakes_a_sender() {
    explore::bounded("lane: the end wakes a sender", 3, || {
        let (tx, rx) = bounded(1);
        tx.try_send(1).unwrap();
        let sending = thread::spawn(move || put(&tx, 2));
        drop(rx);
        assert_eq!(sending.join().unwrap(), Err(2));
    });
}

/// A lane's sender keeps the receiver, too, and may find it emptied: that wakes it as well.
#[test]
fn who_waits_for_one_end_may_hold_both() {
    explore::bounded("lane: who waits may hold both", 2, || {
        let (tx, rx) = bounded(1);
        tx.try_send(1).unwrap();
        let ends = Arc::new((tx, rx));
        let shared = Arc::clone(&ends);
        let emptying = thread::spawn(move || while shared.1.try_recv().is_ok() {});
        assert_eq!(put(&ends.0, 2), Ok(()));
        emptying.join().unwrap();
    });
}

/// A select over several ends wakes for each of them, and reports one of those that were registered.
#[test]
fn a_select_waits_for_any() {
    explore::bounded("lane: a select waits for any", 1, || {
        let lanes = [bounded(1), bounded(1)];
        let (senders, receivers): (Vec<_>, Vec<_>) = lanes.into_iter().unzip();
        let sending: Vec<_> = senders
            .into_iter()
            .zip(0..)
            .map(|(tx, n)| thread::spawn(move || put(&tx, n)))
            .collect();
        let mut got = Vec::new();
        let mut open = vec![0, 1];
        while !open.is_empty() {
            let index = {
                let mut select = Select::new();
                for &n in &open {
                    select.recv(&receivers[n]);
                }
                select.ready()
            };
            let n = open[index];
            match receivers[n].try_recv() {
                Ok(value) => got.push((n, value)),
                Err(TryRecvError::Disconnected) => drop(open.remove(index)),
                // It may be mistaken.
                Err(TryRecvError::Empty) => {}
            }
        }
        got.sort_unstable();
        assert_eq!(got, [(0, 0), (1, 1)]);
        for thread in sending {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
    });
}

/// A value is sent as the receiver goes: it comes back or it is kept, and is dropped once.
#[test]
fn a_value_is_dropped_once_as_the_receiver_goes() {
    explore::bounded("lane: a value is dropped once", 3, || {
        for (tx, rx) in [bounded(1), unbounded()] {
            let drops = Drops::default();
            assert!(tx.try_send(drops.value()).is_ok());
            let leaving = thread::spawn(move || drop((rx.try_recv(), rx)));
            let sent = tx.try_send(drops.value());
            leaving.join().unwrap();
            drop(sent);
            drop(tx);
            assert_eq!(drops.count(), 2);
        }
    });
}

/// What the control lane carries may hold senders of the control lane. When its receiver goes, nothing is
/// left behind, and nothing waits for itself.
#[test]
fn a_value_may_hold_a_sender_of_its_channel() {
    struct Holds {
        _value: Value,
        _sender: Sender<Holds>,
    }

    explore::bounded("lane: a value may hold a sender", 3, || {
        let drops = Drops::default();
        let (tx, rx) = unbounded();
        let holds = |tx: &Sender<Holds>| Holds {
            _value: drops.value(),
            _sender: tx.clone(),
        };
        assert!(tx.send(holds(&tx)).is_ok());
        let leaving = thread::spawn(move || drop(rx));
        drop(tx.send(holds(&tx)));
        leaving.join().unwrap();
        drop(tx);
        assert_eq!(drops.count(), 2);
    });
}
