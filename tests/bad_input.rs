//! What is asked for and cannot be had: a typed error, or a documented result.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::cell::Cell;
use std::error::Error;
use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

use clocked_lanes::{
    BuildError, ChannelError, DisconnectReason, Dispatcher, Event, Order, RecvError,
    RecvTimeoutError, SendError, SendTimeoutError, Seq, TryRecvError, TrySendError,
};

use common::clock::clock_gets_to;
use common::full::fill;
use common::rounds::rounds;
use common::watchdog::watched;

const MOMENT: Duration = Duration::from_millis(2);

/// As far as a point in time can be from now, or nearly so.
fn far_future() -> Instant {
    let mut at = Instant::now();
    let mut step = Duration::MAX;
    while step > Duration::from_secs(1) {
        match at.checked_add(step) {
            Some(later) => at = later,
            None => step /= 2,
        }
    }
    at
}

#[test]
fn a_capacity_of_zero() {
    let error = Dispatcher::<u8>::builder().capacity(0).build().unwrap_err();
    assert!(matches!(error, BuildError::ZeroCapacity));
    let error = Dispatcher::<u8>::builder()
        .lane_capacity(0)
        .build()
        .unwrap_err();
    assert!(matches!(error, BuildError::ZeroLaneCapacity));
    assert!(
        Dispatcher::<u8>::builder()
            .capacity(0)
            .lane_capacity(0)
            .build()
            .is_err()
    );
}

fn capacity_is_too_large<T: Send + 'static>(capacity: usize) {
    for builder in [
        Dispatcher::<T>::builder().capacity(capacity),
        Dispatcher::<T>::builder().lane_capacity(capacity),
        Dispatcher::<T>::builder()
            .capacity(capacity)
            .lane_capacity(capacity),
    ] {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, BuildError::CapacityTooLarge), "{error:?}");
    }
}

#[test]
fn a_capacity_that_cannot_be() {
    for capacity in [
        usize::MAX,
        usize::MAX - 1,
        usize::MAX / 2 + 1,
        isize::MAX.unsigned_abs(),
    ] {
        capacity_is_too_large::<()>(capacity);
        capacity_is_too_large::<u8>(capacity);
        capacity_is_too_large::<[u64; 512]>(capacity);
    }
    capacity_is_too_large::<[u64; 512]>(usize::MAX / 4096);
}

#[test]
#[cfg_attr(miri, ignore = "it takes minutes to look after so much memory")]
fn a_large_capacity() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(100_000)
            .lane_capacity(50_000)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        assert_eq!((tx.capacity(), rx.capacity()), (50_000, 100_000));
        tx.send(1).unwrap();
        assert_eq!(rx.recv_message().unwrap().1, 1);
    });
}

#[test]
fn a_thread_name_with_a_null_byte() {
    for name in ["\0", "a\0", "\0a", "a\0b"] {
        let error = Dispatcher::<u8>::builder()
            .thread_name(name)
            .build()
            .unwrap_err();
        assert!(matches!(error, BuildError::InvalidThreadName));
    }
    for name in [
        "",
        "ä",
        "a name that is much longer than the kernel will keep",
    ] {
        assert!(
            Dispatcher::<u8>::builder()
                .thread_name(name)
                .build()
                .is_ok()
        );
    }
}

#[cfg(all(target_pointer_width = "64", not(miri)))]
#[test]
#[cfg_attr(clocked_lanes_inline, ignore = "there is no thread")]
fn a_thread_that_cannot_be_spawned() {
    // More than there is address space, and what overflows when it is rounded up.
    for bytes in [
        1 << 47,
        1 << 60,
        isize::MAX.unsigned_abs(),
        usize::MAX - 4096,
        usize::MAX,
    ] {
        let error = Dispatcher::<u8>::builder()
            .stack_size(bytes)
            .build()
            .unwrap_err();
        assert!(matches!(error, BuildError::Spawn(_)), "{error:?}");
        assert!(!error.source().unwrap().to_string().is_empty());
    }
}

#[test]
fn a_small_stack() {
    watched(|| {
        let dispatcher = Dispatcher::builder().stack_size(0).build().unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        tx.send(1).unwrap();
        assert_eq!(rx.recv_message().unwrap().1, 1);
    });
}

