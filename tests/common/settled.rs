//! How much memory is in use that stays.

use clocked_lanes::Dispatcher;

use super::heap::allocated;

/// What is allocated once the roster has changed often enough to give back what nobody reads any more.
pub(crate) fn settled() -> usize {
    let dispatcher = Dispatcher::<()>::builder().inline().build().unwrap();
    for _ in 0..64 {
        drop(dispatcher.channel("settle").unwrap());
    }
    drop(dispatcher);
    allocated()
}
