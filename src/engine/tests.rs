//! The engine step by step, on real handles and without its thread.

use crate::clock_cell::clock;
use crate::core::{Connection, Core};
use crate::driver::Drive;
use crate::engine::Engine;
use crate::numbers::Numbers;
use crate::rejects::reject_queue;
use crate::sync::{Arc, channel};
use crate::telemetry::Telemetry;
use crate::{Clock, Dispatcher, Event, SendError, Seq, TryRecvError, TrySendError};

/// A dispatcher whose engine is stepped by the test.
fn by_hand<T: Send + 'static>(capacity: usize, lane_capacity: usize) -> (Dispatcher<T>, Engine<T>) {
    let (writer, cell) = clock(Clock::default());
    let (_, rejects) = reject_queue();
    let numbers = Numbers::after(0);
    let core = Arc::new(Core::new(
        capacity,
        lane_capacity,
        cell,
        numbers,
        None,
        rejects,
        Telemetry::new("a test", false),
    ));
    let (tell, control) = channel::unbounded();
    let engine = Engine::new(Arc::clone(&core), control, writer, Seq::default());
    (
        Dispatcher::from_connection(Connection::new(core, tell, None)),
        engine,
    )
}

/// Steps until there is nothing to do.
fn run<T>(engine: &mut Engine<T>) {
    while engine.step() {}
}

/// The ids of the lanes that the driver would watch while blocked; `None` if it would not block.
fn watched<T>(engine: &mut Engine<T>) -> Option<Vec<u64>> {
    run(engine);
    let mut watched = Vec::new();
    let idle = engine.prepare_to_block(&mut watched);
    let mut ids: Vec<u64> = watched.iter().map(|&l| engine.lane_id(l)).collect();
    ids.sort_unstable();
    idle.then_some(ids)
}

fn message<T>(seq: u64, value: T) -> Result<Event<T>, TryRecvError> {
    let seq = Seq::from(seq);
    Ok(Event::Message { seq, value })
}

/// The lanes watched are exactly those whose target has space.
#[test]
fn a_lane_with_a_full_target_is_not_watched_until_a_slot_is_free() {
    let (dispatcher, mut engine) = by_hand(2, 2);
    let (a, for_a) = dispatcher.channel("a").unwrap(); // lane 1
    let (_b, _for_b) = dispatcher.channel("b").unwrap(); // lane 2
    let a_too = a.clone(); // lane 3
    assert_eq!(watched(&mut engine), Some(vec![1, 2, 3]));

    a.send(1).unwrap();
    assert_eq!(
        watched(&mut engine),
        Some(vec![1, 2, 3]),
        "a has one slot left"
    );
    a.send(2).unwrap();
    assert_eq!(watched(&mut engine), Some(vec![2]), "a is full");
    // More for a, on either lane, changes nothing.
    a.send(3).unwrap();
    a_too.send(4).unwrap();
    assert_eq!(watched(&mut engine), Some(vec![2]));

    // A slot is freed: the engine, asleep by now, is told on the control lane and uses it.
    assert_eq!(for_a.try_recv(), message(1, 1));
    assert!(!engine.control().is_empty(), "the receiver has rung");
    assert_eq!(
        watched(&mut engine),
        Some(vec![2]),
        "the slot went to the next message"
    );
    assert_eq!(for_a.try_recv(), message(2, 2));
    run(&mut engine);
    for seq in 3..=4 {
        assert!(for_a.try_recv().unwrap().seq() == Seq::from(seq));
    }
    assert_eq!(
        watched(&mut engine),
        Some(vec![1, 2, 3]),
        "a has space again"
    );
}

/// A broadcaster's lane is watched when every receiver has space for a broadcast.
#[test]
fn a_broadcast_lane_is_watched_when_every_target_has_space() {
    let (dispatcher, mut engine) = by_hand(1, 2);
    let (a, for_a) = dispatcher.channel("a").unwrap(); // lane 1
    let (_b, for_b) = dispatcher.channel("b").unwrap(); // lane 2
    let everybody = dispatcher.broadcaster(); // lane 3
    assert_eq!(watched(&mut engine), Some(vec![1, 2, 3]));

    // That one is received has no effect on the next one.
    everybody.send(0).unwrap();
    run(&mut engine);
    for rx in [&for_a, &for_b] {
        assert_eq!(rx.try_recv(), message(1, 0));
    }
    assert_eq!(watched(&mut engine), Some(vec![1, 2, 3]));
    everybody.send(1).unwrap();
    assert_eq!(
        watched(&mut engine),
        Some(vec![]),
        "both are full, with a broadcast"
    );
    assert_eq!(for_a.try_recv(), message(2, 1));
    assert_eq!(watched(&mut engine), Some(vec![1]), "b is still full");
    a.send(2).unwrap();
    assert_eq!(watched(&mut engine), Some(vec![]));
    assert_eq!(for_b.try_recv(), message(2, 1));
    assert_eq!(
        watched(&mut engine),
        Some(vec![2, 3]),
        "a is full, but has its slot for a broadcast"
    );
}

