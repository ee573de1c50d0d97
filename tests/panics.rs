//! S11: user code that panics.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod watchdog;
}

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use clocked_lanes::{Dispatcher, Event, Receiver, RecvError, Seq};

use common::clock::clock_gets_to;
use common::eventually::eventually;
use common::full::fill;
use common::watchdog::watched;

/// What is thrown. Resumed and not started, so that no panic hook prints it.
struct Deliberate;

fn throw() -> ! {
    resume_unwind(Box::new(Deliberate))
}

/// Checks that `code` panics in the way that was meant.
fn panics<R>(code: impl FnOnce() -> R) {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(_) => panic!("no panic came through"),
        Err(payload) => assert!(payload.is::<Deliberate>(), "another panic"),
    }
}

/// A value whose first clones panic, as many as were asked for.
#[derive(Debug)]
struct BadClone {
    id: u64,
    fuse: Arc<AtomicU64>,
}

impl Clone for BadClone {
    fn clone(&self) -> Self {
        let lit = self
            .fuse
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if lit.is_ok() {
            throw();
        }
        Self {
            id: self.id,
            fuse: Arc::clone(&self.fuse),
        }
    }
}

fn bad_clones(id: u64, panics: u64) -> BadClone {
    BadClone {
        id,
        fuse: Arc::new(AtomicU64::new(panics)),
    }
}

/// Takes the next event in one of several ways.
fn take(rx: &Receiver<BadClone>, how: usize) -> Option<Event<BadClone>> {
    let message = |(seq, value)| Event::Message { seq, value };
    match how {
        0 => rx.recv().ok(),
        1 => rx.try_recv().ok(),
        2 => rx.recv_timeout(Duration::MAX).ok(),
        3 => rx.recv_message().ok().map(message),
        4 => rx.try_recv_message().ok().map(message),
        5 => rx.iter().next(),
        6 => rx.try_iter().next(),
        _ => rx.drain(3).next(),
    }
}

#[test]
fn s11_a_clone_that_panics_is_seen_by_its_caller_only() {
    watched(|| {
        for how in 0..8 {
            let dispatcher = Dispatcher::builder()
                .capacity(2)
                .lane_capacity(2)
                .build()
                .unwrap();
            let (a, for_a) = dispatcher.channel("a").unwrap();
            let (_b, for_b) = dispatcher.channel("b").unwrap();
            let everybody = dispatcher.broadcaster();
            everybody.send(bad_clones(1, 2)).unwrap();
            a.send(bad_clones(2, 1)).unwrap();
            clock_gets_to(&dispatcher, 2);

            // The message is still there, and nothing was observed.
            panics(|| take(&for_a, how));
            panics(|| take(&for_a, how));
            assert_eq!((for_a.len(), for_a.observed().get()), (2, 0));
            let (seq, value) = take(&for_a, how).unwrap().into_message().unwrap();
            assert_eq!((seq.get(), value.id), (1, 1));
            // A message of its own needs no clone.
            let (seq, value) = take(&for_a, how).unwrap().into_message().unwrap();
            assert_eq!((seq.get(), value.id), (2, 2));

            // The others, and the dispatch, are none the wiser.
            assert_eq!(for_b.recv_message().unwrap().1.id, 1);
            a.send(bad_clones(3, 1)).unwrap();
            assert_eq!(for_a.recv_message().unwrap().0.get(), 3);
            assert!(matches!(for_b.recv(), Ok(Event::Clock(seq)) if seq.get() == 3));
        }
    });
}

#[test]
fn s11_a_clone_that_panics_does_so_in_a_parked_receiver() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (a, mut for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        for n in 0..10 {
            let parked = thread::spawn(move || {
                panics(|| for_a.recv());
                for_a
            });
            // Time to fall asleep.
            thread::sleep(Duration::from_micros(200));
            everybody.send(bad_clones(n, 1)).unwrap();
            for_a = parked.join().unwrap();
            assert_eq!(for_a.recv_message().unwrap().1.id, n);
            assert_eq!(for_b.recv_message().unwrap().1.id, n);
            // It can wait again.
            let parked = thread::spawn(move || {
                assert_eq!(for_a.recv_message().unwrap().1.id, 100 + n);
                for_a
            });
            thread::yield_now();
            a.send(bad_clones(100 + n, 0)).unwrap();
            for_a = parked.join().unwrap();
        }
    });
}

