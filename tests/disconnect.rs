//! S9 and S10: the end of receivers and senders, and of everything at once.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod counted;
    pub(crate) mod crowd;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clocked_lanes::{
    ChannelError, DisconnectReason, Dispatcher, Event, Receiver, RecvError, RecvTimeoutError,
    SendError, SendTimeoutError, Sender, Seq, TryRecvError, TrySendError,
};
use fastrand::Rng;

use common::clock::clock_gets_to;
use common::counted::{Counted, Tally};
use common::crowd::threads_called;
use common::eventually::eventually;
use common::full::fill;
use common::rounds::rounds;
use common::watchdog::watched;

const SOON: Duration = Duration::from_millis(1);

fn small<T: Send + 'static>(capacity: usize, lane_capacity: usize) -> Dispatcher<T> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .build()
        .unwrap()
}

/// Checks that the receiver is disconnected, whatever it is asked.
fn is_at_its_end<T: std::fmt::Debug + PartialEq>(rx: &Receiver<T>) {
    for _ in 0..2 {
        assert_eq!(rx.recv(), Err(RecvError));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(rx.recv_timeout(SOON), Err(RecvTimeoutError::Disconnected));
        assert_eq!(
            rx.recv_timeout(Duration::MAX),
            Err(RecvTimeoutError::Disconnected)
        );
        assert_eq!(
            rx.recv_deadline(Instant::now()),
            Err(RecvTimeoutError::Disconnected)
        );
        assert_eq!(rx.recv_message(), Err(RecvError));
        assert_eq!(rx.try_recv_message(), Err(TryRecvError::Disconnected));
        assert_eq!(rx.iter().count(), 0);
        assert_eq!(rx.try_iter().count(), 0);
        assert_eq!(rx.drain(9).count(), 0);
    }
    assert_eq!(rx.disconnect_reason(), Some(DisconnectReason::SendersGone));
}

/// Receives up to the end, and checks that it is one.
fn all_values<T: std::fmt::Debug + PartialEq>(rx: &Receiver<T>) -> Vec<T> {
    let values = rx
        .iter()
        .filter_map(|event| Some(event.into_message()?.1))
        .collect();
    is_at_its_end(rx);
    values
}

#[test]
fn s9_everything_sent_arrives_then_disconnected_for_good() {
    watched(|| {
        let dispatcher = small(2, 3);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let mut sent = 0;
        fill(&tx, &rx, || {
            sent += 1;
            sent
        });
        let more = tx.clone();
        for n in 6..=8 {
            more.try_send(n).unwrap();
        }
        drop(tx);
        drop(more);
        assert_eq!(rx.disconnect_reason(), None);
        let mut values = all_values(&rx);
        values.sort_unstable();
        assert_eq!(values, [1, 2, 3, 4, 5, 6, 7, 8]);

        // The clock goes on for others, and the end stays the end.
        let (tx, other) = dispatcher.channel("b").unwrap();
        tx.send(9).unwrap();
        assert_eq!(other.recv_message(), Ok((Seq::from(9), 9)));
        is_at_its_end(&rx);
    });
}

#[test]
fn s9_an_empty_receiver_is_disconnected() {
    watched(|| {
        let (tx, rx) = Dispatcher::<u64>::new().channel("a").unwrap();
        drop(tx);
        is_at_its_end(&rx);
        assert_eq!(rx.observed().get(), 0);
    });
}

#[test]
fn s9_broadcasts_arrive_before_the_end() {
    watched(|| {
        let dispatcher = small(1, 3);
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        for n in 0..4 {
            everybody.send(n).unwrap();
        }
        // Nothing more can be sent, but one is in the inboxes only, and three are on their way.
        drop((a, b, everybody, dispatcher));
        thread::scope(|scope| {
            scope.spawn(move || assert_eq!(all_values(&for_a), [0, 1, 2, 3]));
            assert_eq!(all_values(&for_b), [0, 1, 2, 3]);
        });
    });
}

#[test]
fn s9_a_broadcaster_keeps_receivers_connected() {
    watched(|| {
        let dispatcher = small(1, 1);
        let everybody = dispatcher.broadcaster();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        drop(tx);
        let further = everybody.clone();
        drop(everybody);
        assert_eq!(rx.recv_timeout(SOON), Err(RecvTimeoutError::Timeout));
        further.send(1).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 1)));
        // It may get a sender again.
        let tx = dispatcher.sender("a").unwrap();
        drop(further);
        tx.send(2).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(2), 2)));
        drop(tx);
        is_at_its_end(&rx);
    });
}

