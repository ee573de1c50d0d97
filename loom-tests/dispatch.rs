//! The whole dispatch, on the crate's own handles and its own thread.

use clocked_lanes::{Dispatcher, Event, Seq};
use loom::thread;

use crate::explore;

fn dispatcher(capacity: usize, lane_capacity: usize) -> Dispatcher<u32> {
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
