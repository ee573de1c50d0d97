//! A path on which nothing moves.

use std::thread;

use clocked_lanes::{Receiver, Sender};

use crate::common::eventually::eventually;

/// Sends what `values` gives until the inbox and the lane are full, and nothing is on its way from
/// one to the other.
#[track_caller]
pub(crate) fn fill<T>(tx: &Sender<T>, rx: &Receiver<T>, mut values: impl FnMut() -> T) {
    while rx.len() < rx.capacity() || !tx.is_full() {
        if !tx.is_full() {
            assert!(
                tx.try_send(values()).is_ok(),
                "a lane with space takes a message"
            );
        } else {
            thread::yield_now();
        }
    }
    settled(tx, rx);
}

/// Waits until the inbox and the lane are full.
#[track_caller]
pub(crate) fn settled<T>(tx: &Sender<T>, rx: &Receiver<T>) {
    eventually(|| tx.is_full() && rx.len() >= rx.capacity());
}
