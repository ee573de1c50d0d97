//! F4: dispatchers below dispatchers.
#![cfg(not(loom))]

mod common {
    pub(crate) mod watchdog;
}

use std::collections::BTreeMap;
use std::thread;

use clocked_lanes::{
    Broadcaster, DisconnectReason, Dispatcher, Event, Forwarding, Order, Pump, Pumped, Receiver,
    Sender, Seq,
};

use common::watchdog::watched;

/// How many messages each sender at the top sends.
const EACH: u64 = 500;

type Value = (usize, u64);

fn forwarding() -> Dispatcher<Value, Forwarding> {
    Dispatcher::builder()
        .capacity(8)
        .lane_capacity(8)
        .forwarding(Order::Frontier)
        .build()
        .unwrap()
}

/// Three levels: a serializing dispatch on top; in the middle one whose receiver `m1` is fed by two of the top's,
/// and `m2` by the third; at the bottom one that gets what `m1` gets by broadcast, and `leaf 2` also what `m2` gets.
struct Levels {
    top: Vec<(usize, Sender<Value>)>,
    from_top: Vec<Pump<Value>>,
    broadcast: Pump<Value, Broadcaster<Value, Forwarding>>,
    unicast: Pump<Value>,
    leaves: [Receiver<Value>; 2],
}

fn levels() -> Levels {
    let (top, middle, bottom) = (Dispatcher::new(), forwarding(), forwarding());
    let (into_m1, m1) = middle.channel("m1").unwrap();
    let (into_m2, m2) = middle.channel("m2").unwrap();
    let into = [into_m1.clone(), into_m1, into_m2];
    let (senders, from_top) = into
        .into_iter()
        .enumerate()
        .map(|(i, into)| {
            let (tx, rx) = top.channel(format!("top {i}")).unwrap();
            ((i, tx), Pump::new(rx, into))
        })
        .unzip();
    let (unused, leaf_1) = bottom.channel("leaf 1").unwrap();
    let (into_leaf_2, leaf_2) = bottom.channel("leaf 2").unwrap();
    let broadcast = Pump::new(m1, bottom.broadcaster());
    drop(unused);
    Levels {
        top: senders,
        from_top,
        broadcast,
        unicast: Pump::new(m2, into_leaf_2),
        leaves: [leaf_1, leaf_2],
    }
}

/// Gets everything up to the last number, and checks that no event goes back.
fn receive(leaf: &Receiver<Value>) -> BTreeMap<u64, Value> {
    let mut got = BTreeMap::new();
    let mut last = Seq::default();
    while leaf.observed().get() < 3 * EACH {
        let event = leaf.recv().unwrap();
        assert!(event.seq() >= last);
        last = event.seq();
        if let Event::Message { seq, value } = event {
            assert_eq!(
                got.insert(seq.get(), value),
                None,
                "the top's numbers differ"
            );
        }
    }
    got
}

fn check(leaves: [&BTreeMap<u64, Value>; 2]) {
    let [one, two] = leaves;
    // Everything came to the second leaf, under the numbers of the top, which have no gap.
    assert!(two.keys().copied().eq(1..=3 * EACH));
    // The first has what is not from the third sender, under the same numbers.
    let expected: BTreeMap<_, _> = two
        .iter()
        .filter(|m| m.1.0 < 2)
        .map(|(n, v)| (*n, *v))
        .collect();
    assert_eq!(*one, expected);
    // And each sender's messages are in the order in which it sent them.
    for i in 0..3 {
        let ks = two.values().filter(|v| v.0 == i).map(|v| v.1);
        assert!(ks.eq(0..EACH));
    }
}

#[test]
fn f4_leaves_see_the_order_of_the_top() {
    watched(|| {
        let Levels {
            top,
            from_top,
            broadcast,
            unicast,
            leaves: [leaf_1, leaf_2],
        } = levels();
        // They stay for now: a receiver that has come to its end learns of no later number.
        let ends: Vec<_> = top.iter().map(|(_, tx)| tx.clone()).collect();
        thread::scope(|scope| {
            for (i, tx) in top {
                scope.spawn(move || (0..EACH).try_for_each(|k| tx.send((i, k))).unwrap());
            }
            for pump in from_top {
                scope.spawn(|| pump.run().unwrap());
            }
            scope.spawn(|| broadcast.run().unwrap());
            scope.spawn(|| unicast.run().unwrap());
            // The clock of the top comes down to both.
            let one = scope.spawn(move || (receive(&leaf_1), leaf_1));
            let two = receive(&leaf_2);
            let (one, leaf_1) = one.join().unwrap();
            check([&one, &two]);
            // And so does its end.
            drop(ends);
            for leaf in [leaf_1, leaf_2] {
                assert!(leaf.recv().is_err());
                let reason = leaf.disconnect_reason();
                assert_eq!(reason, Some(DisconnectReason::SendersGone));
            }
        });
    });
}