/// When the engine has said that it can block, and nothing has come since, there is nothing to do.
#[test]
fn it_does_not_block_with_work_to_do() {
    let (dispatcher, mut engine) = by_hand(1, 1);
    let (tx, rx) = dispatcher.channel("a").unwrap();
    tx.send(1).unwrap();
    run(&mut engine);
    tx.send(2).unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), message(1, 1));
    // Nobody has asked the receiver for space, so nobody was told; the engine has to look.
    let mut lanes = Vec::new();
    assert!(!engine.prepare_to_block(&mut lanes));
    run(&mut engine);
    assert_eq!(rx.try_recv(), message(2, 2));
}

/// A step tells whether it did anything, whatever that was: after one that did not, the driver blocks.
#[test]
fn a_step_tells_whether_it_did_anything() {
    let (dispatcher, mut engine) = by_hand(1, 4);
    let (tx, rx) = dispatcher.channel("a").unwrap();
    let everybody = dispatcher.broadcaster();
    assert!(engine.step(), "somebody has joined");
    assert!(!engine.step());
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    assert!(engine.step(), "a message");
    assert!(!engine.step(), "the receiver is full");
    assert_eq!(rx.try_recv(), message(1, 1));
    assert!(engine.step(), "it has space again");
    assert_eq!(rx.try_recv(), message(2, 2));
    everybody.send(3).unwrap();
    everybody.send(4).unwrap();
    everybody.send(5).unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), message(3, 3));
    assert!(engine.step(), "the second broadcast");
    assert_eq!(rx.try_recv(), message(4, 4));
    assert!(engine.step(), "the last one");
    assert_eq!(rx.try_recv(), message(5, 5));
    run(&mut engine);
    drop((tx, everybody));
    assert!(engine.step(), "all have left");
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert!(!engine.step());
}

/// Who runs the engine for a receiver is served first, and alone, if there is something for it.
#[test]
fn a_step_for_a_receiver_serves_it_first() {
    let (dispatcher, mut engine) = by_hand(4, 4);
    let (a, for_a) = dispatcher.channel("a").unwrap(); // port 0
    let (b, for_b) = dispatcher.channel("b").unwrap(); // port 1
    run(&mut engine);
    a.send(1).unwrap();
    b.send(2).unwrap();
    assert!(engine.step_for(1));
    assert_eq!(for_b.try_recv(), message(1, 2));
    assert_eq!(for_a.try_recv(), Ok(Event::Clock(Seq::from(1))));
    assert!(engine.step_for(1));
    assert_eq!(for_a.try_recv(), message(2, 1), "there is nothing for b");

    // A sender has left: that has to be seen to, and is nothing for its receiver.
    drop(b.clone());
    run(&mut engine);
    let leaves = b.clone();
    run(&mut engine);
    drop(leaves);
    a.send(3).unwrap();
    assert!(engine.step_for(1));
    assert_eq!(for_a.try_recv(), message(3, 3));
}

/// A receiver that is sealed is ended when it has got everything, once, and at the next opportunity.
#[test]
fn a_sealed_receiver_ends_at_once() {
    let (dispatcher, mut engine) = by_hand::<u32>(1, 4);
    let (tx, rx) = dispatcher.channel("a").unwrap();
    run(&mut engine);
    drop(tx);
    assert!(!engine.end_sealed(), "the engine does not know yet");
    engine.take_signals();
    engine.serve_ports();
    assert!(engine.end_sealed());
    assert!(!engine.end_sealed());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
}

