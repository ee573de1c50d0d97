//! How far a receiver has observed: who waits for it is woken.
//!
//! The receiver's end of an inbox on its own: no lane is in these models, and the queue's lock is only taken by a
//! receiver that has found a target in it.

use clocked_lanes::models::{ClockWriter, Inlet, Outlet, clock, inbox};
use clocked_lanes::{Clock, DisconnectReason, Seq};
use loom::thread;

use crate::dispatch::dispatcher;
use crate::explore;

/// A receiver whose clock is at `last`, without a message.
fn behind(last: u64) -> (ClockWriter, Inlet<u64>, Outlet<u64>) {
    let at = |n| Clock {
        seq: Seq::from(n),
        dispatched: n,
    };
    let (mut writer, cell) = clock(at(0));
    let (mut inlet, outlet) = inbox(2, &cell);
    for n in 1..=last {
        inlet.push(n, n);
    }
    inlet.commit();
    writer.publish(at(last));
    (writer, inlet, outlet)
}

/// C1: who waits for a number wakes when it is observed. Loom reports a thread that sleeps for ever.
#[test]
fn c1_a_wake_up_is_not_lost() {
    explore::all("progress: C1, a wake-up is not lost", || {
        let (_writer, _inlet, outlet) = behind(1);
        let progress = outlet.progress();
        let waiting = thread::spawn(move || progress.wait_for(1));
        let _ = outlet.look();
        assert_eq!(waiting.join().unwrap(), Ok(Seq::from(1)));
    });
}

/// C1: two wait for different numbers, and a third one has given up by then.
#[test]
fn c1_two_wait_for_different_numbers() {
    explore::bounded("progress: C1, two wait for different numbers", 2, || {
        let (_writer, _inlet, outlet) = behind(2);
        let (first, second) = (outlet.progress(), outlet.progress());
        let waits = [(first, 1), (second, 2)].map(|(progress, n)| {
            thread::spawn(move || assert!(progress.wait_for(n).unwrap() >= Seq::from(n)))
        });
        let _ = outlet.look();
        let _ = outlet.look();
        for wait in waits {
            wait.join().unwrap();
        }
    });
}

/// C1: the first to watch does so while the receiver is at it; another one is told of it by the first.
#[test]
fn c1_one_that_is_cloned_later_is_heard() {
    explore::all("progress: C1, one that is cloned later is heard", || {
        let (_writer, _inlet, outlet) = behind(1);
        let progress = outlet.progress();
        let waiting = thread::spawn(move || {
            let clone = progress.clone();
            drop(progress);
            clone.wait_for(1)
        });
        let _ = outlet.look();
        assert_eq!(waiting.join().unwrap(), Ok(Seq::from(1)));
    });
}

/// C1: the receiver is dropped early while somebody waits.
#[test]
fn c1_a_receiver_leaves_while_somebody_waits() {
    explore::all(
        "progress: C1, a receiver leaves while somebody waits",
        || {
            let (_writer, _inlet, outlet) = behind(1);
            let progress = outlet.progress();
            let waiting = thread::spawn(move || progress.wait_for(1).unwrap_err());
            outlet.leave();
            let error = waiting.join().unwrap();
            assert_eq!(error.reason, DisconnectReason::ReceiverGone);
        },
    );
}

/// C1: who finds that the receiver has left finds how far it had got.
#[test]
fn c1_the_end_does_not_hide_the_last_number() {
    explore::all(
        "progress: C1, the end does not hide the last number",
        || {
            let (_writer, _inlet, outlet) = behind(1);
            let progress = outlet.progress();
            let waiting = thread::spawn(move || progress.wait_for(1));
            let _ = outlet.look();
            outlet.leave();
            assert_eq!(waiting.join().unwrap(), Ok(Seq::from(1)));
        },
    );
}

/// C1: a number is missing for good while somebody waits for it; who is told of it is told which.
#[test]
fn c1_a_missing_number_is_told() {
    explore::all("progress: C1, a missing number is told", || {
        let (_writer, inlet, outlet) = behind(0);
        let progress = outlet.progress();
        let waiting = thread::spawn(move || progress.wait_for(2).unwrap_err());
        inlet.give_up(1);
        let error = waiting.join().unwrap();
        assert_eq!(error.reason, DisconnectReason::MissingNumber(Seq::from(2)));
    });
}

/// C1: a number is missing as the receiver leaves: either reason is as good, and each is whole.
#[test]
fn c1_a_number_is_missing_as_the_receiver_leaves() {
    explore::bounded(
        "progress: C1, a number is missing as the receiver leaves",
        2,
        || {
            let (_writer, inlet, outlet) = behind(0);
            let progress = outlet.progress();
            let engine = thread::spawn(move || inlet.give_up(1));
            let leaving = thread::spawn(move || outlet.leave());
            let reason = progress.wait_for(2).unwrap_err().reason;
            let missing = DisconnectReason::MissingNumber(Seq::from(2));
            let is_gone = reason == DisconnectReason::ReceiverGone;
            assert!(is_gone || reason == missing, "{reason:?}");
            engine.join().unwrap();
            leaving.join().unwrap();
        },
    );
}

/// C1: the receiver comes to its end while somebody waits for a number that is never given.
#[test]
fn c1_a_receiver_drains_while_somebody_waits() {
    explore::all(
        "progress: C1, a receiver drains while somebody waits",
        || {
            let (_writer, inlet, outlet) = behind(0);
            let progress = outlet.progress();
            let waiting = thread::spawn(move || progress.wait_for(7));
            inlet.end(0);
            let _ = outlet.look();
            assert_eq!(waiting.join().unwrap(), Ok(Seq::from(7)));
        },
    );
}

/// S12, C1: the engine dies while somebody waits.
#[test]
fn s12_the_engine_dies_while_somebody_waits() {
    explore::all(
        "progress: S12, the engine dies while somebody waits",
        || {
            let (_writer, inlet, outlet) = behind(0);
            let progress = outlet.progress();
            let waiting = thread::spawn(move || progress.wait_for(1).unwrap_err());
            drop(inlet);
            let error = waiting.join().unwrap();
            assert_eq!(error.reason, DisconnectReason::DispatcherDied);
        },
    );
}

/// C1 and S5 through a whole dispatch: what is sent to one receiver is learnt of at the other, by a third.
#[test]
fn c1_across_a_dispatch() {
    explore::bounded("progress: C1, across a dispatch", 1, || {
        let dispatcher = dispatcher(1, 1);
        let (tx, for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let progress = for_b.progress();
        thread::spawn(move || while for_b.recv().is_ok() {});
        tx.send(1).unwrap();
        let (seq, _) = for_a.recv_message().unwrap();
        assert!(progress.wait_for(seq).unwrap() >= seq);
    });
}
