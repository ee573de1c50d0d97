//! Situations in which something could be held up, or lost, that need not be.

use super::*;

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