#[test]
fn s9_a_parked_receiver_wakes_when_the_last_source_leaves() {
    watched(|| {
        for round in 0..rounds(300) {
            let dispatcher = small::<u64>(1, 1);
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let everybody = dispatcher.broadcaster();
            thread::scope(|scope| {
                scope.spawn(move || match round % 4 {
                    0 => assert_eq!(rx.recv(), Err(RecvError)),
                    1 => assert_eq!(rx.recv_message(), Err(RecvError)),
                    2 => assert_eq!(rx.iter().count(), 0),
                    _ => {
                        let ended = rx.recv_timeout(Duration::MAX);
                        assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
                    }
                });
                // Time to fall asleep, sometimes.
                if round % 3 == 0 {
                    thread::sleep(Duration::from_micros(300));
                }
                if round % 2 == 0 {
                    drop(tx);
                    thread::yield_now();
                    drop(everybody);
                } else {
                    drop(everybody);
                    thread::yield_now();
                    drop(tx);
                }
            });
        }
    });
}

/// What the last sender has ended, without any broadcaster, no broadcaster begins again.
#[test]
fn s9_a_receiver_that_has_come_to_its_end_is_not_revived_by_a_broadcaster() {
    watched(|| {
        let dispatcher = small(4, 4);
        for round in 0..rounds(500) {
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let (to_other, other) = dispatcher.channel("other").unwrap();
            tx.send(round).unwrap();
            if round % 3 == 0 {
                eventually(|| rx.len() == 1);
            }
            // The other one's sender keeps nobody alive but its own receiver.
            drop(tx);
            let everybody = dispatcher.broadcaster();
            everybody.send(7).unwrap();
            assert_eq!(all_values(&rx), [round]);
            assert_eq!(other.recv_message().unwrap().1, 7);
            drop((to_other, everybody));
            is_at_its_end(&rx);
        }
    });
}

#[test]
fn s9_a_receiver_that_has_come_to_its_end_gets_no_further_sender() {
    watched(|| {
        let dispatcher = small(4, 4);
        for round in 0..rounds(500) {
            let (tx, rx) = dispatcher.channel("a").unwrap();
            if round % 2 == 0 {
                tx.send(round).unwrap();
            }
            drop(tx);
            // Whether there are broadcasters by now makes no difference.
            let _everybody = (round % 4 < 2).then(|| dispatcher.broadcaster());
            let error = dispatcher.sender("a").unwrap_err();
            assert_eq!(
                error,
                ChannelError::Disconnected("a".to_owned()),
                "round {round}"
            );
            let error = dispatcher.channel("a").unwrap_err();
            assert_eq!(error, ChannelError::NameInUse("a".to_owned()));
            drop(rx);
        }
    });
}

/// A sender is made while the last one leaves: the end has come for both, or for neither.
#[test]
fn s9_a_sender_made_as_the_last_one_leaves_works_or_says_that_it_does_not() {
    watched(|| {
        let dispatcher = small(4, 4);
        let (mut worked, mut refused) = (0, 0);
        for round in 0..rounds(1_000) {
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let late = thread::scope(|scope| {
                let late = scope.spawn(|| dispatcher.sender("a"));
                for _ in 0..round % 200 {
                    std::hint::spin_loop();
                }
                drop(tx);
                late.join().unwrap()
            });
            let sent = match late {
                Ok(tx) => tx.send(1).is_ok(),
                Err(error) => {
                    assert!(matches!(error, ChannelError::Disconnected(_)), "{error:?}");
                    false
                }
            };
            if sent {
                worked += 1;
                assert_eq!(all_values(&rx), [1], "sent and lost");
            } else {
                refused += 1;
                is_at_its_end(&rx);
            }
        }
        println!("{worked} of the new senders worked, {refused} did not");
    });
}

#[test]
fn s9_the_senders_of_a_receiver_that_left_get_their_values_back() {
    watched(|| {
        for capacities in [(1, 1), (8, 8)] {
            let dispatcher = small(capacities.0, capacities.1);
            let (tx, rx) = dispatcher.channel("a").unwrap();
            fill(&tx, &rx, || 0);
            let before = tx.clone();
            drop(rx);
            for tx in [&tx, &before, &tx.clone(), &before.clone()] {
                assert!(tx.is_disconnected());
                assert_eq!(tx.disconnect_reason(), Some(DisconnectReason::ReceiverGone));
                assert_eq!(tx.send(1), Err(SendError(1)));
                assert_eq!(tx.try_send(2), Err(TrySendError::Disconnected(2)));
                let late = tx.send_timeout(3, Duration::MAX);
                assert_eq!(late, Err(SendTimeoutError::Disconnected(3)));
                let late = tx.send_deadline(4, Instant::now());
                assert_eq!(late, Err(SendTimeoutError::Disconnected(4)));
                assert_eq!(tx.target(), "a");
            }
            // The name is free, and who comes next has nothing to do with the old senders.
            assert!(matches!(
                dispatcher.sender("a"),
                Err(ChannelError::UnknownName(_))
            ));
            let (_new, for_new) = dispatcher.channel("a").unwrap();
            assert_eq!(tx.send(5), Err(SendError(5)));
            assert_eq!(for_new.try_recv_message(), Err(TryRecvError::Empty));
        }
    });
}

