//! F1 to F5: messages that arrive numbered, each number once (`Order::Dense`).
#![cfg(not(loom))]

mod common {
    pub(crate) mod counted;
    pub(crate) mod eventually;
    pub(crate) mod watchdog;
}

use std::thread;

use clocked_lanes::{
    BuildError, ChannelError, DisconnectReason, Dispatcher, Event, ForwardError, Forwarding, Order,
    Receiver, Seq, TryForwardError, TryRecvError,
};
use fastrand::Rng;

use common::counted::Tally;
use common::eventually::eventually;
use common::watchdog::watched;

fn dense<T: Send + 'static>(
    capacity: usize,
    lane_capacity: usize,
    window: usize,
) -> Dispatcher<T, Forwarding> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .forwarding(Order::Dense { window })
        .build()
        .unwrap()
}

fn up_to<T>(rx: &Receiver<T>, n: u64) -> Vec<(u64, T)> {
    let mut messages = Vec::new();
    while rx.observed().get() < n {
        if let Some((seq, value)) = rx.recv().unwrap().into_message() {
            messages.push((seq.get(), value));
        }
    }
    messages
}

#[test]
fn a_window_of_zero_is_refused() {
    let order = Order::Dense { window: 0 };
    let built = Dispatcher::<u32>::builder().forwarding(order).build();
    assert!(matches!(built, Err(BuildError::ZeroWindow)));
}

/// Four senders to two receivers and a broadcaster deal out all numbers among them, each in a random order of its
/// own within the window. Each receiver sees its own, in order.
#[test]
fn any_order_over_all_senders() {
    watched(|| {
        const COUNT: u64 = 4_000;
        const WINDOW: usize = 64;
        let dispatcher = dense(8, 8, WINDOW);
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        let senders = [a.clone(), b.clone(), a, b];
        let everybody = dispatcher.broadcaster();
        let mut random = Rng::with_seed(1);
        // Whose each number is: a sender's, the broadcaster's, or nobody's.
        let owners: Vec<usize> = (0..=COUNT).map(|_| random.usize(..6)).collect();
        // Each disorders its numbers by a few places only. Then the one with the lowest gets on.
        let mut numbers_of = |owner: usize| {
            let mut numbers: Vec<u64> = (1..=COUNT)
                .filter(|&n| owners[usize::try_from(n).unwrap()] == owner)
                .collect();
            for i in 0..numbers.len().saturating_sub(1) {
                if random.usize(..2) == 0 && numbers[i + 1] - numbers[i] < 16 {
                    numbers.swap(i, i + 1);
                }
            }
            numbers
        };
        let shares: Vec<Vec<u64>> = (0..6).map(&mut numbers_of).collect();
        thread::scope(|scope| {
            for (tx, share) in senders.into_iter().zip(&shares) {
                scope.spawn(move || {
                    for &n in share {
                        tx.forward(n, n).unwrap();
                    }
                });
            }
            let filling = everybody.clone();
            let (empty, all) = (&shares[5], &shares[4]);
            scope.spawn(move || {
                for &n in empty {
                    filling.forward_empty(n).unwrap();
                }
            });
            scope.spawn(move || {
                for &n in all {
                    everybody.forward(n, n).unwrap();
                }
            });
            for (rx, own) in [(for_a, [0, 2]), (for_b, [1, 3])] {
                let owners = &owners;
                scope.spawn(move || {
                    let is_ours = |n: &u64| {
                        let owner = owners[usize::try_from(*n).unwrap()];
                        owner == 4 || own.contains(&owner)
                    };
                    let expected: Vec<u64> = (1..=COUNT).filter(is_ours).collect();
                    let got: Vec<u64> = up_to(&rx, COUNT).into_iter().map(|m| m.0).collect();
                    assert_eq!(got, expected);
                    assert!(rx.recv().is_err());
                });
            }
        });
        assert_eq!(dispatcher.clock().seq.get(), COUNT);
        assert!(dispatcher.rejects().try_recv().is_err());
    });
}

