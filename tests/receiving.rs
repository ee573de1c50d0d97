//! The ways to receive, and what a receiver can be asked.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod watchdog;
}

use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use clocked_lanes::{
    Dispatcher, Event, Receiver, RecvError, RecvTimeoutError, Sender, Seq, TryRecvError,
};

use common::clock::clock_gets_to;
use common::eventually::eventually;
use common::full::fill;
use common::watchdog::watched;

const MOMENT: Duration = Duration::from_millis(1);

fn message(n: u64) -> Event<u64> {
    Event::Message {
        seq: Seq::from(n),
        value: n,
    }
}

fn tick(n: u64) -> Event<u64> {
    Event::Clock(Seq::from(n))
}

/// A receiver, and another path that moves the clock. Every message is its own number.
struct Two {
    dispatcher: Dispatcher<u64>,
    tx: Sender<u64>,
    rx: Receiver<u64>,
    other: Sender<u64>,
    _for_other: Receiver<u64>,
}

impl Two {
    fn new() -> Self {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("asked").unwrap();
        let (other, for_other) = dispatcher.channel("other").unwrap();
        Self {
            dispatcher,
            tx,
            rx,
            other,
            _for_other: for_other,
        }
    }

    /// Has a message delivered to the receiver for each `m`, and to the other one for each `t`.
    fn deliver(&self, plan: &str) -> &Receiver<u64> {
        for step in plan.chars() {
            let n = self.dispatcher.clock().seq.get() + 1;
            let tx = if step == 'm' { &self.tx } else { &self.other };
            tx.send(n).unwrap();
            clock_gets_to(&self.dispatcher, n);
        }
        &self.rx
    }
}

#[test]
fn recv_returns_messages_and_ticks() {
    watched(|| {
        let two = Two::new();
        let rx = two.deliver("mmtt");
        assert_eq!(rx.recv(), Ok(message(1)));
        assert_eq!(rx.recv(), Ok(message(2)));
        assert_eq!(rx.recv(), Ok(tick(4)));
        // A tick that a message has overtaken is not told of.
        two.deliver("tm");
        assert_eq!(rx.recv(), Ok(message(6)));
        drop(two.tx);
        assert_eq!(two.rx.recv(), Err(RecvError));
    });
}

#[test]
fn try_recv_returns_what_is_there() {
    watched(|| {
        let two = Two::new();
        assert_eq!(two.rx.try_recv(), Err(TryRecvError::Empty));
        let rx = two.deliver("tm");
        assert_eq!(rx.try_recv(), Ok(message(2)));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        two.deliver("mt");
        assert_eq!(rx.try_recv(), Ok(message(3)));
        assert_eq!(rx.try_recv(), Ok(tick(4)));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        two.deliver("t");
        let Two { tx, rx, .. } = two;
        drop(tx);
        // What has happened before the end is told first.
        assert_eq!(rx.try_recv(), Ok(tick(5)));
        eventually(|| rx.try_recv() != Err(TryRecvError::Empty));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
fn recv_timeout_and_deadline_wait_no_longer_than_that() {
    watched(|| {
        let two = Two::new();
        let rx = two.deliver("mt");
        assert_eq!(rx.recv_timeout(MOMENT), Ok(message(1)));
        assert_eq!(rx.recv_timeout(MOMENT), Ok(tick(2)));
        let began = Instant::now();
        assert_eq!(rx.recv_timeout(MOMENT), Err(RecvTimeoutError::Timeout));
        assert!(began.elapsed() >= MOMENT);
        two.deliver("mt");
        let deadline = Instant::now() + MOMENT;
        assert_eq!(rx.recv_deadline(deadline), Ok(message(3)));
        assert_eq!(rx.recv_deadline(deadline), Ok(tick(4)));
        assert_eq!(rx.recv_deadline(deadline), Err(RecvTimeoutError::Timeout));
        assert!(Instant::now() >= deadline);
        // A wait that timed out has taken nothing, and left nothing behind.
        two.deliver("m");
        assert_eq!(rx.recv(), Ok(message(5)));
    });
}

#[test]
fn recv_message_skips_ticks() {
    watched(|| {
        let two = Two::new();
        let rx = two.deliver("ttm");
        assert_eq!(rx.recv_message(), Ok((Seq::from(3), 3)));
        two.deliver("t");
        assert_eq!(rx.try_recv_message(), Err(TryRecvError::Empty));
        // The tick was there, so it counts as observed.
        assert_eq!(rx.observed().get(), 4);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        two.deliver("m");
        assert_eq!(rx.try_recv_message(), Ok((Seq::from(5), 5)));
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..5 {
                    thread::sleep(MOMENT / 4);
                    two.other.send(0).unwrap();
                }
                two.tx.send(11).unwrap();
            });
            // Ticks come while it waits.
            assert_eq!(two.rx.recv_message().unwrap().1, 11);
        });
    });
}

