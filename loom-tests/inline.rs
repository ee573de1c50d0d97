//! The dispatch without a thread: its baton, and the whole of it on the crate's own handles.

use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use clocked_lanes::models::Baton;
use clocked_lanes::{Dispatcher, Event, Order, RecvTimeoutError, Seq};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::explore;

/// What goes with the baton is used by one at a time, and what one has done to it the next one sees. (Loom checks
/// each use.)
#[test]
fn one_at_a_time() {
    explore::all("inline: one at a time", || {
        let baton = Arc::new(Baton::new(0));
        let other = Arc::clone(&baton);
        let helping = thread::spawn(move || usize::from(other.help(|n| *n += 1)));
        let mut done = usize::from(baton.help(|n| *n += 1));
        done += helping.join().unwrap();
        assert!(baton.help(|n| assert_eq!(*n, done)));
    });
}

/// What was asked for has been done when everybody has gone: by who asked, or by who held the baton at the time.
#[test]
fn a_note_is_not_lost() {
    explore::all("inline: a note is not lost", || {
        let baton = Arc::new(Baton::new(0));
        let asked = Arc::new(AtomicUsize::new(0));
        let ask = |asked: &AtomicUsize, baton: &Baton<usize>| {
            asked.fetch_add(1, Ordering::Relaxed);
            baton.call(|done| *done = asked.load(Ordering::Relaxed));
        };
        let (there, other) = (Arc::clone(&asked), Arc::clone(&baton));
        let asking = thread::spawn(move || ask(&there, &other));
        ask(&asked, &baton);
        asking.join().unwrap();
        let mut seen = 0;
        assert!(baton.help(|done| seen = *done));
        assert_eq!(seen, 2);
    });
}

/// The same with three, one of which puts the baton down though there may be a note: then it is owed.
#[test]
fn what_is_owed_is_known() {
    explore::bounded("inline: what is owed is known", 3, || {
        let baton = Arc::new(Baton::new(0));
        let asked = Arc::new(AtomicUsize::new(0));
        let (there, other) = (Arc::clone(&asked), Arc::clone(&baton));
        let asking = thread::spawn(move || {
            there.fetch_add(1, Ordering::Relaxed);
            other.call(|done| *done = there.load(Ordering::Relaxed));
        });
        let other = Arc::clone(&baton);
        let owing = thread::spawn(move || other.help_and_owe(|_| {}));
        asking.join().unwrap();
        owing.join().unwrap();
        let mut seen = 0;
        if baton.is_owed() {
            baton.help(|done| *done = asked.load(Ordering::Relaxed));
        }
        assert!(baton.help(|done| seen = *done));
        assert_eq!(seen, 1);
    });
}

fn dispatcher(capacity: usize, lane_capacity: usize) -> Dispatcher<u32> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .inline()
        .build()
        .unwrap()
}

/// A message gets to a receiver that parks as it is sent, and the end after it.
#[test]
fn a_message_wakes_a_receiver() {
    explore::bounded("inline: a message wakes a receiver", 1, || {
        let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
        let sending = thread::spawn(move || tx.send(7).unwrap());
        assert_eq!(rx.recv_message().unwrap().1, 7);
        assert!(rx.recv().is_err());
        sending.join().unwrap();
    });
}

/// The sender has gone, and nobody else comes: whoever has parked by then gets what was sent. Of three threads, so
/// only the order in which they wait and go on is explored.
#[test]
fn nothing_is_stranded_when_the_last_one_goes() {
    explore::bounded(
        "inline: nothing is stranded as the last one goes",
        0,
        || {
            let dispatcher = dispatcher(1, 1);
            let (to_a, for_a) = dispatcher.channel("a").unwrap();
            let (to_b, for_b) = dispatcher.channel("b").unwrap();
            let waiting = thread::spawn(move || for_b.recv_message().unwrap());
            // Nothing tells the engine afterwards: the handles stay.
            let sending = thread::spawn(move || {
                to_a.send(1).unwrap();
                to_b.send(2).unwrap();
                (to_a, to_b)
            });
            assert_eq!(for_a.recv_message().unwrap().1, 1);
            assert_eq!(waiting.join().unwrap().1, 2);
            drop(sending.join().unwrap());
        },
    );
}

/// Whether a task has been woken. Of no concern to loom.
#[derive(Default)]
struct Woken(AtomicBool);