#[test]
fn a_name_in_use() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        for _ in 0..3 {
            let error = dispatcher.channel("a").unwrap_err();
            assert_eq!(error, ChannelError::NameInUse("a".to_owned()));
        }
        // The failure has left nothing behind, and disturbed nothing.
        let snapshot = dispatcher.snapshot();
        assert_eq!((snapshot.receivers.len(), snapshot.senders.len()), (1, 1));
        assert_eq!(snapshot.receivers[0].senders, 1);
        tx.send(1).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 1)));
        dispatcher.broadcaster().send(2).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(2), 2)));
        drop(tx);
        assert_eq!(rx.recv(), Err(RecvError));
        // It has come to its end and is there, until it is dropped.
        assert!(matches!(
            dispatcher.channel("a"),
            Err(ChannelError::NameInUse(_))
        ));
        drop(rx);
        assert!(dispatcher.channel("a").is_ok());
        assert!(dispatcher.channel("").is_ok());
        assert!(Dispatcher::<i32>::new().channel("a").is_ok());
    });
}

#[test]
fn a_name_that_many_want() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        for round in 0..rounds(50) {
            let made: Vec<_> = thread::scope(|scope| {
                let threads: Vec<_> = (0..4)
                    .map(|_| scope.spawn(|| dispatcher.channel("a")))
                    .collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect()
            });
            let mut made: Vec<_> = made
                .into_iter()
                .filter_map(|made| {
                    made.map_err(|e| assert!(matches!(e, ChannelError::NameInUse(_))))
                        .ok()
                })
                .collect();
            assert_eq!(made.len(), 1);
            let (tx, rx) = made.pop().unwrap();
            // Those that lost take no part.
            tx.send(round).unwrap();
            assert_eq!(rx.recv_message().unwrap().1, round);
            dispatcher.sender("a").unwrap().send(round + 1).unwrap();
            assert_eq!(rx.recv_message().unwrap().1, round + 1);
            dispatcher.broadcaster().send(round + 2).unwrap();
            assert_eq!(rx.recv_message().unwrap().1, round + 2);
        }
    });
}

#[test]
fn a_name_that_nobody_has() {
    watched(|| {
        let dispatcher = Dispatcher::<u8>::new();
        let unknown = |name: &str| ChannelError::UnknownName(name.to_owned());
        assert_eq!(dispatcher.sender("a").unwrap_err(), unknown("a"));
        let (tx, rx) = dispatcher.channel("a").unwrap();
        assert_eq!(dispatcher.sender("A").unwrap_err(), unknown("A"));
        assert_eq!(dispatcher.sender("").unwrap_err(), unknown(""));
        drop(rx);
        assert_eq!(dispatcher.sender("a").unwrap_err(), unknown("a"));
        drop(tx);
        assert_eq!(dispatcher.sender("a").unwrap_err(), unknown("a"));
    });
}

#[test]
fn a_receiver_that_is_gone() {
    watched(|| {
        let (tx, rx) = Dispatcher::new().channel("a").unwrap();
        drop(rx);
        assert_eq!(tx.send(1), Err(SendError(1)));
        assert_eq!(tx.try_send(2), Err(TrySendError::Disconnected(2)));
        assert_eq!(
            tx.send_timeout(3, MOMENT),
            Err(SendTimeoutError::Disconnected(3))
        );
        assert_eq!(
            tx.send_deadline(4, far_future()),
            Err(SendTimeoutError::Disconnected(4))
        );
        assert_eq!(tx.disconnect_reason(), Some(DisconnectReason::ReceiverGone));
    });
}

#[test]
fn a_receiver_that_has_come_to_its_end() {
    watched(|| {
        let dispatcher = Dispatcher::<u8>::new();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        drop(tx);
        assert_eq!(rx.recv(), Err(RecvError));
        let ended = ChannelError::Disconnected("a".to_owned());
        assert_eq!(dispatcher.sender("a").unwrap_err(), ended);
        let _everybody = dispatcher.broadcaster();
        assert_eq!(dispatcher.sender("a").unwrap_err(), ended);
        assert_eq!(rx.disconnect_reason(), Some(DisconnectReason::SendersGone));
    });
}

#[test]
fn everybody_is_gone() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        drop(dispatcher.channel("a").unwrap());
        let everybody = dispatcher.broadcaster();
        for n in 1..=300 {
            assert_eq!(everybody.send(n), Ok(()));
        }
        clock_gets_to(&dispatcher, 300);
        assert!(!everybody.is_disconnected());
        drop(everybody);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        tx.send(1).unwrap();
        assert_eq!(
            rx.recv(),
            Ok(Event::Message {
                seq: Seq::from(301),
                value: 1
            })
        );
    });
}

