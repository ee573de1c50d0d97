//! Waits for what another thread will do.

use std::thread;
use std::time::{Duration, Instant};

/// How long to wait. Far more than is needed, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(if cfg!(miri) { 1_800 } else { 20 });

/// Returns once `condition` holds; panics if it does not come to that.
#[track_caller]
pub(crate) fn eventually(mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    let mut looks = 0_u32;
    while !condition() {
        looks += 1;
        if looks < 100 {
            thread::yield_now();
        } else {
            assert!(began.elapsed() < LIMIT, "it has not come true in {LIMIT:?}");
            thread::sleep(Duration::from_micros(200));
        }
    }
}
