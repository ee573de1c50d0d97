//! Forwarding dispatches: what is new in their orderings.

use clocked_lanes::models::{Gate, fence_at_gate};
use clocked_lanes::{DisconnectReason, Dispatcher, Event, Forwarding, Order, Pump, Sender, Seq};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::thread;

use crate::explore;

fn dispatcher(order: Order, capacity: usize, lane_capacity: usize) -> Dispatcher<u32, Forwarding> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .forwarding(order)
        .build()
        .unwrap()
}

/// F3, join before message: either the engine finds that somebody is joining, and goes nowhere, or who
/// joins reads the limit and does not start behind it.
#[test]
fn f3_nobody_joins_behind_a_clock() {
    explore::all("forwarding: F3, nobody joins behind a clock", || {
        let gate = Arc::new(Gate::new(Order::Frontier));
        let is_joining = Arc::new(AtomicBool::new(false));
        let joining = {
            let (gate, is_joining) = (Arc::clone(&gate), Arc::clone(&is_joining));
            thread::spawn(move || {
                is_joining.store(true, Ordering::Relaxed);
                fence_at_gate();
                gate.limit_for_sources()
            })
        };
        let mut published = 0;
        for limit in [5, 9] {
            gate.announce_for_sources(limit);
            fence_at_gate();
            if !is_joining.load(Ordering::Relaxed) {
                published = limit;
            }
        }
        assert!(joining.join().unwrap() >= published);
    });
}

/// F2, frontier after message: who reads the frontier and then finds no message knows that there is none.
#[test]
fn f2_an_empty_lane_at_a_frontier_proves_that_nothing_comes() {
    use clocked_lanes::models::Frontier;
    explore::all(
        "forwarding: F2, an empty lane at a frontier proves that nothing comes",
        || {
            let frontier = Arc::new(Frontier::new());
            // Stands for what was put in, without the ordering that a queue would add.
            let put_in = Arc::new(AtomicU64::new(0));
            let sending = {
                let (frontier, put_in) = (Arc::clone(&frontier), Arc::clone(&put_in));
                thread::spawn(move || {
                    put_in.store(3, Ordering::Relaxed);
                    frontier.raise(3);
                    frontier.raise(7);
                })
            };
            let seen = frontier.get();
            let found = put_in.load(Ordering::Relaxed);
            assert!(seen < 3 || found == 3, "at {seen} message {found}");
            sending.join().unwrap();
        },
    );
}

/// Clock after inbox, with a clock that is held for one receiver: it does not get a tick before its message, nor
/// does it miss the tick after.
#[test]
fn a_held_clock_does_not_overtake_the_message() {
    use clocked_lanes::Clock;
    use clocked_lanes::models::{Look, clock, inbox};
    let at = |n: u64| Clock {
        seq: Seq::from(n),
        dispatched: n,
    };
    explore::all(
        "forwarding: a held clock does not overtake the message",
        move || {
            let (mut writer, cell) = clock(at(0));
            let (mut inlet, outlet) = inbox::<u32>(1, &cell);
            let engine = thread::spawn(move || {
                // There is no space for message 2; the clock goes on to 3.
                inlet.hold_clock(1);
                writer.publish(at(3));
                // Now there is.
                inlet.push(2, 7);
                inlet.commit();
                inlet.hold_clock(u64::MAX);
                (inlet, writer)
            });
            let mut has_message = false;
            for _ in 0..2 {
                match outlet.look() {
                    Look::Event(Event::Message { seq, .. }) => {
                        assert_eq!(seq.get(), 2);
                        has_message = true;
                    }
                    Look::Event(Event::Clock(seq)) => assert!(seq.get() < 2 || has_message),
                    Look::Nothing | Look::End => {}
                }
            }
            drop(engine.join().unwrap());
        },
    );
}

/// A frontier that is raised as the engine goes to sleep wakes it, and the receiver.
#[test]
fn f2_advance_wakes() {
    explore::bounded("forwarding: F2, advance wakes", 1, || {
        let dispatcher = dispatcher(Order::Frontier, 1, 1);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let sending = thread::spawn(move || {
            tx.advance(5).unwrap();
            tx
        });
        assert_eq!(rx.recv(), Ok(Event::Clock(Seq::from(5))));
        drop(sending.join().unwrap());
    });
}

