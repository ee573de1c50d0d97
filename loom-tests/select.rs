//! The choices of the lanes' stand-in: that there are any.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use clocked_lanes::models::channel::{Select, bounded};
use loom::thread;

use crate::explore;

/// Explores a model that returns something, and returns what came out in any execution.
fn outcomes<T: Ord + Send + 'static>(
    name: &str,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&outcomes);
    explore::bounded(name, 0, move || {
        let outcome = model();
        seen.lock().unwrap().insert(outcome);
    });
    let mut outcomes = outcomes.lock().unwrap();
    std::mem::take(&mut *outcomes)
}

/// Of two lanes that are ready, either may be chosen, though nobody else has touched them. One that is not
/// ready is not chosen instead.
#[test]
fn any_ready_end_is_chosen() {
    let chosen = outcomes("select: any ready end is chosen", || {
        let lanes = [bounded(1), bounded(1), bounded(1)];
        lanes[0].0.try_send(0).unwrap();
        lanes[2].0.try_send(2).unwrap();
        let mut select = Select::new();
        for (_, rx) in &lanes {
            select.recv(rx);
        }
        select.ready()
    });
    assert_eq!(chosen, BTreeSet::from([0, 2]));
}

/// Of ends that are not ready, either may be reported, and it may as well wait until one is.
#[test]
fn any_end_may_be_reported_by_mistake() {
    let reported = outcomes("select: any end may be reported by mistake", || {
        let lanes = [bounded(1), bounded(1)];
        let (slow, other) = (lanes[0].0.clone(), lanes[1].0.clone());
        let sending = thread::spawn(move || slow.try_send(0).unwrap());
        let mut select = Select::new();
        for (_, rx) in &lanes {
            select.recv(rx);
        }
        let index = select.ready();
        let is_ready = !lanes[index].1.is_empty();
        if !is_ready {
            // The coin is used up: from now on it waits.
            assert_eq!(select.ready(), 0);
            assert!(!lanes[0].1.is_empty());
        }
        sending.join().unwrap();
        drop(other);
        (index, is_ready)
    });
    assert_eq!(
        reported,
        BTreeSet::from([(0, false), (0, true), (1, false)])
    );
}
