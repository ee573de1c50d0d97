//! The whole dispatch, on the crate's own handles and its own thread.

use clocked_lanes::{Dispatcher, Event, Seq};
use loom::thread;

use crate::explore;

pub(crate) fn dispatcher(capacity: usize, lane_capacity: usize) -> Dispatcher<u32> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .build()
        .unwrap()
}

/// A message arrives, and the end after it; the dispatcher's thread ends with the last handle, or loom
/// would report it.
#[test]
fn a_message_and_the_end_arrive() {
    explore::bounded("dispatch: a message and the end arrive", 2, || {
        let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
        tx.send(7).unwrap();
        drop(tx);
        assert_eq!(
            rx.recv(),
            Ok(Event::Message {
                seq: Seq::from(1),
                value: 7
            })
        );
        assert!(rx.recv().is_err());
    });
}

/// A receiver that parks until the clock moves is woken by a message to another.
#[test]
fn a_tick_wakes_a_parked_receiver() {
    explore::bounded("dispatch: a tick wakes a parked receiver", 1, || {
        let dispatcher = dispatcher(1, 1);
        let (tx, _rx) = dispatcher.channel("a").unwrap();
        let (_quiet, watcher) = dispatcher.channel("b").unwrap();
        let watching = thread::spawn(move || watcher.recv());
        tx.send(7).unwrap();
        assert_eq!(watching.join().unwrap(), Ok(Event::Clock(Seq::from(1))));
    });
}

/// A sender blocked on a full lane gets its value back when the receiver leaves.
#[test]
fn a_blocked_sender_gets_its_value_back() {
    explore::bounded("dispatch: a blocked sender gets its value back", 1, || {
        let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        let leaving = thread::spawn(move || drop(rx));
        if let Err(error) = tx.send(3) {
            assert_eq!(error.into_inner(), 3);
        }
        leaving.join().unwrap();
        assert!(tx.send(4).is_err());
    });
}

/// S7: a slot is freed as the engine goes to sleep. Both buffers hold one message, and three go through.
#[test]
fn s7_a_slot_is_freed_as_the_engine_goes_to_sleep() {
    explore::bounded(
        "dispatch: S7, a slot is freed as the engine goes to sleep",
        1,
        || {
            let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
            let sending = thread::spawn(move || {
                for n in 1..=3 {
                    tx.send(n).unwrap();
                }
            });
            for n in 1..=3 {
                let (seq, value) = rx.recv_message().unwrap();
                assert_eq!((seq.get(), value), (u64::from(n), n));
            }
            sending.join().unwrap();
        },
    );
}

/// B3: a broadcast waits for a receiver that is full, and arrives everywhere when it no longer is.
#[test]
fn b3_a_broadcast_waits_for_a_full_receiver() {
    explore::bounded(
        "dispatch: B3, a broadcast waits for a full receiver",
        1,
        || {
            let dispatcher = dispatcher(1, 1);
            let (a, for_a) = dispatcher.channel("a").unwrap();
            let (_b, for_b) = dispatcher.channel("b").unwrap();
            let everybody = dispatcher.broadcaster();
            a.send(1).unwrap();
            everybody.send(2).unwrap();
            let values = [for_a.recv_message(), for_a.recv_message()];
            assert!(values.iter().any(|m| matches!(m, Ok((_, 1)))));
            assert!(values.iter().any(|m| matches!(m, Ok((_, 2)))));
            assert_eq!(for_b.recv_message().unwrap().1, 2);
        },
    );
}

/// S1, S2: two senders to one receiver. The numbers have no gap, and each sender's messages are in order.
#[test]
fn s1_s2_two_senders() {
    explore::bounded("dispatch: S1 and S2, two senders", 1, || {
        let (tx, rx) = dispatcher(2, 1).channel("a").unwrap();
        let other = tx.clone();
        let sending = thread::spawn(move || {
            other.send(10).unwrap();
            other.send(11).unwrap();
        });
        tx.send(20).unwrap();
        let got: Vec<_> = (0..3).map(|_| rx.recv_message().unwrap()).collect();
        assert!(got.iter().map(|(seq, _)| seq.get()).eq(1..=3));
        let tens: Vec<u32> = got.iter().map(|&(_, v)| v).filter(|&v| v < 20).collect();
        assert_eq!(tens, [10, 11]);
        sending.join().unwrap();
    });
}

/// S4 through the whole dispatch: a tick is not returned before a message that it covers.
#[test]
fn s4_a_tick_does_not_overtake_a_message() {
    explore::bounded(
        "dispatch: S4, a tick does not overtake a message",
        1,
        || {
            let dispatcher = dispatcher(2, 2);
            let (a, for_a) = dispatcher.channel("a").unwrap();
            let (b, _for_b) = dispatcher.channel("b").unwrap();
            let sending = thread::spawn(move || {
                a.send(1).unwrap();
                b.send(2).unwrap();
                // Neither is disconnected meanwhile.
                (a, b)
            });
            let mut message = None;
            let mut last = 0;
            while last < 2 {
                let event = for_a.recv().unwrap();
                assert!(event.seq().get() > last);
                last = event.seq().get();
                if let Event::Message { seq, .. } = event {
                    message = Some(seq.get());
                }
            }
            // Whichever number the message had, it has come by now.
            assert!(message.is_some());
            sending.join().unwrap();
        },
    );
}