/// What is sent while the lane is full comes back when the receiver leaves. A send that is caught between
/// its look and its put may still be accepted as the lane is emptied; that is documented, and rare.
#[test]
fn s9_blocked_senders_get_their_values_back() {
    watched(|| {
        let back = AtomicUsize::new(0);
        let came_back = |value: Option<u64>, sent: u64| {
            if let Some(value) = value {
                assert_eq!(value, sent);
                back.fetch_add(1, Ordering::Relaxed);
            }
        };
        let rounds = rounds(100);
        for round in 0..rounds {
            let dispatcher = small(1, 1);
            let (tx, rx) = dispatcher.channel("a").unwrap();
            fill(&tx, &rx, || 0);
            let more = tx.clone();
            more.try_send(0).unwrap();
            thread::scope(|scope| {
                let (tx, more, came_back) = (&tx, &more, &came_back);
                scope.spawn(move || came_back(tx.send(1).err().map(SendError::into_inner), 1));
                scope.spawn(move || came_back(more.send(2).err().map(SendError::into_inner), 2));
                scope.spawn(move || {
                    let late = tx.send_timeout(3, Duration::MAX).err();
                    came_back(late.map(SendTimeoutError::into_inner), 3);
                });
                scope.spawn(move || {
                    let deadline = Instant::now() + Duration::from_secs(3_600);
                    let late = more.send_deadline(4, deadline).err();
                    came_back(late.map(SendTimeoutError::into_inner), 4);
                });
                // Time to block, sometimes.
                if round % 2 == 0 {
                    thread::sleep(Duration::from_micros(500));
                }
                drop(rx);
            });
        }
        let (back, sent) = (back.into_inner(), 4 * usize::try_from(rounds).unwrap());
        assert!(back * 10 > sent * 9, "{back} of {sent} came back");
    });
}

#[test]
fn s9_values_left_in_lanes_are_dropped_once_and_get_no_number() {
    watched(|| {
        let tally = Tally::default();
        let dispatcher = small(2, 3);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let (to_other, other) = dispatcher.channel("other").unwrap();
        let left = tx.clone();
        fill(&tx, &rx, || tally.value(0));
        for n in 0..3 {
            left.try_send(tally.value(n)).unwrap();
        }
        // One lane's sender has left before, the others are still there: the values go all the same.
        drop(left);
        drop(rx);
        tally.all_dropped();
        clock_gets_to(&dispatcher, 2);
        to_other.send(tally.value(9)).unwrap();
        assert_eq!(other.recv_message().unwrap().0.get(), 3);
        assert_eq!(tx.try_send(tally.value(1)).unwrap_err().into_inner().id, 1);
        tally.all_dropped();
    });
}

/// A value is accepted as the receiver leaves: it is dropped all the same, while its sender lives.
#[test]
fn s9_a_value_sent_as_the_receiver_leaves_is_dropped_or_comes_back() {
    watched(|| {
        let tally = Tally::default();
        let dispatcher = small(2, 2);
        for round in 0..rounds(500) {
            let (tx, rx) = dispatcher.channel("a").unwrap();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut n = 0;
                    while tx.send(tally.value(n)).is_ok() {
                        n += 1;
                    }
                });
                for _ in 0..round % 7 {
                    rx.recv_message().unwrap();
                }
                drop(rx);
            });
            tally.all_dropped();
            drop(tx);
        }
    });
}