/// Two sources: the messages arrive in their order, whoever is faster, and the clock does not lie.
#[test]
fn two_sources_are_merged() {
    explore::bounded("forwarding: two sources are merged", 1, || {
        let (a, rx) = dispatcher(Order::Frontier, 1, 1).channel("r").unwrap();
        let b = a.clone();
        let sending = thread::spawn(move || {
            b.forward(1, 10).unwrap();
        });
        a.forward(2, 20).unwrap();
        drop(a);
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 10)));
        assert_eq!(rx.recv_message(), Ok((Seq::from(2), 20)));
        assert!(rx.recv().is_ok_and(|event| event.seq().get() == 2));
        assert!(rx.recv().is_err());
        sending.join().unwrap();
    });
}

/// F3 through the whole dispatch: a sender joins while another runs on, and its first number is not late.
#[test]
fn f3_a_source_that_joins_is_not_late() {
    explore::bounded("forwarding: F3, a source that joins is not late", 1, || {
        let dispatcher = dispatcher(Order::Frontier, 2, 1);
        let (a, rx) = dispatcher.channel("r").unwrap();
        let running = thread::spawn(move || {
            a.advance(4).unwrap();
            // Until the other one has joined, the receiver is not to come to its end.
            a
        });
        let b = dispatcher.sender("r").unwrap();
        let number = b.frontier().get() + 1;
        assert_eq!(b.forward(number, 7), Ok(()));
        drop(b);
        let (seq, value) = rx.recv_message().unwrap();
        assert_eq!((seq.get(), value), (number, 7));
        assert!(dispatcher.rejects().try_recv().is_err());
        drop(running.join().unwrap());
    });
}

/// F3: a clone is honoured, though its parent advances at once.
#[test]
fn f3_a_clone_is_honoured() {
    explore::bounded("forwarding: F3, a clone is honoured", 1, || {
        let (a, rx) = dispatcher(Order::Frontier, 2, 1).channel("r").unwrap();
        let b = a.clone();
        a.advance(4).unwrap();
        assert_eq!(b.frontier().get(), 0);
        assert_eq!(b.forward(1, 7), Ok(()));
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 7)));
    });
}

/// Dense: two senders, in the wrong order.
#[test]
fn dense_waits_for_the_lower_number() {
    explore::bounded("forwarding: dense waits for the lower number", 1, || {
        let (a, rx) = dispatcher(Order::Dense { window: 2 }, 1, 1)
            .channel("r")
            .unwrap();
        let b = a.clone();
        let sending = thread::spawn(move || {
            b.forward(2, 20).unwrap();
        });
        a.forward(1, 10).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 10)));
        assert_eq!(rx.recv_message(), Ok((Seq::from(2), 20)));
        sending.join().unwrap();
    });
}

/// Dense: a receiver that gets nothing is woken each time the clock moves, by messages to another and by numbers
/// without one.
#[test]
fn dense_ticks_wake_a_parked_receiver() {
    explore::bounded("forwarding: dense ticks wake a parked receiver", 1, || {
        let dispatcher = dispatcher(Order::Dense { window: 2 }, 1, 1);
        let (tx, _rx) = dispatcher.channel("a").unwrap();
        let (_quiet, watcher) = dispatcher.channel("b").unwrap();
        let watching =
            thread::spawn(
                move || {
                    while watcher.recv().unwrap() != Event::Clock(Seq::from(2)) {}
                },
            );
        tx.forward(1, 7).unwrap();
        tx.forward_empty(2).unwrap();
        watching.join().unwrap();
    });
}