/// The same in steps, in one thread.
#[test]
fn f4_pumps_can_be_stepped() {
    watched(|| {
        let mut levels = levels();
        let mut got = [BTreeMap::new(), BTreeMap::new()];
        let mut sent = [0; 3];
        let (mut broadcast, mut unicast) = (Some(levels.broadcast), Some(levels.unicast));
        let mut from_top = levels.from_top;
        let mut ended = [false; 2];
        while ended != [true; 2] {
            levels.top.retain(|(i, tx)| {
                // If the lane is full, the pumps come first.
                while sent[*i] < EACH && tx.try_send((*i, sent[*i])).is_ok() {
                    sent[*i] += 1;
                }
                sent[*i] < EACH
            });
            // One that has come to its end is dropped, and holds nobody up any more.
            from_top.retain_mut(|pump| pump.step().unwrap() != Pumped::Ended);
            broadcast.take_if(|pump| pump.step().unwrap() == Pumped::Ended);
            unicast.take_if(|pump| pump.step().unwrap() == Pumped::Ended);
            for ((leaf, got), ended) in levels.leaves.iter().zip(&mut got).zip(&mut ended) {
                loop {
                    match leaf.try_recv_message() {
                        Ok((seq, value)) => drop(got.insert(seq.get(), value)),
                        Err(error) => {
                            *ended = error.is_disconnected();
                            thread::yield_now();
                            break;
                        }
                    }
                }
            }
        }
        check([&got[0], &got[1]]);
    });
}

/// Several messages with one number come through a pump, and through a second one.
#[test]
fn f4_ties_pass_through_pumps() {
    watched(|| {
        let dispatchers = [forwarding(), forwarding(), forwarding()];
        let (a, first) = dispatchers[0].channel("first").unwrap();
        let b = a.clone();
        let (into, second) = dispatchers[1].channel("second").unwrap();
        let (into_third, third) = dispatchers[2].channel("third").unwrap();
        drop(dispatchers);
        let pumps = [
            thread::spawn(|| Pump::new(first, into).run()),
            thread::spawn(|| Pump::new(second, into_third).run()),
        ];
        let forwarding = thread::spawn(move || {
            for n in 1..=500 {
                a.forward(n, (0, n)).unwrap();
                b.forward(n, (1, n)).unwrap();
            }
        });
        let mut got = Vec::new();
        for event in &third {
            if let Some((seq, value)) = event.into_message() {
                assert_eq!(seq.get(), value.1);
                assert_eq!(third.observed().get(), value.1 - 1);
                got.push(value);
            }
        }
        assert_eq!(third.observed().get(), 500);
        got.sort_by_key(|value| (value.1, value.0));
        assert!(got.into_iter().eq((1..=500).flat_map(|n| [(0, n), (1, n)])));
        forwarding.join().unwrap();
        for pump in pumps {
            pump.join().unwrap().unwrap();
        }
    });
}

/// The same where one of the pumps sends to everybody.
#[test]
fn f4_ties_pass_through_a_broadcaster() {
    watched(|| {
        let (upper, lower) = (forwarding(), forwarding());
        let (a, top) = upper.channel("top").unwrap();
        let b = a.clone();
        let (only, leaf) = lower.channel("leaf").unwrap();
        let pump = Pump::new(top, lower.broadcaster());
        drop((upper, lower, only));
        let pumping = thread::spawn(|| pump.run());
        for n in 1..=3 {
            a.forward(n, (0, n)).unwrap();
            b.forward(n, (1, n)).unwrap();
        }
        drop((a, b));
        let messages = leaf.iter().filter_map(Event::into_message);
        let mut got: Vec<_> = messages.map(|(seq, value)| (seq.get(), value)).collect();
        got.sort_unstable();
        assert!(
            got.into_iter()
                .eq((1..=3).flat_map(|n| [(n, (0, n)), (n, (1, n))]))
        );
        pumping.join().unwrap().unwrap();
    });
}

/// A sender that has promised more than the pump knows of is an error of its own, which hands the message back.
#[test]
fn f4_a_number_that_was_promised_away_below_is_an_error() {
    watched(|| {
        let (tx, upper) = Dispatcher::new().channel("upper").unwrap();
        let (into, leaf) = forwarding().channel("leaf").unwrap();
        into.advance(5).unwrap();
        let pump = Pump::new(upper, into);
        assert!(format!("{pump:?}").contains("upper"));
        tx.send((0, 7)).unwrap();
        let error = pump.run().unwrap_err();
        assert!(error.is_late() && !error.is_disconnected());
        assert!(format!("{error:?}").contains("is_late: true"));
        assert!(error.to_string().contains("not above the frontier"));
        assert_eq!(error.message, Some((Seq::from(1), (0, 7))));
        drop(leaf);
    });
}

/// An error hands back what the pump holds, and dropping the pump tells those above.
#[test]
fn f4_a_receiver_below_that_leaves_is_an_error() {
    watched(|| {
        let (tx, upper) = Dispatcher::new().channel("upper").unwrap();
        let (into, leaf) = forwarding().channel("leaf").unwrap();
        let mut pump = Pump::new(upper, into);
        drop(leaf);
        tx.send((0, 7)).unwrap();
        let error = loop {
            match pump.step() {
                Ok(_) => thread::yield_now(),
                Err(error) => break error,
            }
        };
        assert!(error.is_disconnected() && !error.is_late());
        assert_eq!(error.message, Some((Seq::from(1), (0, 7))));
        drop(pump);
        assert_eq!(tx.send((0, 8)).unwrap_err().into_inner(), (0, 8));
    });
}