#[test]
fn iter_waits_and_ends_with_the_last_sender() {
    watched(|| {
        let (tx, rx) = Dispatcher::new().channel("a").unwrap();
        thread::scope(|scope| {
            scope.spawn(move || {
                for n in 1..=100 {
                    if n % 20 == 0 {
                        thread::sleep(MOMENT / 10);
                    }
                    tx.send(n).unwrap();
                }
            });
            let mut events = rx.iter();
            for n in 1..=50 {
                assert_eq!(events.next(), Some(message(n)));
            }
            // Any number of them, and anything else between.
            assert_eq!(rx.iter().next(), Some(message(51)));
            assert_eq!(rx.recv(), Ok(message(52)));
            assert!(events.eq((53..=100).map(message)));
        });
        let mut events = rx.iter();
        assert_eq!((events.next(), events.next()), (None, None));
    });
}

#[test]
fn try_iter_ends_when_there_is_nothing_at_the_moment() {
    watched(|| {
        let two = Two::new();
        assert_eq!(two.rx.try_iter().next(), None);
        let rx = two.deliver("mmt");
        let mut events = rx.try_iter();
        assert!(events.by_ref().eq([message(1), message(2), tick(3)]));
        assert_eq!(events.next(), None);
        two.deliver("m");
        assert_eq!(events.next(), Some(message(4)));
        assert_eq!(events.next(), None);
    });
}

#[test]
fn a_receiver_can_be_iterated_over_by_reference_and_by_value() {
    watched(|| {
        let two = Two::new();
        two.deliver("mmmt");
        let Two { tx, rx, other, .. } = two;
        let mut expected = [message(1), message(2), message(3), tick(4)].into_iter();
        for event in &rx {
            assert_eq!(Some(event), expected.next());
            if event == message(2) {
                break;
            }
        }
        drop((tx, other));
        for event in rx {
            assert_eq!(Some(event), expected.next());
        }
        assert_eq!(expected.next(), None);
    });
}

#[test]
fn an_iterator_by_value_can_be_dropped_early() {
    watched(|| {
        let two = Two::new();
        two.deliver("mm");
        let Two { tx, rx, .. } = two;
        let mut events = rx.into_iter();
        assert_eq!(events.next(), Some(message(1)));
        drop(events);
        assert!(tx.is_disconnected());
    });
}

#[test]
fn drain_returns_messages_and_then_one_tick() {
    watched(|| {
        let two = Two::new();
        assert_eq!(two.rx.drain(9).next(), None);
        let rx = two.deliver("mmtmttt");
        let events: Vec<_> = rx.drain(9).collect();
        assert_eq!(events, [message(1), message(2), message(4), tick(7)]);
        assert_eq!(rx.observed().get(), 7);
        assert_eq!(rx.drain(9).next(), None);
        // One tick alone, and no tick if the last message says as much.
        two.deliver("tt");
        assert!(rx.drain(9).eq([tick(9)]));
        two.deliver("tm");
        assert!(rx.drain(9).eq([message(11)]));
    });
}