/// A receiver that closes gets what was sent, and then ends, also if a sender has joined meanwhile.
#[test]
fn a_closed_receiver_gets_what_was_sent_and_ends() {
    let (dispatcher, mut engine) = by_hand(2, 4);
    let (tx, rx) = dispatcher.channel("a").unwrap();
    run(&mut engine);
    for n in 1..=4 {
        tx.send(n).unwrap();
    }
    rx.close();
    run(&mut engine);
    let late = tx.clone();
    for n in 1..=4 {
        run(&mut engine);
        assert_eq!(rx.try_recv(), message(n, n));
    }
    run(&mut engine);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(late.try_send(5), Err(TrySendError::Disconnected(5)));
}

/// Nothing is numbered for a receiver that has left, also if the engine has not been told yet.
#[test]
fn a_receiver_that_has_left_gets_no_numbers() {
    let (dispatcher, mut engine) = by_hand(2, 4);
    let (tx, rx) = dispatcher.channel("a").unwrap();
    run(&mut engine);
    tx.send(1).unwrap();
    engine.take_signals();
    drop(rx);
    assert!(!engine.serve_ports());
    run(&mut engine);
    assert_eq!(dispatcher.clock().seq, Seq::default());
}

/// C2: who waits for the number of a message, or of a batch, that does not get one has it back.
#[test]
fn c2_what_gets_no_number_comes_back() {
    let (dispatcher, mut engine) = by_hand(2, 4);
    let (tx, rx) = dispatcher.channel("a").unwrap();
    run(&mut engine);
    std::thread::scope(|scope| {
        let one = scope.spawn(|| tx.send_sequenced(1));
        let batch = scope.spawn(|| tx.send_batch_sequenced([2, 3]));
        while tx.len() < 2 {
            std::thread::yield_now();
        }
        drop(rx);
        run(&mut engine);
        assert_eq!(one.join().unwrap(), Err(SendError(1)));
        let returned = batch.join().unwrap().unwrap_err();
        assert_eq!(returned.into_inner(), [2, 3]);
    });
}

/// S4: a message is not received before its number is on the clock.
#[test]
fn s4_a_message_comes_after_its_number() {
    for is_broadcast in [false, true] {
        let (dispatcher, mut engine) = by_hand(2, 4);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let (_to_other, other) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        run(&mut engine);
        for n in 1..=2 {
            let send = || {
                if is_broadcast {
                    everybody.send(n)
                } else {
                    tx.send(n)
                }
            };
            send().unwrap();
            engine.take_signals();
            engine.serve_broadcasts();
            engine.serve_ports();
            for _ in 0..2 {
                assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
            }
            engine.publish();
            assert_eq!(rx.try_recv(), message(n, n));
            run(&mut engine);
            let _ = other.try_recv();
        }
    }
}

/// A receiver that is full again and again is to be asked for space once, however long the engine does not get to
/// that; one that is not full is not to be asked.
#[test]
fn a_receiver_is_entered_once_to_be_asked_for_space() {
    let (dispatcher, mut engine) = by_hand(2, 4);
    let (tx, rx) = dispatcher.channel("a").unwrap();
    tx.send(0).unwrap();
    run(&mut engine);
    assert!(engine.full.is_empty());
    for n in 1..=10 {
        tx.send(n).unwrap();
        run(&mut engine);
        assert_eq!(engine.full.len(), 1);
        rx.try_recv_message().unwrap();
    }
}

/// A lane that is idle costs nothing: it is not even looked at.
#[test]
fn an_idle_lane_is_not_looked_at() {
    let (dispatcher, mut engine) = by_hand::<u32>(4, 4);
    let count = if cfg!(miri) { 5 } else { 100 };
    let idle: Vec<_> = (0..count)
        .map(|n| dispatcher.channel(format!("{n}")).unwrap())
        .collect();
    run(&mut engine);
    assert!(engine.runnable.is_empty());
    let (tx, rx) = &idle[count / 2];
    tx.send(1).unwrap();
    engine.take_signals();
    assert_eq!(engine.runnable.len(), 1);
    run(&mut engine);
    assert_eq!(rx.try_recv(), message(1, 1));
}

/// B3 and S8: a broadcast waits for the last receiver, and then goes before the unicasts that wait with it;
/// after it, it is theirs.
#[test]
fn broadcasts_and_unicasts_take_turns() {
    let (dispatcher, mut engine) = by_hand(1, 8);
    let (a, for_a) = dispatcher.channel("a").unwrap();
    let (_b, for_b) = dispatcher.channel("b").unwrap();
    let everybody = dispatcher.broadcaster();
    for _ in 0..4 {
        a.send("unicast").unwrap();
        everybody.send("broadcast").unwrap();
    }
    let mut got = Vec::new();
    while got.len() < 8 {
        run(&mut engine);
        got.push(for_a.try_recv().unwrap().into_message().unwrap().1);
        let _ = for_b.try_recv();
    }
    let unicasts = |values: &[&str]| values.iter().filter(|v| **v == "unicast").count();
    for pair in got.chunks(2) {
        assert_eq!(unicasts(pair), 1, "{got:?}");
    }
}