#[test]
fn s9_a_receiver_that_leaves_takes_its_share_of_broadcasts_along() {
    watched(|| {
        let tally = Tally::default();
        let dispatcher = small(1, 4);
        let (_a, for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        for n in 0..4 {
            everybody.send(tally.value(n)).unwrap();
        }
        drop(for_a);
        for n in 0..4 {
            let (seq, value) = for_b.recv_message().unwrap();
            assert_eq!((seq.get(), value.id), (n + 1, n));
        }
        drop(for_b);
        tally.all_dropped();
        // Without any receiver it is numbered and dropped.
        everybody.send(tally.value(4)).unwrap();
        clock_gets_to(&dispatcher, 5);
        tally.all_dropped();
        assert!(!everybody.is_disconnected());
    });
}

#[test]
fn s9_when_everybody_is_gone_the_dispatcher_starts_again() {
    watched(|| {
        let dispatcher = small(2, 2);
        for n in 1..=rounds(100) {
            let (tx, rx) = dispatcher.channel("a").unwrap();
            tx.send(n).unwrap();
            assert_eq!(rx.recv_message(), Ok((Seq::from(n), n)));
            if n % 2 == 0 {
                drop(tx);
                is_at_its_end(&rx);
            }
        }
        let snapshot = dispatcher.snapshot();
        assert!(snapshot.receivers.is_empty(), "{snapshot:?}");
        // A sender that left is off the books once the engine knows of it.
        eventually(|| dispatcher.snapshot().senders.is_empty());
    });
}

#[test]
fn s10_dropping_the_dispatcher_shuts_nothing_down() {
    watched(|| {
        let dispatcher = small(1, 1);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        drop(dispatcher.clone());
        drop(dispatcher);
        tx.send(1).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 1)));
        everybody.send(2).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(2), 2)));
        drop((everybody.clone(), everybody));
        tx.clone().send(3).unwrap();
        drop(tx);
        assert_eq!(all_values(&rx), [3]);
    });
}

/// Waits until the dispatcher's thread has ended.
#[track_caller]
fn no_thread_left(name: &str) {
    if cfg!(all(target_os = "linux", not(miri))) {
        eventually(|| threads_called(name) == 0);
    }
}

type Handle = Box<dyn Any + Send>;

/// Two receivers, two senders and a broadcaster with everything full, and their dispatcher.
fn everything_full(tally: &Tally, thread_name: &str) -> Vec<Handle> {
    let dispatcher = Dispatcher::builder()
        .capacity(2)
        .lane_capacity(2)
        .thread_name(thread_name)
        .build()
        .unwrap();
    let (a, for_a) = dispatcher.channel("a").unwrap();
    let (b, for_b) = dispatcher.channel("b").unwrap();
    fill(&a, &for_a, || tally.value(0));
    fill(&b, &for_b, || tally.value(1));
    let everybody = dispatcher.broadcaster();
    // One in each inbox beyond the rest, and two in the lane.
    for n in 0..3 {
        everybody.send(tally.value(n)).unwrap();
    }
    eventually(|| for_a.len() == 3 && for_b.len() == 3 && everybody.is_full());
    vec![
        Box::new(dispatcher),
        Box::new(a),
        Box::new(b),
        Box::new(everybody),
        Box::new(for_a),
        Box::new(for_b),
    ]
}

/// Calls `visit` with every order of `items`, by Heap's method.
fn every_order(items: &mut [usize], k: usize, visit: &mut impl FnMut(&[usize])) {
    if k <= 1 {
        return visit(items);
    }
    for i in 0..k {
        every_order(items, k - 1, visit);
        items.swap(if k % 2 == 0 { i } else { 0 }, k - 1);
    }
}

/// Clones the handle if it can be cloned.
fn cloned(handle: &Handle) -> Option<Handle> {
    fn cloned<H: Any + Clone + Send>(handle: &Handle) -> Option<Handle> {
        Some(Box::new(handle.downcast_ref::<H>()?.clone()))
    }
    cloned::<Dispatcher<Counted>>(handle)
        .or_else(|| cloned::<Sender<Counted>>(handle))
        .or_else(|| cloned::<clocked_lanes::Broadcaster<Counted>>(handle))
}

#[test]
fn s10_handles_with_everything_full_go_in_every_order() {
    watched(|| {
        let tally = Tally::default();
        let name = "s10-orders";
        let mut orders = 0;
        let step = if cfg!(miri) { 90 } else { 1 };
        every_order(&mut [0, 1, 2, 3, 4, 5], 6, &mut |order| {
            orders += 1;
            if orders % step != 0 {
                return;
            }
            let mut handles: Vec<_> = everything_full(&tally, name)
                .into_iter()
                .map(Some)
                .collect();
            for i in order {
                let handle = handles[*i].take().unwrap();
                // Every other time a clone comes and goes first, or goes last.
                let clone = if orders % 2 == 0 {
                    cloned(&handle)
                } else {
                    None
                };
                if orders % 4 == 0 {
                    drop(clone);
                    drop(handle);
                } else {
                    drop(handle);
                    drop(clone);
                }
            }
            tally.all_dropped();
        });
        assert_eq!(orders, 720);
        no_thread_left(name);
    });
}