#[test]
fn drain_respects_its_maximum() {
    watched(|| {
        let two = Two::new();
        let rx = two.deliver("mmmmmt");
        assert_eq!(rx.drain(0).next(), None);
        assert!(rx.drain(1).eq([message(1)]));
        assert!(rx.drain(2).eq([message(2), message(3)]));
        // Two messages are left: no tick comes with them unless there is a place for it.
        assert!(rx.drain(2).eq([message(4), message(5)]));
        assert!(rx.drain(1).eq([tick(6)]));
        assert_eq!(rx.drain(usize::MAX).next(), None);
        two.deliver("mmt");
        assert!(rx.drain(3).eq([message(7), message(8), tick(9)]));
        two.deliver("mt");
        assert!(rx.drain(usize::MAX).eq([message(10), tick(11)]));
    });
}

#[test]
fn drain_says_how_much_there_is_at_most() {
    watched(|| {
        let two = Two::new();
        let rx = two.deliver("mmmt");
        for max in 0..6 {
            let (low, high) = rx.drain(max).size_hint();
            assert!(low <= max.min(4));
            assert!(high.is_some_and(|high| high >= max.min(4) && high <= max));
        }
        let mut events = rx.drain(9);
        for n in (0..4).rev() {
            events.next().unwrap();
            assert!(events.size_hint().1.is_some_and(|high| high >= n));
        }
        assert_eq!(events.next(), None);
        assert_eq!(events.next(), None);
    });
}

#[test]
fn drain_returns_what_was_there_when_it_was_called() {
    watched(|| {
        let two = Two::new();
        let rx = two.deliver("mm");
        let events = rx.drain(9);
        two.deliver("mtm");
        // What came since is left for later, and the clock is the one that belongs to the messages.
        let events: Vec<_> = events.collect();
        assert_eq!(events, [message(1), message(2)]);
        assert!(rx.drain(9).eq([message(3), message(5)]));
    });
}

#[test]
fn a_drain_dropped_half_way_leaves_the_rest() {
    watched(|| {
        let two = Two::new();
        let rx = two.deliver("mmmt");
        assert_eq!(rx.drain(9).next(), Some(message(1)));
        assert_eq!(rx.observed().get(), 1);
        drop(rx.drain(9));
        assert_eq!(rx.observed().get(), 1);
        assert!(rx.drain(9).eq([message(2), message(3), tick(4)]));
    });
}

#[test]
fn a_drain_and_other_ways_to_receive_can_be_mixed() {
    watched(|| {
        let two = Two::new();
        let rx = two.deliver("mmmmmmt");
        let mut events = rx.drain(9);
        assert_eq!(events.next(), Some(message(1)));
        assert_eq!(rx.recv(), Ok(message(2)));
        assert_eq!(rx.drain(2).next(), Some(message(3)));
        assert_eq!(events.next(), Some(message(4)));
        let mut more = rx.drain(9);
        assert_eq!(more.next(), Some(message(5)));
        assert_eq!(rx.try_recv_message(), Ok((Seq::from(6), 6)));
        // Both know of messages that are gone by now; neither makes anything up.
        let rest: Vec<_> = more.chain(events).collect();
        assert_eq!(rest, [tick(7)]);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    });
}

/// The other one's messages are counted before, and received after, this one's.
#[test]
fn a_drain_that_others_overtake_does_not_go_back() {
    watched(|| {
        let two = Two::new();
        let rx = two.deliver("mt");
        let mut events = rx.drain(9);
        two.deliver("mt");
        assert_eq!(rx.recv(), Ok(message(1)));
        assert_eq!(rx.recv(), Ok(message(3)));
        assert_eq!(rx.recv(), Ok(tick(4)));
        // Its tick would say 2.
        assert_eq!(events.next(), None);
        drop(events);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    });
}

