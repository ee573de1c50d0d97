//! Situations in which something could be held up, or lost, that need not be.

use std::thread;

use super::*;
use crate::item::Item;
use crate::parcel::Parcel;

/// What was rejected, with its number.
fn rejected<T>(dispatcher: &Dispatcher<T, Forwarding>) -> Vec<(u64, Option<T>)> {
    let rejects = dispatcher.rejects();
    let rejected = rejects.try_iter().map(|r| (r.seq.get(), r.value));
    rejected.collect()
}

/// S6: a broadcaster whose shares wait at one receiver is still heard by the others when it promises something.
#[test]
fn s6_a_receiver_that_stalls_does_not_hide_what_a_broadcaster_promises_to_others() {
    let (dispatcher, mut engine) = frontier(8, 1);
    let (_asleep, _stalls) = dispatcher.channel("stalls").unwrap();
    let (tx, rx) = dispatcher.channel("goes on").unwrap();
    let everybody = dispatcher.broadcaster();
    everybody.forward(5, 5).unwrap();
    run(&mut engine);
    tx.forward(50, 50).unwrap();
    run(&mut engine);
    assert_eq!(numbers(&rx), [5]);
    assert!(can_block(&mut engine));
    everybody.advance(100).unwrap();
    run(&mut engine);
    assert_eq!(numbers(&rx), [50]);
    assert!(can_block(&mut engine));
    // And when it leaves.
    tx.advance(200).unwrap();
    drop(everybody);
    run(&mut engine);
    assert_eq!(rx.try_recv(), clock(200));
}

/// A wait that what is known can end is not given up.
#[test]
fn dense_counts_a_promise_made_after_a_message_that_waits() {
    let (dispatcher, mut engine) = dense(8, 8, 4);
    let (a, rx) = dispatcher.channel("r").unwrap();
    let b = dispatcher.sender("r").unwrap();
    a.forward(100, 100).unwrap();
    run(&mut engine);
    a.advance(99).unwrap();
    run(&mut engine);
    b.advance(99).unwrap();
    run(&mut engine);
    assert_eq!(numbers(&rx), [100]);
    assert_eq!(b.disconnect_reason(), None);
    // But not before what was put in before the promise.
    a.forward(200, 200).unwrap();
    a.forward(101, 101).unwrap();
    run(&mut engine);
    a.advance(199).unwrap();
    b.advance(199).unwrap();
    run(&mut engine);
    assert!(a.is_disconnected());
    assert_eq!(rejected(&dispatcher), [(200, Some(200)), (101, Some(101))]);
}

/// A promise beyond a message that waits does not give the message up.
#[test]
fn dense_does_not_give_up_what_waits() {
    let (dispatcher, mut engine) = dense(8, 8, 4);
    let (a, rx) = dispatcher.channel("r").unwrap();
    let b = dispatcher.sender("r").unwrap();
    a.forward(100, 100).unwrap();
    run(&mut engine);
    a.advance(199).unwrap();
    b.advance(199).unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), message(100, 100));
    assert_eq!(rx.try_recv(), clock(199));
}

/// Numbers are not given up while somebody joins who may have them.
#[test]
fn dense_gives_nothing_up_while_a_source_joins() {
    use crate::control::{Control, Newcomer};
    let (dispatcher, mut engine) = dense::<u64>(8, 8, 4);
    let (a, rx) = dispatcher.channel("r").unwrap();
    let tell = dispatcher.connection();
    tell.tell(Control::Joining(Newcomer::Broadcaster));
    a.advance(100).unwrap();
    assert!(can_block(&mut engine));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    let (lane, end) = tell.new_lane(None, 0);
    tell.tell(Control::Lane(end));
    lane.raise(40);
    run(&mut engine);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tell.tell(Control::LaneLeft(lane));
    run(&mut engine);
    assert_eq!(rx.try_recv(), clock(100));
}

/// A promise that is on its way is no message.
#[test]
fn dense_hands_back_no_promises() {
    let (dispatcher, mut engine) = dense(8, 8, 1);
    let (tx, _rx) = dispatcher.channel("r").unwrap();
    tx.forward(5, 5).unwrap();
    tx.advance(1).unwrap();
    tx.forward(6, 6).unwrap();
    run(&mut engine);
    assert!(tx.is_disconnected());
    assert_eq!(rejected(&dispatcher), [(5, Some(5)), (6, Some(6))]);
    assert_eq!(dispatcher.snapshot().senders[0].rejected, 2);
}

/// What is put in just when the dispatch gives up is handed back, as all that waits is.
#[test]
fn dense_loses_nothing_that_is_put_in_as_it_gives_up() {
    let (dispatcher, mut engine) = dense(8, 8, 1);
    let (tx, _rx) = dispatcher.channel("r").unwrap();
    tx.forward(5, 5).unwrap();
    run(&mut engine);
    assert!(tx.is_disconnected());
    // As by a sender that has found the lane open a moment ago.
    tx.source().put_unseen(Item {
        seq: 6,
        parcel: Parcel::own(6),
    });
    run(&mut engine);
    assert_eq!(rejected(&dispatcher), [(5, Some(5)), (6, Some(6))]);
}

