//! The roster, read while it changes.
//!
//! With `--cfg crossbeam_loom` as well, loom sees into the epochs; without, a change of the roster is one
//! step for it.

use loom::thread;

use crate::dispatch::dispatcher;
use crate::explore;

/// A snapshot shows a receiver with its senders, or neither, while it leaves.
#[test]
fn a_snapshot_during_leave() {
    explore::bounded("roster: a snapshot during leave", 1, || {
        let dispatcher = dispatcher(1, 1);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let leaving = thread::spawn(move || drop(rx));
        let snapshot = dispatcher.snapshot();
        assert!(snapshot.receivers.len() <= 1);
        assert_eq!(snapshot.senders.len(), 1);
        leaving.join().unwrap();
        assert!(dispatcher.snapshot().receivers.is_empty());
        drop(tx);
        assert!(dispatcher.snapshot().senders.is_empty());
    });
}
