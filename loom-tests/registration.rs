//! Who joins, and under which name, while messages flow.

use clocked_lanes::{ChannelError, Dispatcher};
use loom::thread;

use crate::dispatch::dispatcher;
use crate::explore;

/// B1: a receiver that was made before a broadcast was sent gets it, though the engine learns of the two on
/// different lanes, and is busy with a message for another receiver.
#[test]
fn b1_a_join_comes_before_the_broadcast_after_it() {
    explore::bounded(
        "registration: B1, a join comes before the broadcast after it",
        1,
        || {
            let dispatcher = dispatcher(2, 2);
            let everybody = dispatcher.broadcaster();
            let (_tx, rx) = dispatcher.channel("a").unwrap();
            everybody.send(7).unwrap();
            assert_eq!(rx.recv_message().unwrap().1, 7);
        },
    );
}

/// B1 while the engine is busy with the broadcaster's lane, and has been told of all joins already.
#[test]
fn b1_a_join_comes_before_the_broadcast_after_it_on_a_busy_lane() {
    explore::bounded("registration: B1, on a busy lane", 2, || {
        let dispatcher = dispatcher(2, 2);
        let everybody = dispatcher.broadcaster();
        everybody.send(6).unwrap();
        let (_tx, rx) = dispatcher.channel("a").unwrap();
        everybody.send(7).unwrap();
        // Whether it gets the one before is not said.
        while rx.recv_message().unwrap().1 != 7 {}
    });
}

/// A sender made by one thread while another sends: both messages arrive, the clone's too.
#[test]
fn a_clone_joins_while_others_send() {
    explore::bounded("registration: a clone joins while others send", 1, || {
        let (tx, rx) = dispatcher(2, 1).channel("a").unwrap();
        let sending = thread::spawn(move || {
            let other = tx.clone();
            other.send(1).unwrap();
            drop(other);
            tx.send(2).unwrap();
        });
        let mut got: Vec<u32> = Vec::new();
        while let Ok((seq, value)) = rx.recv_message() {
            assert_eq!(seq.get(), got.len() as u64 + 1);
            got.push(value);
        }
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        sending.join().unwrap();
    });
}

/// Two threads want the same name: one gets it.
#[test]
fn a_name_is_given_once() {
    explore::bounded("registration: a name is given once", 1, || {
        let dispatcher = dispatcher(1, 1);
        let other = dispatcher.clone();
        let naming = thread::spawn(move || other.channel("a").map(drop).is_ok());
        let here = dispatcher.channel("a");
        let there = naming.join().unwrap();
        // Both, if the other one has dropped it by then.
        assert!(here.is_ok() || there);
        drop(here);
        assert!(dispatcher.channel("a").is_ok());
    });
}

/// A sender is asked for by name while the receiver leaves: it is refused, or disconnected.
#[test]
fn a_sender_by_name_while_the_receiver_leaves() {
    explore::bounded(
        "registration: a sender by name while the receiver leaves",
        1,
        || {
            let dispatcher: Dispatcher<u32> = dispatcher(1, 1);
            let (_tx, rx) = dispatcher.channel("a").unwrap();
            let leaving = thread::spawn(move || drop(rx));
            match dispatcher.sender("a") {
                Ok(tx) => {
                    let _ = tx.send(1);
                }
                Err(error) => assert_eq!(error, ChannelError::UnknownName("a".to_owned())),
            }
            leaving.join().unwrap();
            assert!(dispatcher.sender("a").is_err());
        },
    );
}

/// A sender is asked for by name while the last one leaves: it is refused, or it works like any other.
#[test]
fn a_sender_by_name_while_the_last_one_leaves() {
    explore::bounded(
        "registration: a sender by name while the last one leaves",
        1,
        || {
            let dispatcher: Dispatcher<u32> = dispatcher(1, 1);
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let leaving = thread::spawn(move || drop(tx));
            match dispatcher.sender("a") {
                Ok(tx) => {
                    tx.send(1).unwrap();
                    assert_eq!(rx.recv_message().unwrap().1, 1);
                }
                Err(error) => assert_eq!(error, ChannelError::Disconnected("a".to_owned())),
            }
            assert!(rx.recv_message().is_err());
            leaving.join().unwrap();
        },
    );
}

/// A sender that is cloned as its receiver leaves is disconnected, and the dispatch goes on.
#[test]
fn a_clone_as_the_receiver_leaves() {
    explore::bounded("registration: a clone as the receiver leaves", 1, || {
        let dispatcher = dispatcher(1, 1);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let leaving = thread::spawn(move || drop(rx));
        let _ = tx.clone().send(1);
        leaving.join().unwrap();
        assert!(tx.clone().send(2).is_err());
        let (tx, rx) = dispatcher.channel("a").unwrap();
        tx.send(3).unwrap();
        assert_eq!(rx.recv_message().unwrap().1, 3);
    });
}