#[test]
fn a_start_at_the_last_numbers() {
    watched(|| {
        for left in 0..4 {
            let start = Seq::from(u64::MAX - left);
            let dispatcher = Dispatcher::builder()
                .capacity(1)
                .lane_capacity(8)
                .start_after(start)
                .build()
                .unwrap();
            let (tx, rx) = dispatcher.channel("a").unwrap();
            assert_eq!((dispatcher.clock().seq, rx.observed()), (start, start));
            for n in 0..left {
                assert_eq!(tx.disconnect_reason(), None);
                assert_eq!(tx.send(n), Ok(()));
            }
            // Now they have run out, although most are not given out yet, and there is space.
            let everybody = dispatcher.broadcaster();
            assert_eq!(tx.send(9), Err(SendError(9)));
            assert_eq!(tx.try_send(9), Err(TrySendError::Disconnected(9)));
            let late = tx.send_timeout(9, Duration::MAX);
            assert_eq!(late, Err(SendTimeoutError::Disconnected(9)));
            let late = tx.send_deadline(9, far_future());
            assert_eq!(late, Err(SendTimeoutError::Disconnected(9)));
            assert_eq!(everybody.send(9), Err(SendError(9)));
            assert_eq!(everybody.try_send(9), Err(TrySendError::Disconnected(9)));
            let late = everybody.send_timeout(9, Duration::MAX);
            assert_eq!(late, Err(SendTimeoutError::Disconnected(9)));
            let late = everybody.send_deadline(9, far_future());
            assert_eq!(late, Err(SendTimeoutError::Disconnected(9)));
            let reason = Some(DisconnectReason::NumbersExhausted);
            assert_eq!(tx.disconnect_reason(), reason);
            assert_eq!(everybody.disconnect_reason(), reason);
            assert!(tx.is_disconnected() && everybody.is_disconnected());
            assert_eq!(tx.clone().disconnect_reason(), reason);

            for n in 0..left {
                assert_eq!(rx.recv_message(), Ok((Seq::from(start.get() + 1 + n), n)));
            }
            clock_gets_to(&dispatcher, u64::MAX);
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
            assert_eq!(tx.send(9), Err(SendError(9)));
            // Receivers can still join, and leave.
            let (_late, for_late) = dispatcher.channel("late").unwrap();
            assert_eq!(for_late.observed(), Seq::MAX);
            assert_eq!(for_late.try_recv(), Err(TryRecvError::Empty));
            drop((tx, everybody));
            assert_eq!(rx.recv(), Err(RecvError));
        }
    });
}

#[test]
fn the_last_numbers_are_broadcasts() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .start_after(Seq::from(u64::MAX - 2))
            .build()
            .unwrap();
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        everybody.send(1).unwrap();
        assert_eq!(for_a.recv_message(), Ok((Seq::from(u64::MAX - 1), 1)));
        a.send(2).unwrap();
        assert_eq!(everybody.send(3), Err(SendError(3)));
        assert_eq!(for_a.recv_message(), Ok((Seq::MAX, 2)));
        assert_eq!(for_b.recv_message(), Ok((Seq::from(u64::MAX - 1), 1)));
        assert_eq!(for_b.recv(), Ok(Event::Clock(Seq::MAX)));
        assert_eq!(for_b.recv_timeout(MOMENT), Err(RecvTimeoutError::Timeout));
    });
}

/// A send that fails gives its number back.
#[test]
fn the_last_numbers_are_not_used_up_by_sends_that_fail() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .lane_capacity(1)
            .start_after(Seq::from(u64::MAX - 4))
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let (gone, _) = dispatcher.channel("gone").unwrap();
        fill(&tx, &rx, || 1);
        for _ in 0..9 {
            assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
            assert_eq!(gone.send(3), Err(SendError(3)));
        }
        assert_eq!(
            tx.send_timeout(4, MOMENT),
            Err(SendTimeoutError::Timeout(4))
        );
        for n in 1..=4 {
            assert_eq!(rx.recv_message().unwrap().0.get(), u64::MAX - 4 + n);
            assert_eq!(tx.send(5).is_ok(), n <= 2);
        }
    });
}

