//! The faults of `clocked-dispatch` 4.0.2, one test each.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::thread;

use clocked_lanes::{ChannelError, Dispatcher, Event, Forwarding, Order, SendError, Seq};

use common::clock::clock_gets_to;
use common::full::fill;
use common::rounds::rounds;
use common::watchdog::watched;

/// There, the dispatcher blocks on a full receiver, and nobody gets anything any more.
#[test]
fn a_stalled_receiver_does_not_stop_an_independent_path() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(4)
            .lane_capacity(4)
            .build()
            .unwrap();
        let (to_stalled, stalled) = dispatcher.channel("stalled").unwrap();
        let (tx, rx) = dispatcher.channel("independent").unwrap();
        fill(&to_stalled, &stalled, || 0);
        thread::scope(|scope| {
            let blocked = scope.spawn(|| to_stalled.send(0));
            scope.spawn(move || (0..rounds(2_000)).try_for_each(|n| tx.send(n)).unwrap());
            for n in 0..rounds(2_000) {
                assert_eq!(rx.recv_message(), Ok((Seq::from(5 + n), n)));
            }
            drop(stalled);
            assert_eq!(blocked.join().unwrap(), Err(SendError(0)));
        });
    });
}

/// There, a clone and a drop are messages to the dispatcher on the bounded channel that is full.
#[test]
fn drop_and_clone_with_full_buffers_do_not_block() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .lane_capacity(1)
            .build()
            .unwrap();
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        fill(&a, &for_a, || 0);
        fill(&b, &for_b, || 0);
        let everybody = dispatcher.broadcaster();
        everybody.send(1).unwrap();
        everybody.send(2).unwrap();
        let count = if cfg!(miri) { 3 } else { 100 };
        let clones: Vec<_> = (0..count).map(|_| (a.clone(), everybody.clone())).collect();
        for (tx, _) in &clones {
            tx.try_send(3).unwrap();
        }
        drop(clones);
        drop((a, everybody));
        drop(for_b);
        drop(b);
        // All that was sent to the other one arrives, since it did not leave.
        let values = for_a
            .iter()
            .filter_map(|event| Some(event.into_message()?.1));
        assert_eq!(values.collect::<Vec<_>>().len(), 2 + 2 + count);
    });
}

/// There, the dispatcher looks the receiver up and panics; every other handle is then dead.
#[test]
fn a_sender_cloned_after_its_receiver_left_does_not_kill_the_dispatcher() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("leaves").unwrap();
        let (other, for_other) = dispatcher.channel("stays").unwrap();
        drop(rx);
        let clone = tx.clone();
        assert_eq!(clone.send(1), Err(SendError(1)));
        let clone = clone.clone();
        drop(tx);
        assert_eq!(clone.send(2), Err(SendError(2)));
        other.send(3).unwrap();
        assert_eq!(for_other.recv_message(), Ok((Seq::from(1), 3)));
        assert_eq!(clone.clone().send(4), Err(SendError(4)));
        other.send(5).unwrap();
        assert_eq!(for_other.recv_message(), Ok((Seq::from(2), 5)));
    });
}

/// There, the receivers are told the time one after the other, and each waits for the one before.
#[test]
fn a_full_first_target_does_not_delay_the_clock_of_later_ones() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(2)
            .build()
            .unwrap();
        let (first, for_first) = dispatcher.channel("first").unwrap();
        let later: Vec<_> = (0..5)
            .map(|i| dispatcher.channel(format!("later {i}")).unwrap())
            .collect();
        fill(&first, &for_first, || 0);
        clock_gets_to(&dispatcher, 2);
        for (_, rx) in &later {
            assert_eq!(rx.recv(), Ok(Event::Clock(Seq::from(2))));
        }
        // Also if what the others wait for is a broadcast that fills the first one to the brim.
        dispatcher.broadcaster().send(1).unwrap();
        for (_, rx) in &later {
            assert_eq!(rx.recv_message(), Ok((Seq::from(3), 1)));
        }
        let (tx, rx) = &later[4];
        tx.send(2).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(4), 2)));
        clock_gets_to(&dispatcher, 4);
        for (_, rx) in &later[..4] {
            assert_eq!(rx.recv(), Ok(Event::Clock(Seq::from(4))));
        }
        assert_eq!(for_first.len(), 3);
    });
}

/// There, the dispatcher's thread panics on it.
#[test]
fn a_duplicate_name_does_not_panic() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let error = dispatcher.channel("a").unwrap_err();
        assert_eq!(error, ChannelError::NameInUse("a".to_owned()));
        tx.send(1).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 1)));
    });
}

fn dense(window: usize) -> Dispatcher<u64, Forwarding> {
    let order = Order::Dense { window };
    Dispatcher::builder().forwarding(order).build().unwrap()
}

/// There, a number that is filled with nothing before its turn is lost, and the stream stalls.
#[test]
fn an_empty_number_beyond_the_next_one_counts() {
    watched(|| {
        let (tx, rx) = dense(8).channel("a").unwrap();
        tx.forward_empty(3).unwrap();
        tx.forward(4, 4).unwrap();
        tx.forward(2, 2).unwrap();
        tx.forward_empty(1).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(2), 2)));
        assert_eq!(rx.recv_message(), Ok((Seq::from(4), 4)));
    });
}

/// There, the dispatcher's thread panics on it.
#[test]
fn a_late_number_does_not_kill_the_dispatcher() {
    watched(|| {
        let dispatcher = dense(8);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        tx.forward(1, 1).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 1)));
        tx.clone().forward(1, 100).unwrap();
        tx.forward(2, 2).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(2), 2)));
        assert_eq!(dispatcher.rejects().recv().unwrap().value, Some(100));
    });
}

/// There, they are never delivered, and neither is anything after them.
#[test]
fn delayed_messages_of_a_receiver_that_leaves_leave_no_gap() {
    watched(|| {
        let dispatcher = dense(8);
        let (tx, rx) = dispatcher.channel("leaves").unwrap();
        let (other, for_other) = dispatcher.channel("stays").unwrap();
        tx.forward(2, 2).unwrap();
        other.forward(3, 3).unwrap();
        drop((tx, rx));
        other.forward(1, 1).unwrap();
        assert_eq!(for_other.recv_message(), Ok((Seq::from(1), 1)));
        assert_eq!(for_other.recv_message(), Ok((Seq::from(3), 3)));
    });
}

/// There, they stay in the dispatcher for ever.
#[test]
fn delayed_messages_are_delivered_when_all_senders_are_gone() {
    watched(|| {
        let (tx, rx) = dense(8).channel("a").unwrap();
        tx.forward(5, 5).unwrap();
        tx.forward(3, 3).unwrap();
        drop(tx);
        assert_eq!(rx.recv_message(), Ok((Seq::from(3), 3)));
        assert_eq!(rx.recv_message(), Ok((Seq::from(5), 5)));
        assert!(rx.recv_message().is_err());
    });
}

/// There, the second of two messages with one number is not seen by `try_recv`.
#[test]
fn try_recv_finds_every_message_with_one_number() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .forwarding(Order::Frontier)
            .build()
            .unwrap();
        let (a, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        a.forward(1, 'a').unwrap();
        everybody.forward(1, 'b').unwrap();
        drop((a, everybody));
        let mut values = Vec::new();
        loop {
            match rx.try_recv() {
                Ok(event) => values.extend(event.into_message().map(|m| m.1)),
                Err(error) if error.is_disconnected() => break,
                Err(_) => thread::yield_now(),
            }
        }
        values.sort_unstable();
        assert_eq!(values, ['a', 'b']);
    });
}
