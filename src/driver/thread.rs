//! The thread that runs the engine.

use std::io;

use crate::sync::{channel, thread};
use crate::telemetry::Telemetry;

use super::Drive;

/// How many lanes make blocking as costly as one more look round and a yield: a select enters and leaves each
/// lane that it watches, at some 0.1 µs.
const LANES_PER_YIELD: usize = 4;

/// What the engine itself needs of a stack, with room for what an unoptimized build makes of it, in bytes.
const MIN_STACK: usize = 1 << 16;

/// Starts the thread. It ends when every handle of the dispatcher is gone.
pub(crate) fn spawn<T: Send + 'static>(
    name: String,
    stack_size: Option<usize>,
    telemetry: Telemetry,
    engine: impl Drive<T> + Send + 'static,
) -> io::Result<()> {
    let mut builder = thread::Builder::new().name(name);
    if let Some(bytes) = stack_size {
        builder = builder.stack_size(bytes.max(MIN_STACK));
    }
    // The stack may be a small one, and what is moved into a thread is on it more than once.
    let engine = Box::new(engine);
    let thread = move || {
        let _watch = telemetry.watch_engine();
        // Dropped before the watch.
        let mut engine = engine;
        run(&mut *engine);
    };
    builder.spawn(thread).map(drop)
}

fn run<T>(engine: &mut impl Drive<T>) {
    let mut watched = Vec::new();
    let mut yields = 0;
    loop {
        if engine.step() {
            yields = 0;
        } else if engine.is_finished() {
            return;
        } else if yields < thread::YIELDS + engine.lanes() / LANES_PER_YIELD {
            // Before blocking, let those run who may have something to do. Where blocking costs more, this
            // goes on for longer: about as long as blocking takes. So it costs at most twice what
            // the better of the two would have (Karlin, Li, Manasse and Owicki, *Empirical studies of
            // competitive spinning for a shared-memory multiprocessor*, 1991).
            thread::yield_now();
            yields += 1;
        } else if engine.prepare_to_block(&mut watched) {
            if block(engine, &watched) {
                yields = 0;
            } else {
                thread::yield_now();
            }
        } else {
            // There is something to do after all.
            yields = 0;
        }
    }
}

/// Blocks until there is something on the control lane or on one of the watched lanes. Returns `false` if
/// the lane's sender is not quite done with its send, and the next step will not find it yet.
///
/// Nothing is missed on the way here: what has come on a watched lane or the control lane meanwhile makes
/// the select ready at once, and on the others there is nothing to do until the control lane tells.
fn block<T>(engine: &mut impl Drive<T>, watched: &[usize]) -> bool {
    let ready = {
        let mut select = channel::Select::new();
        select.recv(engine.control());
        for &lane in watched {
            select.recv(engine.queue(lane));
        }
        select.ready()
    };
    // The first is the control lane, which every step looks at.
    match ready.checked_sub(1) {
        Some(lane) => engine.notice(watched[lane]),
        None => true,
    }
}