#[test]
fn a_timeout_of_any_length() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .lane_capacity(1)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        for timeout in [Duration::ZERO, Duration::from_nanos(1), MOMENT] {
            let began = Instant::now();
            assert_eq!(rx.recv_timeout(timeout), Err(RecvTimeoutError::Timeout));
            assert!(began.elapsed() >= timeout);
        }
        // There is space, or a message, so nobody waits.
        let everybody = dispatcher.broadcaster();
        for timeout in [
            Duration::ZERO,
            MOMENT,
            Duration::from_secs(u64::MAX),
            Duration::MAX,
        ] {
            assert_eq!(tx.send_timeout(1, timeout), Ok(()));
            let n = rx.observed().get();
            clock_gets_to(&dispatcher, n + 1);
            assert_eq!(rx.recv_timeout(timeout).unwrap().seq().get(), n + 1);
            assert_eq!(everybody.send_timeout(2, timeout), Ok(()));
            clock_gets_to(&dispatcher, n + 2);
            assert_eq!(rx.recv_timeout(timeout).unwrap().seq().get(), n + 2);
        }
        // The lanes are full.
        fill(&tx, &rx, || 0);
        (0..2).try_for_each(|n| everybody.send(n)).unwrap();
        for timeout in [Duration::ZERO, Duration::from_nanos(1), MOMENT] {
            let began = Instant::now();
            assert_eq!(
                tx.send_timeout(1, timeout),
                Err(SendTimeoutError::Timeout(1))
            );
            assert!(began.elapsed() >= timeout);
            let late = everybody.send_timeout(2, timeout);
            assert_eq!(late, Err(SendTimeoutError::Timeout(2)));
        }
        // And somebody makes space.
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(tx.send_timeout(7, Duration::MAX), Ok(())));
            scope.spawn(|| assert_eq!(everybody.send_timeout(8, Duration::MAX), Ok(())));
            let messages = rx.iter().filter_map(|event| event.into_message());
            assert_eq!(messages.take(6).count(), 6);
        });
        // Something comes in the end.
        thread::scope(|scope| {
            scope
                .spawn(move || assert_eq!(rx.recv_timeout(Duration::MAX).unwrap().seq().get(), 15));
            thread::sleep(MOMENT);
            tx.send(9).unwrap();
        });
    });
}

#[test]
fn a_deadline_at_any_time() {
    watched(|| {
        let past = Instant::now();
        thread::sleep(MOMENT);
        let dispatcher = Dispatcher::builder()
            .capacity(1)
            .lane_capacity(1)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        assert_eq!(rx.recv_deadline(past), Err(RecvTimeoutError::Timeout));
        let soon = Instant::now() + MOMENT;
        assert_eq!(rx.recv_deadline(soon), Err(RecvTimeoutError::Timeout));
        assert!(Instant::now() >= soon);
        for deadline in [past, Instant::now(), far_future()] {
            assert_eq!(tx.send_deadline(1, deadline), Ok(()));
            let n = rx.observed().get();
            clock_gets_to(&dispatcher, n + 1);
            assert_eq!(rx.recv_deadline(deadline).unwrap().seq().get(), n + 1);
            assert_eq!(everybody.send_deadline(2, deadline), Ok(()));
            clock_gets_to(&dispatcher, n + 2);
            assert_eq!(rx.recv_deadline(deadline).unwrap().seq().get(), n + 2);
        }
        fill(&tx, &rx, || 0);
        (0..2).try_for_each(|n| everybody.send(n)).unwrap();
        assert_eq!(tx.send_deadline(1, past), Err(SendTimeoutError::Timeout(1)));
        assert_eq!(
            everybody.send_deadline(2, past),
            Err(SendTimeoutError::Timeout(2))
        );
        let soon = Instant::now() + MOMENT;
        assert_eq!(tx.send_deadline(3, soon), Err(SendTimeoutError::Timeout(3)));
        assert_eq!(
            everybody.send_deadline(4, soon),
            Err(SendTimeoutError::Timeout(4))
        );
        assert!(Instant::now() >= soon);
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(tx.send_deadline(7, far_future()), Ok(())));
            scope.spawn(|| assert_eq!(everybody.send_deadline(8, far_future()), Ok(())));
            let messages = rx.iter().filter_map(|event| event.into_message());
            assert_eq!(messages.take(6).count(), 6);
        });
        thread::scope(|scope| {
            scope
                .spawn(move || assert_eq!(rx.recv_deadline(far_future()).unwrap().seq().get(), 13));
            thread::sleep(MOMENT);
            tx.send(9).unwrap();
        });
    });
}

/// Sends and receives values of one type, by both ways.
fn passes_through<T: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static>(value: &T) {
    let dispatcher = Dispatcher::builder()
        .capacity(2)
        .lane_capacity(2)
        .build()
        .unwrap();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    let everybody = dispatcher.broadcaster();
    fill(&tx, &rx, || value.clone());
    everybody.send(value.clone()).unwrap();
    for n in 1..=5 {
        let (seq, received) = rx.recv_message().unwrap();
        assert_eq!((seq.get(), &received), (n, value));
    }
    drop(rx);
    assert_eq!(tx.send(value.clone()).unwrap_err().into_inner(), *value);
}