impl Woken {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A message comes as somebody is at the engine who leaves it to others: the task that waits for it sees to that. A
/// thread that waits no more is not asked to.
#[test]
fn a_task_inherits_what_is_owed() {
    explore::bounded("inline: a task inherits what is owed", 2, || {
        let dispatcher = dispatcher(1, 1);
        let (_to_a, for_a) = dispatcher.channel("a").unwrap();
        let (to_b, mut for_b) = dispatcher.channel("b").unwrap();
        let gives_up = for_a.recv_timeout(Duration::ZERO);
        assert_eq!(gives_up, Err(RecvTimeoutError::Timeout));

        let woken = std::sync::Arc::new(Woken::default());
        let waker = woken.clone().into();
        let mut cx = Context::from_waker(&waker);
        let mut receiving = pin!(for_b.recv_async());
        assert!(receiving.as_mut().poll(&mut cx).is_pending());
        let sending = thread::spawn(move || {
            to_b.send(7).unwrap();
            to_b
        });
        assert!(for_a.try_recv_message().is_err());
        let to_b = sending.join().unwrap();
        let event = loop {
            assert!(woken.take(), "nobody sees to the message");
            if let Poll::Ready(event) = receiving.as_mut().poll(&mut cx) {
                break event.unwrap();
            }
        };
        assert_eq!(event.into_message(), Some((Seq::from(1), 7)));
        drop(to_b);
    });
}

/// A receiver that waits for the clock is woken by a message to another one, which nobody receives.
#[test]
fn a_tick_wakes_a_receiver() {
    explore::bounded("inline: a tick wakes a receiver", 3, || {
        let dispatcher = dispatcher(1, 1);
        let (tx, _rx) = dispatcher.channel("a").unwrap();
        let (_quiet, watcher) = dispatcher.channel("b").unwrap();
        let sending = thread::spawn(move || {
            tx.send(7).unwrap();
            tx
        });
        assert_eq!(watcher.recv(), Ok(Event::Clock(Seq::from(1))));
        drop(sending.join().unwrap());
    });
}

/// Both buffers hold one message; a sender that has parked goes on as there is space.
#[test]
fn s7_a_freed_slot_is_used() {
    explore::bounded("inline: S7, a freed slot is used", 1, || {
        let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
        let sending = thread::spawn(move || {
            for n in 1..=3 {
                tx.send(n).unwrap();
            }
        });
        for n in 1..=3 {
            assert_eq!(rx.recv_message().unwrap().1, n);
        }
        sending.join().unwrap();
    });
}

/// One who has parked waits for another one's receiver: a broadcast waits for that one's space.
#[test]
fn b3_a_full_receiver_makes_space_for_a_broadcast() {
    explore::bounded(
        "inline: B3, a full receiver makes space for a broadcast",
        1,
        || {
            let dispatcher = dispatcher(1, 1);
            let (tx, full) = dispatcher.channel("full").unwrap();
            let (_quiet, other) = dispatcher.channel("other").unwrap();
            let everybody = dispatcher.broadcaster();
            tx.send(1).unwrap();
            for n in 2..=4 {
                let _ = everybody.try_send(n);
            }
            let waiting = thread::spawn(move || {
                for n in 2..=3 {
                    assert_eq!(other.recv_message().unwrap().1, n);
                }
            });
            while let Ok((_, value)) = full.recv_message() {
                if value == 3 {
                    break;
                }
            }
            waiting.join().unwrap();
        },
    );
}

/// A sender that has parked on a full lane gets its value back as the receiver leaves.
#[test]
fn s9_a_blocked_sender_gets_its_value_back() {
    explore::bounded(
        "inline: S9, a blocked sender gets its value back",
        2,
        || {
            let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
            let leaving = thread::spawn(move || drop(rx));
            for n in 1..=3 {
                if let Err(error) = tx.send(n) {
                    assert_eq!(error.into_inner(), n);
                }
            }
            leaving.join().unwrap();
            assert!(tx.send(4).is_err());
        },
    );
}

/// C2: who waits for a number gets it, whoever is at the engine.
#[test]
fn c2_a_sequenced_send_gets_its_number() {
    explore::bounded("inline: C2, a sequenced send gets its number", 2, || {
        let dispatcher = dispatcher(2, 1);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let other = dispatcher.sender("a").unwrap();
        let sending = thread::spawn(move || other.send_sequenced(1).unwrap().get());
        let here = tx.send_sequenced(2).unwrap().get();
        let there = sending.join().unwrap();
        assert_eq!(here + there, 3, "1 and 2");
        drop(rx);
    });
}

/// F2: a promise alone moves the clock of a receiver that waits for it.
#[test]
fn f2_a_promise_wakes_a_receiver() {
    explore::bounded("inline: F2, a promise wakes a receiver", 3, || {
        let builder = Dispatcher::<u32>::builder().capacity(1).lane_capacity(1);
        let dispatcher = builder
            .inline()
            .forwarding(Order::Frontier)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let promising = thread::spawn(move || {
            tx.advance(5).unwrap();
            tx
        });
        assert_eq!(rx.recv(), Ok(Event::Clock(Seq::from(5))));
        drop(promising.join().unwrap());
    });
}