/// F1: what was used by another sender is handed back by the dispatcher, which also tells who did it.
#[test]
fn f1_a_repeated_number_is_rejected() {
    watched(|| {
        let dispatcher = dense(8, 8, 8);
        let (a, rx) = dispatcher.channel("r").unwrap();
        let b = a.clone();
        let everybody = dispatcher.broadcaster();
        a.forward(1, "one").unwrap();
        a.forward(3, "three").unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), "one")));
        eventually(|| a.is_empty());
        b.forward(1, "late").unwrap();
        everybody.forward(3, "repeated").unwrap();
        b.forward_empty(1).unwrap();
        let rejects = dispatcher.rejects();
        let mut rejected: Vec<_> = (0..3).map(|_| rejects.recv().unwrap()).collect();
        rejected.sort_by_key(|r| (r.seq, r.value));
        let told: Vec<_> = rejected
            .iter()
            .map(|r| (r.seq.get(), r.value, r.sender, r.target.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (1, None, b.id(), Some("r")),
                (1, Some("late"), b.id(), Some("r")),
                (3, Some("repeated"), everybody.id(), None),
            ]
        );
        let snapshot = dispatcher.snapshot();
        let counts =
            [&a.id(), &b.id(), &everybody.id()].map(|id| snapshot.sender(*id).unwrap().rejected);
        assert_eq!(counts, [0, 2, 1]);
        // And the dispatch goes on.
        b.forward(2, "two").unwrap();
        assert_eq!(up_to(&rx, 3), [(2, "two"), (3, "three")]);
        // What was promised away is known at once.
        a.advance(5).unwrap();
        assert_eq!(a.forward(4, "four"), Err(ForwardError::Late("four")));
    });
}

/// F2: numbers that everybody has promised away are skipped, over any distance, also just before a number that
/// would otherwise be beyond the window.
#[test]
fn f2_advance_over_any_distance_counts() {
    watched(|| {
        let dispatcher = dense(8, 8, 4);
        let (a, rx) = dispatcher.channel("r").unwrap();
        a.forward(1, 'a').unwrap();
        a.advance(1_000_000).unwrap();
        a.forward(1_000_001, 'b').unwrap();
        a.forward(1_000_002, 'c').unwrap();
        let messages = up_to(&rx, 1_000_002);
        assert_eq!(messages, [(1, 'a'), (1_000_001, 'b'), (1_000_002, 'c')]);
        a.advance(u64::MAX - 1).unwrap();
        a.forward(u64::MAX, 'd').unwrap();
        assert_eq!(up_to(&rx, u64::MAX), [(u64::MAX, 'd')]);
    });
}

#[test]
fn f3_the_last_sender_that_leaves_releases_what_waits() {
    watched(|| {
        let dispatcher = dense(8, 8, 8);
        let (a, rx) = dispatcher.channel("r").unwrap();
        let everybody = dispatcher.broadcaster();
        a.forward(3, 3).unwrap();
        everybody.forward(6, 6).unwrap();
        drop(a);
        eventually(|| everybody.is_empty());
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        drop(everybody);
        assert_eq!(up_to(&rx, 6), [(3, 3), (6, 6)]);
        assert!(rx.recv().is_err());
        assert_eq!(rx.disconnect_reason(), Some(DisconnectReason::SendersGone));
        // The dispatcher goes on from there.
        let (b, for_b) = dispatcher.channel("b").unwrap();
        assert!(b.frontier().get() >= 6);
        b.forward(7, 7).unwrap();
        assert_eq!(for_b.recv_message().unwrap().0.get(), 7);
    });
}

/// F3: what a receiver takes along counts as having come, also what is in its lanes.
#[test]
fn f3_a_receiver_that_leaves_leaves_no_hole() {
    watched(|| {
        let tally = Tally::default();
        let dispatcher = dense(1, 4, 16);
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        // 1 to 3 are released, 5 waits; 40 is beyond the window, and 4 waits behind it.
        for n in [1, 2, 3, 5, 40, 4] {
            a.forward(n, tally.value(n)).unwrap();
        }
        b.forward(6, tally.value(6)).unwrap();
        eventually(|| b.is_empty());
        drop(for_a);
        assert_eq!(for_b.recv_message().unwrap().0.get(), 6);
        drop(a);
        for n in 7..40 {
            b.forward(n, tally.value(n)).unwrap();
            assert_eq!(for_b.recv_message().unwrap().0.get(), n);
        }
        assert!(up_to(&for_b, 40).is_empty());
        tally.all_dropped();
    });
}

#[test]
fn f3_a_clone_starts_at_its_parents_promise() {
    watched(|| {
        let dispatcher = dense(8, 8, 8);
        let (a, rx) = dispatcher.channel("r").unwrap();
        for n in 0..1_000 {
            let clone = a.clone();
            assert_eq!(clone.frontier().get(), 10 * n);
            a.advance(10 * n + 10).unwrap();
            clone.forward(10 * n + 3, n).unwrap();
        }
        let messages = up_to(&rx, 10_000);
        assert!(
            messages
                .iter()
                .map(|m| m.0)
                .eq((0..1_000).map(|n| 10 * n + 3))
        );
        assert!(dispatcher.rejects().try_recv().is_err());
    });
}