#[test]
fn s10_handles_with_everything_full_go_at_the_same_time() {
    watched(|| {
        let tally = Tally::default();
        let name = "s10-at-once";
        for round in 0..rounds(200) {
            let mut random = Rng::with_seed(round);
            let mut handles = everything_full(&tally, name);
            handles.extend(
                (0..3)
                    .filter_map(|i| cloned(&handles[i]))
                    .collect::<Vec<_>>(),
            );
            let mut shares = [Vec::new(), Vec::new()];
            for handle in handles {
                let share = &mut shares[random.usize(..2)];
                share.insert(random.usize(..share.len() + 1), handle);
            }
            let [here, there] = shares;
            thread::scope(|scope| {
                scope.spawn(move || there.into_iter().for_each(drop));
                here.into_iter().for_each(drop);
            });
            tally.all_dropped();
        }
        no_thread_left(name);
    });
}

#[cfg(all(target_os = "linux", not(miri)))]
#[test]
#[cfg_attr(clocked_lanes_inline, ignore = "there is no thread")]
fn s10_the_thread_lives_as_long_as_any_handle() {
    watched(|| {
        let name = "s10-any-handle";
        for survivor in 0..6 {
            let mut handles = everything_full(&Tally::default(), name);
            let last = handles.swap_remove(survivor);
            handles.clear();
            assert_eq!(threads_called(name), 1);
            drop(last);
            no_thread_left(name);
        }
    });
}

/// Unwinding drops handles as well.
#[test]
fn s10_a_panic_drops_handles_like_anything_else() {
    watched(|| {
        let tally = Tally::default();
        let kept = tally.clone();
        let thread = thread::spawn(move || {
            let _handles = everything_full(&tally, "s10-panic");
            std::panic::resume_unwind(Box::new("deliberate"));
        });
        assert_eq!(
            *thread.join().unwrap_err().downcast::<&str>().unwrap(),
            "deliberate"
        );
        kept.all_dropped();
    });
}

/// A message that holds handles of its own dispatcher.
struct Envelope {
    _handles: Vec<Box<dyn Any + Send>>,
    _counted: Counted,
}

/// Handles that are dropped inside the engine, by the drop of a message left in a lane; the last ones
/// of all among them.
#[test]
fn s10_handles_inside_messages_go_like_any_other() {
    watched(|| {
        let tally = Tally::default();
        let name = "s10-inside";
        for in_the_lane in [false, true] {
            for dispatcher_too in [false, true] {
                let dispatcher = Dispatcher::<Envelope>::builder()
                    .capacity(1)
                    .lane_capacity(2)
                    .thread_name(name)
                    .build()
                    .unwrap();
                let envelope = |handles| Envelope {
                    _handles: handles,
                    _counted: tally.value(0),
                };
                let (a, for_a) = dispatcher.channel("a").unwrap();
                let (b, for_b) = dispatcher.channel("b").unwrap();
                b.send(envelope(vec![])).unwrap();
                if in_the_lane {
                    a.send(envelope(vec![])).unwrap();
                    eventually(|| for_a.len() == 1);
                }
                let mut inside: Vec<Handle> =
                    vec![Box::new(a.clone()), Box::new(b), Box::new(for_b)];
                if dispatcher_too {
                    inside.push(Box::new(dispatcher));
                } else {
                    drop(dispatcher);
                }
                a.send(envelope(inside)).unwrap();
                drop(a);
                eventually(|| for_a.len() == 1);
                drop(for_a);
                tally.all_dropped();
                no_thread_left(name);
            }
        }
    });
}

#[test]
fn s10_clones_of_disconnected_handles_are_disconnected() {
    watched(|| {
        let (tx, rx) = Dispatcher::new().channel("a").unwrap();
        drop(rx);
        let clones: Vec<_> = (0..10).map(|_| tx.clone()).collect();
        drop(tx);
        for tx in clones {
            assert_eq!(tx.clone().send(1), Err(SendError(1)));
        }
    });
}

#[test]
fn s10_an_event_that_was_received_outlives_everything() {
    watched(|| {
        let tally = Tally::default();
        let (tx, rx) = Dispatcher::new().channel("a").unwrap();
        tx.send(tally.value(3)).unwrap();
        let event = rx.recv().unwrap();
        drop((tx, rx));
        let Event::Message { value, .. } = event else {
            panic!("a tick before the message");
        };
        assert_eq!(value.id, 3);
        drop(value);
        tally.all_dropped();
    });
}