#[test]
fn s11_a_clone_that_panics_in_the_middle_of_a_drain_leaves_the_rest() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(3)
            .lane_capacity(3)
            .build()
            .unwrap();
        let (_a, for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        for (id, panics) in [(1, 0), (2, 1), (3, 0), (4, 0), (5, 0), (6, 0)] {
            everybody.send(bad_clones(id, panics)).unwrap();
        }
        clock_gets_to(&dispatcher, 3);
        let mut got = Vec::new();
        panics(|| {
            for event in for_a.drain(9) {
                got.push(event.into_message().unwrap().1.id);
            }
        });
        assert_eq!(got, [1]);
        // The space of the first is free: all the others come, to everybody.
        for n in 1..=6 {
            assert_eq!(for_b.recv_message().unwrap().1.id, n);
            if n > 1 {
                assert_eq!(for_a.recv_message().unwrap().1.id, n);
            }
        }
    });
}

/// A value whose destructor panics when it is told to, after counting.
struct BadDrop {
    drops: Arc<AtomicU64>,
    panics: bool,
}

impl Drop for BadDrop {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        if self.panics {
            throw();
        }
    }
}

impl Clone for BadDrop {
    fn clone(&self) -> Self {
        panic!("nobody has to clone these");
    }
}

struct BadDrops {
    drops: Arc<AtomicU64>,
    made: AtomicU64,
}

impl BadDrops {
    fn new() -> Self {
        Self {
            drops: Arc::default(),
            made: AtomicU64::new(0),
        }
    }

    fn value(&self, panics: bool) -> BadDrop {
        self.made.fetch_add(1, Ordering::SeqCst);
        BadDrop {
            drops: Arc::clone(&self.drops),
            panics,
        }
    }

    #[track_caller]
    fn all_dropped(&self) {
        let made = self.made.load(Ordering::SeqCst);
        eventually(|| self.drops.load(Ordering::SeqCst) == made);
    }
}

/// The dispatch goes on, in order and without a gap, on a path of its own.
fn goes_on(dispatcher: &Dispatcher<BadDrop>, values: &BadDrops) {
    let (tx, rx) = dispatcher.channel("another").unwrap();
    let everybody = dispatcher.broadcaster();
    let before = dispatcher.clock().seq.get();
    for n in 1..=10 {
        match n % 2 {
            0 => tx.send(values.value(false)).unwrap(),
            _ => everybody.send(values.value(false)).unwrap(),
        }
        assert_eq!(rx.recv_message().unwrap().0.get(), before + n);
    }
}

/// Drops a receiver with a full inbox and a full lane, and says which of the values panic.
fn leave_with_everything_full(in_inbox: &[bool], in_lane: &[bool]) {
    let values = BadDrops::new();
    let dispatcher = Dispatcher::builder()
        .capacity(in_inbox.len())
        .lane_capacity(in_lane.len())
        .build()
        .unwrap();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    let mut plan = in_inbox.iter().chain(in_lane);
    fill(&tx, &rx, || values.value(*plan.next().unwrap()));
    assert!(plan.next().is_none());
    clock_gets_to(&dispatcher, in_inbox.len() as u64);
    // Who drops the receiver may see the panics of what was in its inbox, and of nothing else.
    let outcome = catch_unwind(AssertUnwindSafe(|| drop(rx)));
    assert!(outcome.is_ok() || in_inbox.contains(&true));
    assert!(tx.is_disconnected());
    goes_on(&dispatcher, &values);
    values.all_dropped();
}

#[test]
fn s11_a_destructor_in_a_lane_panics_and_the_dispatch_goes_on() {
    watched(|| {
        leave_with_everything_full(&[false], &[true]);
        leave_with_everything_full(&[false, false], &[true, true, false, true]);
    });
}

#[test]
fn s11_a_destructor_in_an_inbox_panics_and_the_dispatch_goes_on() {
    watched(|| {
        leave_with_everything_full(&[true], &[false]);
        leave_with_everything_full(&[false, true, false], &[false]);
    });
}

