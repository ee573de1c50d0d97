//! F5: a snapshot tells who holds a clock back, also where it is one that holds up another.

use super::*;
use crate::Snapshot;

fn held_back_by<'a>(snapshot: &'a Snapshot, receiver: &str) -> &'a [u64] {
    &snapshot.receiver(receiver).unwrap().held_back_by
}

fn blocked_on(snapshot: &Snapshot, sender: u64) -> &[String] {
    &snapshot.sender(sender).unwrap().blocked_on
}

/// A broadcaster's lane waits for a receiver that another sender holds back.
#[test]
fn f5_a_sender_to_another_receiver_is_found_by_way_of_a_broadcaster() {
    let (dispatcher, mut engine) = frontier(8, 2);
    let (tx, rx) = dispatcher.channel("r").unwrap();
    let (idle, for_idle) = dispatcher.channel("behind").unwrap();
    let (ahead, for_ahead) = dispatcher.channel("ahead").unwrap();
    let everybody = dispatcher.broadcaster();
    // This one is behind as well, but nothing waits for it: one share less.
    ahead.advance(1).unwrap();
    tx.advance(100).unwrap();
    for n in 2..=3 {
        everybody.forward(n, n).unwrap();
        run(&mut engine);
    }
    let snapshot = dispatcher.snapshot();
    assert_eq!(held_back_by(&snapshot, "r"), [everybody.id()]);
    assert!(
        blocked_on(&snapshot, everybody.id()).is_empty(),
        "it is at 3 itself"
    );
    assert!(can_block(&mut engine));
    let snapshot = dispatcher.snapshot();
    assert!(
        blocked_on(&snapshot, everybody.id()).is_empty(),
        "nothing is in the lane"
    );
    // An engine that is asleep does not see it.
    everybody.forward(4, 4).unwrap();
    let snapshot = dispatcher.snapshot();
    assert_eq!(blocked_on(&snapshot, everybody.id()), ["behind"]);
    assert!(can_block(&mut engine));
    let snapshot = dispatcher.snapshot();
    assert_eq!(snapshot.receiver("r").unwrap().clock.get(), 3);
    assert_eq!(held_back_by(&snapshot, "r"), [everybody.id()]);
    assert_eq!(blocked_on(&snapshot, everybody.id()), ["behind"]);
    assert_eq!(held_back_by(&snapshot, "behind"), [idle.id()]);
    assert_eq!(held_back_by(&snapshot, "ahead"), [ahead.id()]);
    // And when it goes on.
    idle.advance(100).unwrap();
    run(&mut engine);
    let snapshot = dispatcher.snapshot();
    assert!(blocked_on(&snapshot, everybody.id()).is_empty());
    assert_eq!(held_back_by(&snapshot, "r"), [everybody.id()]);
    everybody.advance(50).unwrap();
    run(&mut engine);
    assert_eq!(held_back_by(&dispatcher.snapshot(), "r"), [everybody.id()]);
    assert_eq!(held_back_by(&dispatcher.snapshot(), "ahead"), [ahead.id()]);
    assert_eq!(
        (numbers(&for_idle), numbers(&rx)),
        (vec![2, 3, 4], vec![2, 3, 4])
    );
    assert_eq!(numbers(&for_ahead), [2]);
}

/// As above, for a receiver that is full; and it goes.
#[test]
fn f5_a_full_receiver_is_found_by_way_of_a_broadcaster() {
    let (dispatcher, mut engine) = frontier(1, 1);
    let (to_full, full) = dispatcher.channel("full").unwrap();
    let (tx, rx) = dispatcher.channel("r").unwrap();
    let everybody = dispatcher.broadcaster();
    to_full.advance(100).unwrap();
    tx.advance(100).unwrap();
    for n in 1..=3 {
        everybody.forward(n, n).unwrap();
        run(&mut engine);
        let _ = rx.try_recv_message();
        run(&mut engine);
    }
    let snapshot = dispatcher.snapshot();
    assert_eq!(snapshot.receiver("r").unwrap().clock.get(), 2);
    assert_eq!(held_back_by(&snapshot, "r"), [everybody.id()]);
    assert_eq!(blocked_on(&snapshot, everybody.id()), ["full"]);
    assert!(
        held_back_by(&snapshot, "full").is_empty(),
        "it does it itself"
    );
    drop(full);
    run(&mut engine);
    let snapshot = dispatcher.snapshot();
    assert_eq!(snapshot.receiver("r").unwrap().clock.get(), 3);
    assert!(blocked_on(&snapshot, everybody.id()).is_empty());
}

/// In Dense a full receiver holds up what is for another one, once the window is used up.
#[test]
fn f5_a_full_receiver_is_found_by_way_of_the_window() {
    let (dispatcher, mut engine) = dense(1, 4, 2);
    let (tx, rx) = dispatcher.channel("r").unwrap();
    let (to_full, full) = dispatcher.channel("full").unwrap();
    let far = dispatcher.sender("r").unwrap();
    for n in 1..=3 {
        to_full.forward(n, n).unwrap();
    }
    to_full.advance(100).unwrap();
    tx.forward(4, 4).unwrap();
    tx.advance(100).unwrap();
    far.forward(6, 6).unwrap();
    far.advance(100).unwrap();
    assert!(can_block(&mut engine));
    let snapshot = dispatcher.snapshot();
    assert_eq!(snapshot.clock.seq.get(), 3);
    assert_eq!(held_back_by(&snapshot, "r"), [tx.id()]);
    assert_eq!(blocked_on(&snapshot, tx.id()), ["full"]);
    assert!(blocked_on(&snapshot, far.id()).is_empty(), "it waits for 4");
    assert_eq!(numbers(&full), [1]);
    run(&mut engine);
    assert_eq!(numbers(&full), [2]);
    run(&mut engine);
    assert_eq!(numbers(&rx), [4]);
    run(&mut engine);
    assert_eq!(numbers(&rx), [6]);
    assert!(blocked_on(&dispatcher.snapshot(), tx.id()).is_empty());
}
