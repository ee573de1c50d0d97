//! How everything ends: nobody waits for ever, and the thread goes. Loom reports it if not.

use clocked_lanes::{DisconnectReason, Dispatcher, Sender};
use loom::sync::Arc;
use loom::thread;

use crate::dispatch::dispatcher;
use crate::explore;

/// S9: the last sender goes while the receiver parks.
#[test]
fn s9_the_last_sender_goes_while_the_receiver_parks() {
    explore::bounded(
        "shutdown: S9, the last sender goes while the receiver parks",
        2,
        || {
            let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
            let receiving = thread::spawn(move || rx.recv().is_err());
            drop(tx);
            assert!(receiving.join().unwrap());
        },
    );
}

/// S9: the last sender goes, and the last broadcaster, in two threads.
#[test]
fn s9_the_last_sender_and_the_last_broadcaster_go() {
    explore::bounded(
        "shutdown: S9, the last sender and the last broadcaster go",
        1,
        || {
            let dispatcher = dispatcher(2, 1);
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let everybody = dispatcher.broadcaster();
            let sending = thread::spawn(move || {
                everybody.send(1).unwrap();
            });
            tx.send(2).unwrap();
            drop(tx);
            let mut got: Vec<u32> = std::iter::from_fn(|| rx.recv_message().ok())
                .map(|(_, value)| value)
                .collect();
            got.sort_unstable();
            assert_eq!(got, [1, 2]);
            sending.join().unwrap();
        },
    );
}

/// S10: all handles go at once, in two threads, with everything full.
#[test]
fn s10_all_handles_go_at_once() {
    explore::bounded("shutdown: S10, all handles go at once", 1, || {
        let dispatcher = dispatcher(1, 1);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        while tx.try_send(1).is_ok() {}
        let dropping = thread::spawn(move || drop((tx, dispatcher)));
        drop(rx);
        dropping.join().unwrap();
    });
}

/// S9, S10: a message holds the very sender that it was sent by, and is in its lane when the receiver goes. It is
/// dropped, whichever of the two comes first; if it were not, the two would keep each other, and the dispatcher's
/// thread, for ever.
#[test]
fn s10_a_message_may_hold_its_sender() {
    explore::bounded("shutdown: S10, a message may hold its sender", 2, || {
        struct Holds(#[expect(dead_code, reason = "it is held")] Arc<Sender<Holds>>);

        let dispatcher = Dispatcher::<Holds>::builder()
            .capacity(1)
            .lane_capacity(1)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let tx = Arc::new(tx);
        drop(dispatcher);
        let leaving = thread::spawn(move || drop(rx));
        let _ = tx.send(Holds(Arc::clone(&tx)));
        let _ = tx.try_send(Holds(Arc::clone(&tx)));
        leaving.join().unwrap();
    });
}

/// A receiver closes while somebody sends: either the value comes back, or it arrives.
#[test]
fn a_receiver_closes_while_somebody_sends() {
    explore::bounded(
        "shutdown: a receiver closes while somebody sends",
        1,
        || {
            let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
            let sending = thread::spawn(move || {
                let sent = tx.try_send(1).is_ok();
                // Kept until the receiver has come to its end, so that it does not come to it by this.
                (sent, tx)
            });
            rx.close();
            let got = rx.recv_message().is_ok();
            assert!(!got || rx.recv().is_err());
            let (sent, _tx) = sending.join().unwrap();
            assert_eq!(sent, got);
        },
    );
}

/// Who finds a lane closed finds why it was: here, because the receiver has left.
#[test]
fn who_finds_a_lane_closed_finds_that_the_receiver_left() {
    explore::bounded(
        "shutdown: who finds a lane closed finds that the receiver left",
        2,
        || {
            let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
            let leaving = thread::spawn(move || drop(rx));
            let why = tx.disconnect_reason();
            let is_why = why == Some(DisconnectReason::ReceiverGone);
            assert!(why.is_none() || is_why, "{why:?}");
            leaving.join().unwrap();
        },
    );
}

/// A sender that is blocked on its lane wakes when the receiver closes, though nobody receives.
#[test]
fn a_receiver_closes_while_a_sender_is_blocked() {
    explore::bounded(
        "shutdown: a receiver closes while a sender is blocked",
        1,
        || {
            let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
            while tx.try_send(1).is_ok() {}
            let sending = thread::spawn(move || tx.send(2).is_ok());
            rx.close();
            let sent = sending.join().unwrap();
            let got = std::iter::from_fn(|| rx.recv_message().ok());
            assert_eq!(got.filter(|(_, value)| *value == 2).count() == 1, sent);
        },
    );
}