/// A number that nobody can send any more ends the dispatch: an error at every party, and no value is lost.
#[test]
fn a_wait_that_can_never_end_is_an_error_at_every_party() {
    watched(|| {
        let dispatcher = dense(4, 2, 4);
        // It has come to its end before that.
        let (before, early) = dispatcher.channel("early").unwrap();
        drop(before);
        while early.recv().is_ok() {}
        let (a, rx) = dispatcher.channel("r").unwrap();
        let (_promised, other) = dispatcher.channel("other").unwrap();
        let everybody = dispatcher.broadcaster();
        _promised.advance(100).unwrap();
        a.forward(1, 1).unwrap();
        a.forward(4, 4).unwrap();
        everybody.forward(9, 9).unwrap();
        let error = (10..).find_map(|n| a.forward(n, n).err().map(|error| (n, error)));
        let (refused, error) = error.unwrap();
        assert_eq!(error, ForwardError::Disconnected(refused));
        let reason = Some(DisconnectReason::MissingNumber(Seq::from(2)));
        assert_eq!(a.disconnect_reason(), reason);
        assert_eq!(everybody.disconnect_reason(), reason);
        assert_eq!(everybody.forward(20, 20).unwrap_err().into_inner(), 20);
        assert!(a.advance(30).unwrap_err().is_disconnected());
        assert_eq!(
            a.try_forward(30, 30),
            Err(TryForwardError::Disconnected(30))
        );
        // What was released still comes.
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 1)));
        assert!(rx.recv().is_err());
        assert_eq!(rx.disconnect_reason(), reason);
        while other.recv().is_ok() {}
        assert_eq!(other.disconnect_reason(), reason);
        let gone = Some(DisconnectReason::SendersGone);
        assert_eq!(early.disconnect_reason(), gone);
        let missing = ChannelError::MissingNumber(Seq::from(2));
        assert_eq!(dispatcher.channel("new").unwrap_err(), missing);
        assert_eq!(dispatcher.sender("r").unwrap_err(), missing);
        assert!(missing.to_string().contains("number 2"));
        let rejects = dispatcher.rejects();
        drop((a, everybody, _promised, dispatcher, rx, other, early));
        let mut rejected = Vec::new();
        for reject in rejects.iter() {
            let value = reject.value.unwrap();
            let target = (value != 9).then_some("r");
            assert_eq!(reject.target.as_deref(), target, "{value}");
            rejected.push(value);
        }
        rejected.sort_unstable();
        let expected: Vec<u64> = [4, 9].into_iter().chain(10..refused).collect();
        assert_eq!(rejected, expected);
    });
}

/// A full receiver is no such wait: it can end.
#[test]
fn a_full_receiver_is_waited_for() {
    watched(|| {
        let dispatcher = dense(1, 2, 4);
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        thread::scope(|scope| {
            scope.spawn(move || (1..=40).for_each(|n| a.forward(2 * n - 1, n).unwrap()));
            scope.spawn(move || (1..=40).for_each(|n| b.forward(2 * n, n).unwrap()));
            // The window is used up.
            eventually(|| dispatcher.clock().seq.get() >= 4);
            let mut got = 0;
            while let Ok(event) = for_b.try_recv() {
                got += u64::from(matches!(event, Event::Message { .. }));
            }
            assert!(got < 40);
            for n in 1..=40 {
                assert_eq!(for_a.recv_message().unwrap().1, n);
                while let Ok((_, value)) = for_b.try_recv_message() {
                    got += 1;
                    assert_eq!(value, got);
                }
            }
            while got < 40 {
                assert_eq!(for_b.recv_message().unwrap().1, got + 1);
                got += 1;
            }
        });
    });
}

/// F5.
#[test]
fn f5_the_dispatcher_tells_who_may_have_the_missing_number() {
    watched(|| {
        let dispatcher = dense::<u32>(4, 4, 8);
        let (a, rx) = dispatcher.channel("r").unwrap();
        let slow = a.clone();
        let (elsewhere, _other) = dispatcher.channel("elsewhere").unwrap();
        slow.forward(1, 1).unwrap();
        assert!(up_to(&rx, 1).len() == 1);
        a.advance(100).unwrap();
        let snapshot = dispatcher.snapshot();
        let receiver = snapshot.receiver("r").unwrap();
        assert_eq!(
            (receiver.clock.get(), &receiver.held_back_by[..]),
            (1, &[slow.id(), elsewhere.id()][..])
        );
    });
}