#[test]
fn values_of_any_size() {
    watched(|| {
        passes_through(&());
        passes_through(&7_u8);
        passes_through(&[7_u64; 512]);
        passes_through(&vec![String::from("x"); 3]);
    });
}

#[derive(Clone, PartialEq, Debug)]
#[repr(align(128))]
struct Aligned(u8);

#[test]
fn values_with_a_large_alignment() {
    watched(|| passes_through(&Aligned(7)));
}

/// Checks that an error can be carried up and printed, and that it says something.
fn tells<E: Error + Send + 'static>(error: E, advice: &str) {
    let text = error.to_string();
    assert!(text.contains(advice), "`{text}` does not say `{advice}`");
    assert!(!format!("{error:?}").is_empty());
    let boxed: Box<dyn Error + Send> = Box::new(error);
    assert_eq!(boxed.to_string(), text);
}

#[test]
fn every_error_says_what_to_do() {
    // Without `Debug`, and not `Sync`.
    struct Opaque(#[expect(dead_code, reason = "only its type matters")] Cell<u32>);
    let value = || Opaque(Cell::new(1));

    tells(SendError(value()), "into_inner");
    tells(TrySendError::Full(value()), "try again");
    tells(TrySendError::Disconnected(value()), "into_inner");
    tells(SendTimeoutError::Timeout(value()), "try again");
    tells(SendTimeoutError::Disconnected(value()), "into_inner");
    tells(RecvError, "stop receiving");
    tells(TryRecvError::Empty, "try again");
    tells(TryRecvError::Disconnected, "stop receiving");
    tells(RecvTimeoutError::Timeout, "try again");
    tells(RecvTimeoutError::Disconnected, "stop receiving");
    tells(BuildError::ZeroCapacity, "`capacity`");
    tells(BuildError::ZeroLaneCapacity, "`lane_capacity`");
    tells(BuildError::CapacityTooLarge, "smaller");
    tells(BuildError::InvalidThreadName, "`thread_name`");
    tells(
        BuildError::Spawn(std::io::Error::other("no memory")),
        "source",
    );
    tells(ChannelError::NameInUse("x".to_owned()), "another name");
    tells(ChannelError::UnknownName("x".to_owned()), "`channel`");
    tells(ChannelError::Disconnected("x".to_owned()), "`channel`");
    tells(ChannelError::DispatcherDied, "new dispatcher");
    for named in [
        ChannelError::NameInUse("the name".to_owned()),
        ChannelError::UnknownName("the name".to_owned()),
        ChannelError::Disconnected("the name".to_owned()),
    ] {
        tells(named, "the name");
    }

    let says = |reason: DisconnectReason| assert!(!reason.to_string().is_empty());
    says(DisconnectReason::ReceiverGone);
    says(DisconnectReason::SendersGone);
    says(DisconnectReason::NumbersExhausted);
    says(DisconnectReason::DispatcherDied);
}

#[test]
fn an_error_has_the_source_it_speaks_of() {
    let cause = std::io::Error::other("no memory");
    let error = BuildError::Spawn(cause);
    assert_eq!(error.source().unwrap().to_string(), "no memory");
    assert!(BuildError::ZeroCapacity.source().is_none());
    assert!(SendError(1).source().is_none());
    assert!(RecvError.source().is_none());
    assert!(ChannelError::DispatcherDied.source().is_none());
}

#[test]
fn errors_answer_questions_and_convert() {
    let full = TrySendError::Full(1);
    assert!(full.is_full() && !full.is_disconnected());
    let gone = TrySendError::from(SendError(2));
    assert!(!gone.is_full() && gone.is_disconnected());
    assert_eq!((full.into_inner(), gone.into_inner()), (1, 2));
    let late = SendTimeoutError::Timeout(3);
    assert!(late.is_timeout() && !late.is_disconnected());
    let gone = SendTimeoutError::from(SendError(4));
    assert!(!gone.is_timeout() && gone.is_disconnected());
    assert_eq!((late.into_inner(), gone.into_inner()), (3, 4));
    assert_eq!(SendError(5).into_inner(), 5);
    assert!(TryRecvError::Empty.is_empty() && !TryRecvError::Empty.is_disconnected());
    assert!(TryRecvError::from(RecvError).is_disconnected());
    assert!(RecvTimeoutError::Timeout.is_timeout());
    assert!(RecvTimeoutError::from(RecvError).is_disconnected());
}

/// A value is not shown by the error that carries it: it need not be printable, and may be a secret.
#[test]
fn errors_do_not_show_the_value() {
    fn shown<E: std::fmt::Debug + Display>(error: &E) -> String {
        format!("{error} {error:?}")
    }
    for text in [
        shown(&SendError("a secret")),
        shown(&TrySendError::Full("a secret")),
        shown(&SendTimeoutError::Timeout("a secret")),
    ] {
        assert!(!text.contains("secret"), "{text}");
    }
}

/// Why a message was not forwarded: exactly one of the reasons holds, and the message comes back.
#[test]
fn a_message_that_was_not_forwarded_says_why() {
    watched(|| {
        let builder = Dispatcher::builder().lane_capacity(1);
        let dispatcher = builder.forwarding(Order::Frontier).build().unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        // At 0, so that nothing is delivered and the lane fills.
        let holds = dispatcher.sender("a").unwrap();
        tx.forward(1, 1).unwrap();
        let full = (2..).find_map(|n| tx.try_forward(n, n).err()).unwrap();
        assert!(full.is_full() && !full.is_late() && !full.is_disconnected());
        let full = full.into_inner();
        // There may be space for one more by now.
        let limited = |n| tx.forward_timeout(n, n, MOMENT).err();
        let timeout = (full..).find_map(limited).unwrap();
        assert!(timeout.is_timeout() && !timeout.is_late() && !timeout.is_disconnected());
        let free = timeout.into_inner();
        let limited = |n| tx.forward_deadline(n, n, Instant::now() + MOMENT).err();
        let timeout = (free..).find_map(limited).unwrap();
        assert!(timeout.is_timeout());
        let free = timeout.into_inner();
        assert_eq!(tx.wait_closed_timeout(Duration::ZERO), None);

        let late = tx.forward(1, 7).unwrap_err();
        assert!(late.is_late() && !late.is_disconnected());
        assert_eq!(late.into_inner(), 7);
        let late = tx.try_forward(1, 7).unwrap_err();
        assert!(late.is_late() && !late.is_full() && !late.is_disconnected());
        assert_eq!(late.into_inner(), 7);
        let late = tx.forward_timeout(1, 7, MOMENT).unwrap_err();
        assert!(late.is_late() && !late.is_timeout() && !late.is_disconnected());
        assert_eq!(late.into_inner(), 7);

        drop(rx);
        let reason = tx.wait_closed_timeout(Duration::from_secs(60));
        assert_eq!(reason, Some(DisconnectReason::ReceiverGone));
        let gone = tx.forward(free, 7).unwrap_err();
        assert!(gone.is_disconnected() && !gone.is_late());
        assert_eq!(gone.into_inner(), 7);
        let gone = tx.try_forward(free, 7).unwrap_err();
        assert!(gone.is_disconnected() && !gone.is_full() && !gone.is_late());
        assert_eq!(gone.into_inner(), 7);
        let gone = tx.forward_timeout(free, 7, MOMENT).unwrap_err();
        assert!(gone.is_disconnected() && !gone.is_timeout() && !gone.is_late());
        assert_eq!(gone.into_inner(), 7);
        drop(holds);
    });
}

/// A broadcaster that forwards with a limit of time does so, or says why not.
#[test]
fn a_broadcaster_forwards_in_time_or_says_why_not() {
    watched(|| {
        let builder = Dispatcher::builder().lane_capacity(1);
        let dispatcher = builder.forwarding(Order::Frontier).build().unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        let minute = Duration::from_secs(60);
        tx.advance(2).unwrap();
        everybody.forward_timeout(1, 1, minute).unwrap();
        everybody
            .forward_deadline(2, 2, Instant::now() + minute)
            .unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 1)));
        assert_eq!(rx.recv_message(), Ok((Seq::from(2), 2)));
        // `tx` stays at 2.
        let limited = |n| everybody.forward_timeout(n, n, MOMENT).err();
        let error = (3..).find_map(limited).unwrap();
        assert!(error.is_timeout());
        let free = error.into_inner();
        let error = everybody.forward_deadline(free, free, Instant::now() + MOMENT);
        assert!(error.unwrap_err().is_timeout());
        assert!(
            everybody
                .forward_timeout(2, 2, minute)
                .unwrap_err()
                .is_late()
        );
    });
}