/// More than one panic at a time would end the process.
#[test]
fn s11_many_destructors_panic_and_the_dispatch_goes_on() {
    watched(|| {
        leave_with_everything_full(&[true, true], &[true, true]);
        leave_with_everything_full(&[true; 9], &[true; 9]);
    });
}

#[test]
fn s11_the_panic_of_an_inbox_is_seen_by_who_drops_the_receiver() {
    watched(|| {
        let values = BadDrops::new();
        let (tx, rx) = Dispatcher::new().channel("a").unwrap();
        tx.send(values.value(true)).unwrap();
        eventually(|| rx.len() == 1);
        panics(|| drop(rx));
        values.all_dropped();
        assert!(tx.is_disconnected());
    });
}

#[test]
fn s11_destructors_panic_after_every_handle_is_gone() {
    watched(|| {
        for lane_of_a_broadcaster in [false, true] {
            let values = BadDrops::new();
            let dispatcher = Dispatcher::builder()
                .capacity(1)
                .lane_capacity(3)
                .build()
                .unwrap();
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let everybody = dispatcher.broadcaster();
            for _ in 0..4 {
                if lane_of_a_broadcaster {
                    assert!(everybody.send(values.value(true)).is_ok());
                } else {
                    assert!(tx.send(values.value(true)).is_ok());
                }
            }
            eventually(|| rx.len() == 1);
            drop((dispatcher, tx, everybody));
            _ = catch_unwind(AssertUnwindSafe(|| drop(rx)));
            values.all_dropped();
        }
    });
}

/// With nobody to receive it, a broadcast is numbered and dropped, by the engine.
#[test]
fn s11_the_destructor_of_a_broadcast_without_receivers_panics() {
    watched(|| {
        let values = BadDrops::new();
        let dispatcher = Dispatcher::new();
        let everybody = dispatcher.broadcaster();
        for _ in 0..3 {
            assert!(everybody.send(values.value(true)).is_ok());
        }
        clock_gets_to(&dispatcher, 3);
        values.all_dropped();
        goes_on(&dispatcher, &values);
        values.all_dropped();
    });
}

/// Whoever takes a value out is the one who drops it.
#[test]
fn s11_a_value_that_was_received_panics_in_its_owner() {
    watched(|| {
        let values = BadDrops::new();
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        tx.send(values.value(true)).unwrap();
        let event = rx.recv().unwrap();
        panics(|| drop(event));
        drop(rx);
        let error = tx.send(values.value(true)).unwrap_err();
        panics(|| drop(error));
        values.all_dropped();
    });
}

#[test]
fn s11_a_sender_or_receiver_that_unwinds_leaves_properly() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .lane_capacity(1)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let thread = thread::spawn(move || {
            tx.send(1).unwrap();
            throw();
        });
        assert!(thread.join().unwrap_err().is::<Deliberate>());
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 1)));
        assert_eq!(rx.recv(), Err(RecvError));

        let (tx, rx) = dispatcher.channel("b").unwrap();
        let thread = thread::spawn(move || {
            rx.recv_message().unwrap();
            throw();
        });
        tx.send(2).unwrap();
        assert!(thread.join().unwrap_err().is::<Deliberate>());
        assert!(tx.send(3).is_err());
    });
}

/// A value whose `Clone` uses the dispatch that it goes through.
struct Nosy {
    dispatcher: Dispatcher<Nosy>,
}

impl Clone for Nosy {
    fn clone(&self) -> Self {
        let (tx, rx) = self.dispatcher.channel("made by a clone").unwrap();
        let inner = Self {
            dispatcher: self.dispatcher.clone(),
        };
        tx.send(inner).unwrap();
        rx.recv_message().unwrap().1
    }
}

#[test]
fn s11_a_clone_may_use_the_dispatch() {
    watched(|| {
        let dispatcher = Dispatcher::<Nosy>::builder()
            .capacity(1)
            .lane_capacity(1)
            .build()
            .unwrap();
        let (_a, for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        for n in 0..5 {
            let nosy = Nosy {
                dispatcher: dispatcher.clone(),
            };
            assert!(everybody.send(nosy).is_ok());
            assert_eq!(for_a.recv_message().unwrap().0.get(), 2 * n + 1);
            assert_eq!(for_b.recv_message().unwrap().0.get(), 2 * n + 1);
        }
    });
}