/// A receiver with everything full, and the number of the next message.
fn full(capacity: usize, lane_capacity: usize) -> (Sender<u64>, Receiver<u64>, u64) {
    let dispatcher = Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .build()
        .unwrap();
    let (tx, rx) = dispatcher.channel("full").unwrap();
    let mut next = 1;
    fill(&tx, &rx, || {
        next += 1;
        next - 1
    });
    assert_eq!(next - 1, (capacity + lane_capacity) as u64);
    clock_gets_to(&dispatcher, capacity as u64);
    (tx, rx, next)
}

#[test]
fn drain_gives_the_space_back_once_at_the_end() {
    watched(|| {
        let (tx, rx, next) = full(4, 2);
        let mut events = rx.drain(3);
        for n in 1..=3 {
            assert_eq!(events.next(), Some(message(n)));
            assert!(tx.is_full());
        }
        // Nothing has moved in the meantime; and nothing could, as only this thread gives space.
        thread::sleep(MOMENT);
        assert!(tx.is_full());
        drop(events);
        eventually(|| tx.is_empty() && rx.len() == 3);
        tx.send(next).unwrap();
        eventually(|| rx.len() == 4);
        for n in 4..=7 {
            assert_eq!(rx.recv(), Ok(message(n)));
        }
    });
}

#[test]
fn a_drain_that_panics_or_breaks_off_gives_back_what_it_took() {
    watched(|| {
        let (tx, rx, _) = full(4, 4);
        for event in rx.drain(4) {
            if event == message(2) {
                break;
            }
        }
        eventually(|| tx.len() == 2 && rx.len() == 4);
        for n in 3..=8 {
            assert_eq!(rx.recv(), Ok(message(n)));
        }
    });
}

/// Space that a leaked iterator has not given back is given back by whatever is received next.
#[test]
fn a_leaked_drain_loses_nothing() {
    type Receive = fn(&Receiver<u64>) -> Option<Event<u64>>;
    let ways: [Receive; 7] = [
        |rx| rx.recv().ok(),
        |rx| rx.recv_timeout(Duration::MAX).ok(),
        |rx| rx.recv_message().ok().map(|(_, n)| message(n)),
        |rx| rx.iter().next(),
        |rx| loop {
            match rx.try_recv() {
                Err(TryRecvError::Empty) => thread::yield_now(),
                other => return other.ok(),
            }
        },
        |rx| loop {
            match rx.try_recv_message() {
                Err(TryRecvError::Empty) => thread::yield_now(),
                other => return other.ok().map(|(_, n)| message(n)),
            }
        },
        |rx| loop {
            if let Some(event) = rx.drain(1).next() {
                return Some(event);
            }
            thread::yield_now();
        },
    ];
    watched(move || {
        for receive in ways {
            let (tx, rx, next) = full(2, 2);
            let mut events = rx.drain(2);
            assert_eq!(events.next(), Some(message(1)));
            assert_eq!(events.next(), Some(message(2)));
            mem::forget(events);
            // The inbox is empty, but the engine does not know.
            assert_eq!(receive(&rx), Some(message(3)));
            assert_eq!(receive(&rx), Some(message(4)));
            tx.send(next).unwrap();
            assert_eq!(receive(&rx), Some(message(5)));
        }
        // Or by the drop of the receiver, if nothing is.
        let (tx, rx, _) = full(2, 2);
        let mut events = rx.drain(2);
        events.next().unwrap();
        mem::forget(events);
        drop(rx);
        assert!(tx.is_disconnected());
    });
}

#[test]
fn drain_at_the_end_returns_what_is_left() {
    watched(|| {
        let two = Two::new();
        two.deliver("mmt");
        let Two { tx, rx, .. } = two;
        drop(tx);
        assert!(rx.drain(9).eq([message(1), message(2), tick(3)]));
        assert_eq!(rx.recv(), Err(RecvError));
        assert_eq!(rx.drain(9).next(), None);
    });
}