/// S12: when the engine dies, every blocked and every later call returns an error.
#[test]
fn s12_a_dead_engine_is_an_error() {
    use crate::{ChannelError, DisconnectReason};

    let dispatcher = Dispatcher::builder()
        .capacity(1)
        .lane_capacity(1)
        .build()
        .unwrap();
    let (a, for_a) = dispatcher.channel("a").unwrap();
    let (b, for_b) = dispatcher.channel("b").unwrap();
    let everybody = dispatcher.broadcaster();
    let blocked_broadcaster = dispatcher.broadcaster();
    let progress = [for_a.progress(), for_b.progress()];
    a.send(1).unwrap();
    a.send(2).unwrap();
    blocked_broadcaster.send(3).unwrap();

    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            loop {
                if let Err(error) = a.send(4) {
                    break error.into_inner();
                }
            }
        });
        let broadcasting = scope.spawn(|| {
            loop {
                if let Err(error) = blocked_broadcaster.send(5) {
                    break error.into_inner();
                }
            }
        });
        let receiving = scope.spawn(move || {
            while for_b.recv().is_ok() {}
            for_b.disconnect_reason()
        });
        dispatcher.kill_engine();
        assert_eq!(sending.join().unwrap(), 4);
        assert_eq!(broadcasting.join().unwrap(), 5);
        assert_eq!(
            receiving.join().unwrap(),
            Some(DisconnectReason::DispatcherDied)
        );
    });

    // What was delivered is still there to be received.
    assert_eq!(for_a.try_recv(), message(1, 1));
    while for_a.recv().is_ok() {}
    assert_eq!(for_a.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(
        for_a.disconnect_reason(),
        Some(DisconnectReason::DispatcherDied)
    );
    assert_eq!(b.try_send(6), Err(TrySendError::Disconnected(6)));
    assert_eq!(b.clone().send(6).unwrap_err().into_inner(), 6);
    assert_eq!(
        a.disconnect_reason(),
        Some(DisconnectReason::DispatcherDied)
    );
    assert_eq!(
        everybody.disconnect_reason(),
        Some(DisconnectReason::DispatcherDied)
    );
    assert_eq!(everybody.send(7).unwrap_err().into_inner(), 7);
    assert_eq!(
        dispatcher.broadcaster().send(7).unwrap_err().into_inner(),
        7
    );
    assert_eq!(
        dispatcher.channel("c").unwrap_err(),
        ChannelError::DispatcherDied
    );
    assert_eq!(
        dispatcher.sender("a").unwrap_err(),
        ChannelError::DispatcherDied
    );
    let _ = dispatcher.snapshot();
    for progress in progress {
        let error = progress.wait_for(100).unwrap_err();
        assert_eq!(error.reason, DisconnectReason::DispatcherDied);
    }
}

/// S6: a receiver whose sources have gone, and which does not take its broadcasts, holds up nobody who does not
/// reach it; and the engine does not take that for work.
#[test]
fn a_sealed_receiver_does_not_hold_up_later_broadcasters() {
    let (dispatcher, mut engine) = by_hand(1, 8);
    let (to_p, p) = dispatcher.channel("p").unwrap();
    let first = dispatcher.broadcaster();
    for n in 1..=3 {
        first.send(n).unwrap();
    }
    run(&mut engine);
    drop((first, to_p));
    run(&mut engine);
    let (_to_q, q) = dispatcher.channel("q").unwrap();
    let second = dispatcher.broadcaster();
    second.send(100).unwrap();
    assert!(watched(&mut engine).is_some(), "the engine can block");
    let (_, value) = q.try_recv_message().unwrap();
    assert_eq!(value, 100);
    assert_eq!(watched(&mut engine), Some(vec![3, 4]), "theirs, of q");
    for n in 1..=3 {
        assert_eq!(p.try_recv_message().unwrap().1, n);
        run(&mut engine);
        // What still waited in the lane reaches those that have joined since.
        let _ = q.try_recv_message();
        run(&mut engine);
    }
    assert_eq!(p.try_recv_message(), Err(TryRecvError::Disconnected));
}
