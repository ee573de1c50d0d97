//! Fails a test that hangs.

mod threads;

use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a test may take. Far more than any of them needs, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(if cfg!(miri) { 3_600 } else { 60 });

/// Runs a test on a thread of its own, and panics if it is not through in time. What the threads are doing then is
/// printed.
///
/// A thread that hangs stays behind until the process ends; the other tests go on.
#[track_caller]
pub(crate) fn watched(test: impl FnOnce() + Send + 'static) {
    let name = thread::current().name().unwrap_or("a test").to_owned();
    let (done, outcome) = mpsc::channel();
    let runner = thread::Builder::new()
        .name(name)
        .spawn(move || {
            test();
            done.send(()).expect("the watchdog waits");
        })
        .expect("a thread for the test");
    if outcome.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
        eprintln!("{}", threads::threads());
        panic!("the test hangs: it is not through after {LIMIT:?}");
    }
    if let Err(panic) = runner.join() {
        panic::resume_unwind(panic);
    }
    if cfg!(miri) {
        // Miri reports threads that are left when the process ends, and a dispatcher's thread ends a moment
        // after its last handle. Miri's time passes only as threads work, or when all of them wait.
        thread::sleep(Duration::from_secs(1));
    }
}
