//! What the crate relies on in the lanes' channel, asked of `crossbeam_channel`. The same tests are models
//! against its stand-in; see `loom-tests/lane.rs`.
#![cfg(not(loom))]

mod common {
    pub(crate) mod watchdog;
}

#[path = "../loom-tests/lane.rs"]
mod lane;

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel as channel;

use common::watchdog::watched;

/// In place of a model: a number of executions.
mod explore {
    use super::watched;

    const EXECUTIONS: usize = if cfg!(miri) { 5 } else { 200 };

    pub(crate) fn once(test: impl Fn() + Send + Sync + 'static) {
        test();
    }

    pub(crate) fn bounded(
        _name: &str,
        _preemptions: usize,
        test: impl Fn() + Send + Sync + 'static,
    ) {
        watched(move || {
            for _ in 0..EXECUTIONS {
                test();
            }
        });
    }
}

/// A deadline ends the waiting for space. Not a model: time stands still there.
#[test]
fn a_deadline_comes() {
    watched(|| {
        let (tx, rx) = channel::bounded(1);
        tx.try_send(1).unwrap();
        let deadline = Instant::now() + Duration::from_millis(5);
        let mut select = channel::Select::new();
        select.send(&tx);
        // It may be mistaken.
        while select.ready_deadline(deadline).is_ok() {
            assert!(tx.is_full());
        }
        assert!(Instant::now() >= deadline);
        // What is ready is so after the deadline as well.
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(select.ready_deadline(deadline), Ok(0));
    });
}
