//! Waits for the clock.

use clocked_lanes::Dispatcher;

use crate::common::eventually::eventually;

/// Waits until number `n` is given out, and checks that it is the last one.
#[track_caller]
pub(crate) fn clock_gets_to<T>(dispatcher: &Dispatcher<T>, n: u64) {
    eventually(|| dispatcher.clock().seq.get() >= n);
    assert_eq!(dispatcher.clock().seq.get(), n);
}