/// What is put in after that is handed back, too, if the engine has yet to hear of who does it.
#[test]
fn dense_loses_nothing_that_newcomers_put_in_after_it_has_given_up() {
    let (dispatcher, mut engine) = dense(8, 8, 1);
    let (tx, _rx) = dispatcher.channel("r").unwrap();
    tx.forward(5, 5).unwrap();
    run(&mut engine);
    assert!(tx.is_disconnected());
    let (everybody, clone) = (dispatcher.broadcaster(), tx.clone());
    everybody.forward(6, 6).unwrap();
    clone.forward(7, 7).unwrap();
    run(&mut engine);
    assert!(everybody.is_disconnected() && clone.is_disconnected());
    assert_eq!(
        rejected(&dispatcher),
        [(5, Some(5)), (6, Some(6)), (7, Some(7))]
    );
}

/// F3: a sender whose receiver has left holds nobody back, though it is still there.
#[test]
fn dense_does_not_wait_for_a_sender_whose_receiver_has_left() {
    let (dispatcher, mut engine) = dense::<u64>(8, 8, 4);
    let (_idle, gone) = dispatcher.channel("gone").unwrap();
    let (tx, rx) = dispatcher.channel("r").unwrap();
    run(&mut engine);
    tx.advance(100).unwrap();
    drop(gone);
    run(&mut engine);
    assert_eq!(rx.try_recv(), clock(100));
}

/// S10: who loses a race for a name leaves nothing behind.
#[test]
fn s10_a_name_lost_in_a_race_leaves_no_lane_behind() {
    let (dispatcher, mut engine) = dense::<u64>(1, 1, 4);
    for _ in 0..if cfg!(miri) { 20 } else { 2_000 } {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| drop(dispatcher.channel("a")));
            }
        });
        run(&mut engine);
    }
    assert_eq!(engine.lanes(), 0);
}

/// F3: a sender made by name starts at the receiver's clock.
#[test]
fn f3_a_sender_by_name_starts_at_the_receivers_clock_also_when_that_is_full() {
    let (dispatcher, mut engine) = frontier(2, 8);
    let (tx, rx) = dispatcher.channel("r").unwrap();
    for n in 1..=8 {
        tx.forward(n, n).unwrap();
    }
    run(&mut engine);
    assert_eq!(rx.clock().seq.get(), 2);
    assert_eq!(dispatcher.sender("r").unwrap().frontier().get(), 2);
}

/// S12: when the engine dies, what is blocked and what is called later gets an error, in both orders.
#[test]
fn s12_a_dead_engine_is_an_error() {
    use crate::DisconnectReason;
    for order in [Order::Frontier, Order::Dense { window: 4 }] {
        let builder = Dispatcher::<u64>::builder().capacity(1).lane_capacity(1);
        let dispatcher = builder.forwarding(order).build().unwrap();
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        thread::scope(|scope| {
            // One of these calls is blocked, as nobody receives.
            let sending = scope.spawn(|| {
                let refused = (1..).find_map(|n| a.forward(2 * n, n).err().map(|e| (n, e)));
                assert!(matches!(refused, Some((n, ForwardError::Disconnected(m))) if n == m));
            });
            let broadcasting = scope.spawn(|| {
                let refused = (1..).find_map(|n| everybody.forward(2 * n + 1, n).err());
                assert!(matches!(refused, Some(ForwardError::Disconnected(_))));
            });
            let receiving = scope.spawn(move || {
                while for_b.recv().is_ok() {}
                for_b.disconnect_reason()
            });
            dispatcher.kill_engine();
            sending.join().unwrap();
            broadcasting.join().unwrap();
            let reason = receiving.join().unwrap();
            assert_eq!(reason, Some(DisconnectReason::DispatcherDied));
        });
        while for_a.recv().is_ok() {}
        assert_eq!(for_a.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(a.forward(900, 1), Err(ForwardError::Disconnected(1)));
        assert_eq!(a.advance(901), Err(ForwardError::Disconnected(())));
        assert_eq!(a.forward_empty(902), Err(ForwardError::Disconnected(())));
        assert_eq!(
            a.clone().disconnect_reason(),
            Some(DisconnectReason::DispatcherDied)
        );
        assert!(dispatcher.broadcaster().is_disconnected());
        assert!(dispatcher.channel("c").is_err());
        assert!(dispatcher.rejects().recv().is_err());
    }
}

/// S4 when the engine dies: a message that had no space and is lost by that was not observed.
#[test]
fn dense_gives_no_tick_beyond_what_was_lost_as_the_engine_died() {
    let (dispatcher, mut engine) = dense(1, 8, 8);
    let (tx, rx) = dispatcher.channel("full").unwrap();
    let (other, _beside) = dispatcher.channel("beside").unwrap();
    tx.forward(1, 1).unwrap();
    tx.forward(2, 2).unwrap();
    other.forward(3, 3).unwrap();
    run(&mut engine);
    assert_eq!(dispatcher.clock().seq.get(), 3);
    drop(engine);
    assert_eq!(numbers(&rx), [1]);
    assert!(rx.recv().is_err());
    assert_eq!(rx.observed().get(), 1);
}