/// S10: a message that holds the sender that it was forwarded by is dropped, also if its receiver goes as it is put in.
#[test]
fn s10_a_message_may_hold_its_sender() {
    struct Holds(#[expect(dead_code, reason = "it is held")] Arc<Sender<Holds, Forwarding>>);

    explore::bounded("forwarding: S10, a message may hold its sender", 2, || {
        let dispatcher = Dispatcher::<Holds>::builder()
            .capacity(1)
            .lane_capacity(1)
            .forwarding(Order::Frontier)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let tx = Arc::new(tx);
        drop(dispatcher);
        let leaving = thread::spawn(move || drop(rx));
        let _ = tx.try_forward(1, Holds(Arc::clone(&tx)));
        leaving.join().unwrap();
    });
}

/// Who finds a lane closed finds why it was: here, because everybody waits for a number that nobody can send.
#[test]
fn who_finds_a_lane_closed_finds_why() {
    explore::bounded("forwarding: who finds a lane closed finds why", 1, || {
        let (tx, _rx) = dispatcher(Order::Dense { window: 1 }, 1, 1)
            .channel("a")
            .unwrap();
        tx.forward(3, 7).unwrap();
        let why = tx.disconnect_reason();
        let missing = DisconnectReason::MissingNumber(Seq::from(1));
        assert!(why.is_none() || why == Some(missing), "{why:?}");
    });
}

/// F1: two threads share a sender. The lower number may come late; its value comes back, in the error or among the
/// rejects, or it is delivered. Without a thread for the engine, so that there are two threads and not three: with
/// it, and one preemption, there are 753,220 executions.
#[test]
fn f1_what_comes_late_comes_back() {
    explore::bounded("forwarding: F1, what comes late comes back", 5, || {
        let builder = Dispatcher::builder().capacity(2).lane_capacity(2).inline();
        let dispatcher = builder.forwarding(Order::Frontier).build().unwrap();
        let (tx, rx) = dispatcher.channel("r").unwrap();
        let tx = Arc::new(tx);
        let other = Arc::clone(&tx);
        let sending = thread::spawn(move || other.forward(2, 20).unwrap());
        let back = tx.forward(1, 10).map_err(|error| error.into_inner());
        sending.join().unwrap();
        drop(tx);
        let got: Vec<u32> = std::iter::from_fn(|| rx.recv_message().ok())
            .map(|(_, value)| value)
            .collect();
        let rejected = dispatcher.rejects().try_recv().ok();
        match (back, rejected) {
            (Err(value), None) => assert_eq!((value, got), (10, vec![20])),
            (Ok(()), Some(late)) => assert_eq!((late.value, got), (Some(10), vec![20])),
            (Ok(()), None) => assert_eq!(got, [10, 20]),
            (Err(_), Some(_)) => panic!("it came back twice"),
        }
    });
}

/// F1: who waits for what comes back is woken by it.
#[test]
fn f1_a_reject_wakes_who_waits_for_it() {
    explore::bounded("forwarding: F1, a reject wakes who waits for it", 1, || {
        let dispatcher = dispatcher(Order::Dense { window: 2 }, 2, 2);
        let (tx, _rx) = dispatcher.channel("r").unwrap();
        let rejects = dispatcher.rejects();
        let sending = thread::spawn(move || {
            tx.forward(1, 10).unwrap();
            tx.forward(1, 11).unwrap();
            tx
        });
        assert_eq!(rejects.recv().unwrap().value, Some(11));
        drop(sending.join().unwrap());
    });
}

/// S9 for those who wait for what comes back: nothing does any more when everybody has gone.
#[test]
fn f1_the_end_wakes_who_waits_for_rejects() {
    explore::bounded(
        "forwarding: F1, the end wakes who waits for rejects",
        1,
        || {
            let dispatcher = dispatcher(Order::Frontier, 1, 1);
            let rejects = dispatcher.rejects();
            let leaving = thread::spawn(move || drop(dispatcher));
            assert!(rejects.recv().is_err());
            leaving.join().unwrap();
        },
    );
}

/// F4: what is sent at the top arrives at the bottom with its number, and then the end. Of four threads and two
/// dispatches, so no thread is interrupted, only the order in which they wait and go on is explored.
#[test]
fn f4_a_pump_passes_on_the_order_and_the_end() {
    explore::bounded(
        "forwarding: F4, a pump passes on the order and the end",
        0,
        || {
            let (tx, upper) = crate::dispatch::dispatcher(1, 1).channel("upper").unwrap();
            let (into, leaf) = dispatcher(Order::Frontier, 1, 1).channel("leaf").unwrap();
            let pumping = thread::spawn(move || Pump::new(upper, into).run().unwrap());
            tx.send(7).unwrap();
            drop(tx);
            assert_eq!(leaf.recv_message(), Ok((Seq::from(1), 7)));
            assert!(leaf.recv_message().is_err());
            pumping.join().unwrap();
        },
    );
}

/// F5: a sender that is not behind is not said to hold a receiver's clock back, whatever happens meanwhile.
#[test]
fn f5_who_is_ahead_holds_nobody_back() {
    explore::bounded("forwarding: F5, who is ahead holds nobody back", 1, || {
        let dispatcher = dispatcher(Order::Frontier, 1, 1);
        let (a, rx) = dispatcher.channel("r").unwrap();
        let b = a.clone();
        let advancing = thread::spawn(move || {
            b.advance(9).unwrap();
            b
        });
        a.advance(5).unwrap();
        let snapshot = dispatcher.snapshot();
        let receiver = snapshot.receiver("r").unwrap();
        if receiver.clock < Seq::from(5) {
            assert!(!receiver.held_back_by.contains(&a.id()));
        }
        let b = advancing.join().unwrap();
        assert_eq!(rx.recv().map(|event| event.seq() >= Seq::from(1)), Ok(true));
        drop((a, b));
    });
}