#[test]
fn observed_is_the_number_of_the_last_event() {
    watched(|| {
        let two = Two::new();
        let rx = two.deliver("mtmmt");
        let seen = || rx.observed().get();
        assert_eq!(seen(), 0);
        rx.recv().unwrap();
        assert_eq!(seen(), 1);
        let mut events = rx.drain(9);
        for n in [3, 4, 5] {
            events.next().unwrap();
            assert_eq!(seen(), n);
        }
        drop(events);
        two.deliver("t");
        assert_eq!(seen(), 5);
        assert_eq!(rx.try_iter().count(), 1);
        assert_eq!(seen(), 6);
        let snapshot = two.dispatcher.snapshot();
        let asked = snapshot
            .receivers
            .iter()
            .find(|r| r.name == "asked")
            .unwrap();
        assert_eq!(asked.observed.get(), 6);
    });
}

#[test]
fn clock_len_capacity_and_name_tell_how_things_stand() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(3)
            .start_after(Seq::from(10))
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("the name").unwrap();
        assert_eq!((rx.name(), tx.target()), ("the name", "the name"));
        assert_eq!((rx.capacity(), rx.len(), rx.is_empty()), (3, 0, true));
        assert_eq!(rx.clock().seq.get(), 10);
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        clock_gets_to(&dispatcher, 12);
        assert_eq!((rx.len(), rx.is_empty()), (2, false));
        assert_eq!((rx.clock().seq.get(), rx.clock().dispatched), (12, 2));
        // It was not received, and so says nothing about what was.
        assert_eq!(rx.observed().get(), 10);
        rx.recv().unwrap();
        assert_eq!((rx.len(), rx.observed().get()), (1, 11));
        dispatcher.broadcaster().send(3).unwrap();
        tx.send(4).unwrap();
        clock_gets_to(&dispatcher, 14);
        assert_eq!((rx.len(), rx.capacity()), (3, 3));
        assert_eq!(rx.disconnect_reason(), None);
    });
}

#[test]
fn a_receiver_can_move_between_threads() {
    watched(|| {
        let (tx, mut rx) = Dispatcher::builder()
            .capacity(2)
            .build()
            .unwrap()
            .channel("a")
            .unwrap();
        for n in 1..=20 {
            let receives = thread::spawn(move || {
                assert_eq!(rx.recv(), Ok(message(n)));
                rx
            });
            tx.send(n).unwrap();
            rx = receives.join().unwrap();
        }
    });
}

#[test]
fn a_snapshot_tells_who_is_there_and_who_waits_for_whom() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(3)
            .build()
            .unwrap();
        let (b, _for_b) = dispatcher.channel("b").unwrap();
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let more = b.clone();
        let everybody = dispatcher.broadcaster();
        fill(&a, &for_a, || 0);
        everybody.send(1).unwrap();
        clock_gets_to(&dispatcher, 3);
        everybody.send(2).unwrap();
        let snapshot = dispatcher.snapshot();
        assert_eq!(snapshot.clock, dispatcher.clock());
        let receivers: Vec<_> = snapshot
            .receivers
            .iter()
            .map(|r| {
                (
                    r.name.as_str(),
                    r.len,
                    r.capacity,
                    r.observed.get(),
                    r.senders,
                )
            })
            .collect();
        assert_eq!(receivers, [("a", 3, 2, 0, 1), ("b", 1, 2, 0, 2)]);
        let senders: Vec<_> = snapshot
            .senders
            .iter()
            .map(|s| (s.target.as_deref(), s.len, s.capacity, s.blocked_on.len()))
            .collect();
        let expected = [
            (Some("b"), 0, 3, 0),
            (Some("a"), 3, 3, 1),
            (Some("b"), 0, 3, 0),
            (None, 1, 3, 1),
        ];
        assert_eq!(senders, expected);
        assert_eq!(snapshot.senders[1].blocked_on, ["a"]);
        assert_eq!(snapshot.senders[3].blocked_on, ["a"]);
        drop((more, everybody, for_a));
        eventually(|| {
            let snapshot = dispatcher.snapshot();
            let names: Vec<_> = snapshot.receivers.iter().map(|r| &r.name).collect();
            names == ["b"] && snapshot.senders.iter().all(|s| s.blocked_on.is_empty())
        });
        assert!(a.is_disconnected());
    });
}
