//! Where those that join start, in `Order::Frontier`.

use super::*;
use crate::Broadcaster;

/// A broadcaster starts no lower than the clock of any receiver, and no higher than what the sources of one have promised.
#[test]
fn a_broadcaster_starts_between_clocks_and_promises() {
    let (dispatcher, mut engine) = frontier(2, 8);
    let starts = || dispatcher.broadcaster().frontier().get();
    assert_eq!(starts(), 0);
    let (a, for_a) = dispatcher.channel("a").unwrap();
    let (b, for_b) = dispatcher.channel("b").unwrap();
    b.advance(7).unwrap();
    for n in 11..=18 {
        a.forward(n, n).unwrap();
    }
    run(&mut engine);
    // It is full, but might have got further.
    assert_eq!((for_a.clock().seq.get(), for_b.clock().seq.get()), (12, 7));
    assert!((12..=18).contains(&starts()));
    run(&mut engine);
    a.advance(100).unwrap();
    while for_a.observed().get() < 100 {
        assert!(starts() >= for_a.clock().seq.get());
        let _ = for_a.try_recv();
        run(&mut engine);
    }
    assert_eq!((starts(), dispatcher.clock().seq.get()), (100, 7));
    drop(for_a);
    run(&mut engine);
    assert!((7..=100).contains(&starts()));
}

/// A receiver whose last source has left may run ahead of everybody else, since nothing that joins then reaches it;
/// also of a broadcaster that has joined since.
struct OneAhead {
    dispatcher: Dispatcher<u64, Forwarding>,
    engine: Frontier<u64>,
    everybody: Broadcaster<u64, Forwarding>,
    _ahead: Receiver<u64>,
}

fn one_runs_ahead() -> OneAhead {
    let (dispatcher, mut engine) = frontier(1, 4);
    let (tx, ahead) = dispatcher.channel("ahead").unwrap();
    tx.forward(5, 5).unwrap();
    run(&mut engine);
    // It is full, and its clock waits.
    for n in [9, 13] {
        tx.forward(n, n).unwrap();
    }
    drop(tx);
    run(&mut engine);
    let everybody = dispatcher.broadcaster();
    run(&mut engine);
    assert_eq!(numbers(&ahead), [5]);
    run(&mut engine);
    assert!(ahead.clock().seq > everybody.frontier());
    OneAhead {
        dispatcher,
        engine,
        everybody,
        _ahead: ahead,
    }
}

/// A receiver that is made then starts no further than any broadcaster that it hears.
#[test]
fn a_receiver_starts_no_further_than_a_broadcaster_that_was_there() {
    let mut it = one_runs_ahead();
    let frontier = it.everybody.frontier();
    let (to_late, late) = it.dispatcher.channel("late").unwrap();
    assert!(late.observed() <= frontier);
    it.everybody.forward(frontier.get() + 1, 1).unwrap();
    run(&mut it.engine);
    drop((to_late, it.everybody));
    run(&mut it.engine);
    assert_eq!(numbers(&late), [frontier.get() + 1]);
}

/// F3: a clone starts at its parent's frontier, also where others that join start higher.
#[test]
fn f3_a_clone_of_a_broadcaster_starts_no_higher_than_that() {
    let it = one_runs_ahead();
    let frontier = it.everybody.frontier();
    assert!(it.dispatcher.broadcaster().frontier() > frontier);
    assert_eq!(it.everybody.clone().frontier(), frontier);
}
