//! Closing a receiver: nothing more can be sent to it, and nothing that was sent is lost.
#![cfg(not(loom))]

mod common {
    pub(crate) mod counted;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use clocked_lanes::{
    ChannelError, DisconnectReason, Dispatcher, Order, Receiver, SendError, Seq, TrySendError,
};

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

fn values<T>(rx: &Receiver<T>) -> Vec<T> {
    let messages = std::iter::from_fn(|| rx.recv_message().ok());
    messages.map(|(_, value)| value).collect()
}

#[test]
fn what_was_sent_arrives_and_nothing_else_can_be_sent() {
    watched(|| {
        let dispatcher = small(2, 4);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let weak = tx.downgrade();
        let mut sent = 0;
        fill(&tx, &rx, || {
            sent += 1;
            sent
        });
        assert!(!rx.is_closed());
        rx.close();
        rx.close();
        assert!(rx.is_closed());
        assert_eq!(tx.send(9), Err(SendError(9)));
        assert_eq!(tx.try_send(9), Err(TrySendError::Disconnected(9)));
        assert_eq!(tx.clone().send(9), Err(SendError(9)));
        assert!(tx.send_batch([9]).unwrap_err().is_disconnected());
        assert!(weak.upgrade().is_none());
        let reason = Some(DisconnectReason::ReceiverClosed);
        assert_eq!(
            (tx.disconnect_reason(), tx.is_disconnected()),
            (reason, true)
        );
        let closed = ChannelError::Disconnected("a".to_owned());
        assert_eq!(dispatcher.sender("a").unwrap_err(), closed);
        assert!(
            dispatcher.channel("a").is_err(),
            "it is there until it is dropped"
        );
        assert_eq!(values(&rx), (1..=sent).collect::<Vec<_>>());
        assert_eq!(
            (rx.disconnect_reason(), rx.is_disconnected()),
            (reason, true)
        );
        drop(rx);
        assert!(dispatcher.channel("a").is_ok());
    });
}

/// Blocked senders get their values back, though nobody makes space; sequenced ones whose message is in the lane
/// get their numbers.
#[test]
fn blocked_senders_wake() {
    watched(|| {
        let (tx, rx) = small(1, 1).channel("a").unwrap();
        tx.send(1).unwrap();
        eventually(|| tx.is_empty());
        let sequenced = {
            let tx = tx.clone();
            thread::spawn(move || tx.send_sequenced(2))
        };
        fill(&tx, &rx, || 3);
        let blocked: Vec<_> = (0..3)
            .map(|_| {
                let tx = tx.clone();
                thread::spawn(move || {
                    tx.send(3).unwrap();
                    tx.send(4)
                })
            })
            .collect();
        let watching = {
            let tx = tx.clone();
            thread::spawn(move || tx.wait_closed())
        };
        rx.close();
        assert_eq!(watching.join().unwrap(), DisconnectReason::ReceiverClosed);
        for sender in blocked {
            // It may not have come to its first send.
            let _ = sender.join();
        }
        let numbered = sequenced.join().unwrap();
        assert_eq!(numbered.is_ok(), values(&rx).contains(&2));
    });
}

/// Each send either has its value back, or it arrives: also those that are under way as the receiver closes, on
/// one lane that several threads share.
#[test]
fn nothing_accepted_is_lost() {
    watched(|| {
        for round in 0..rounds(600) {
            let (tx, rx) = small(2, 1 + (round % 3) as usize).channel("a").unwrap();
            let accepted = AtomicU64::new(0);
            let send = || {
                while tx.send(()).is_ok() {
                    accepted.fetch_add(1, Ordering::Relaxed);
                }
            };
            let received = thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(send);
                }
                let before = round % 10;
                for _ in 0..before {
                    rx.recv_message().unwrap();
                }
                rx.close();
                before + values(&rx).len() as u64
            });
            assert_eq!(received, accepted.into_inner());
        }
    });
}

/// S10: values that nobody receives are dropped, once, when the receiver is closed and then dropped.
#[test]
fn s10_a_closed_receiver_is_dropped_with_what_it_has() {
    watched(|| {
        let tally = Tally::default();
        let dispatcher = small(2, 4);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        for n in 0..5 {
            tx.send(tally.value(n)).unwrap();
        }
        rx.close();
        drop(rx);
        assert!(tx.send(tally.value(9)).is_err());
        tally.all_dropped();
    });
}

/// S6: others are not delayed, and broadcasts go on without it.
#[test]
fn s6_closing_delays_nobody() {
    watched(|| {
        let dispatcher = small(1, 4);
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        fill(&a, &for_a, || 1);
        for_a.close();
        // More than would fit anywhere.
        for n in 10..30 {
            everybody.send(n).unwrap();
            assert_eq!(for_b.recv_message().unwrap().1, n);
        }
        assert_eq!(values(&for_a), [1; 5]);
    });
}

/// The progress of a receiver that was closed and drained is up to date.
#[test]
fn c1_a_closed_receiver_is_up_to_date_once_it_is_drained() {
    watched(|| {
        let (tx, rx) = small(4, 4).channel("a").unwrap();
        let progress = rx.progress();
        tx.send(1).unwrap();
        rx.close();
        assert_eq!(values(&rx), [1]);
        assert_eq!(progress.wait_for(1_000), Ok(Seq::from(1_000)));
    });
}

/// In `Frontier`: what was forwarded arrives in order, without waiting for sources that cannot send any more.
#[test]
fn in_frontier_nobody_is_waited_for_any_more() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .forwarding(Order::Frontier)
            .build()
            .unwrap();
        let (a, rx) = dispatcher.channel("a").unwrap();
        let b = dispatcher.sender("a").unwrap();
        let everybody = dispatcher.broadcaster();
        for n in [2, 4, 6] {
            a.forward(n, n).unwrap();
        }
        for n in [1, 3] {
            b.forward(n, n).unwrap();
        }
        rx.close();
        assert!(a.forward(7, 7).unwrap_err().is_disconnected());
        assert!(b.forward(7, 7).unwrap_err().is_disconnected());
        assert_eq!(values(&rx), [1, 2, 3, 4, 6]);
        drop(everybody);
    });
}

/// In `Dense`: what was forwarded arrives, and the numbers that its senders have not sent are given up.
#[test]
fn in_dense_its_senders_count_as_gone() {
    watched(|| {
        let order = Order::Dense { window: 2 };
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .forwarding(order)
            .build()
            .unwrap();
        let (a, closes) = dispatcher.channel("closes").unwrap();
        let (b, stays) = dispatcher.channel("stays").unwrap();
        for n in [2, 5, 9] {
            a.forward(n, n).unwrap();
        }
        closes.close();
        assert!(a.forward(1, 1).unwrap_err().is_disconnected());
        for n in [1, 3, 4] {
            b.forward(n, n).unwrap();
            assert_eq!(stays.recv_message().unwrap().1, n);
        }
        b.advance(20).unwrap();
        b.forward(21, 21).unwrap();
        assert_eq!(values(&closes), [2, 5, 9]);
        assert_eq!(stays.recv_message().unwrap().1, 21);
    });
}
