//! Who runs the engine: a thread of its own, or whoever needs what it does.

mod baton;
mod inline;
mod thread;

use crate::control::Control;
use crate::item::Item;
use crate::sync::channel;

#[cfg(loom)]
pub(crate) use baton::{Baton, Held};
pub(crate) use inline::{Awaited, Caller, Inline, Parked, Party, WeakCaller, upgrade};
pub(crate) use thread::spawn;

/// What an engine lets its driver do.
pub(crate) trait Drive<T> {
    /// Does what can be done at once. Returns whether that was anything.
    fn step(&mut self) -> bool;

    /// As [`step`](Self::step), by one who needs what there is for a receiver, given by its slot. The rest may be left
    /// for the next step.
    fn step_for(&mut self, _receiver: usize) -> bool {
        self.step()
    }

    /// Whether every handle is gone, so that nothing is left to be done.
    fn is_finished(&self) -> bool;

    /// Gets ready for nobody to call for a while. Returns `false` if there is something to do after all.
    ///
    /// Otherwise whatever gives the engine something to do is either told on the control lane, or is a message
    /// in a lane, or a frontier, and then its sender puts the lane on the list of ready ones.
    fn settle(&mut self) -> bool;

    /// As [`settle`](Self::settle), for a driver that blocks. `watched` lists the lanes to be watched besides the
    /// control lane: exactly those from which a message could be taken.
    fn prepare_to_block(&mut self, watched: &mut Vec<usize>) -> bool;

    /// How many lanes there are.
    fn lanes(&self) -> usize;

    /// The control lane.
    fn control(&self) -> &channel::Receiver<Control<T>>;

    /// The queue of one of the lanes that `prepare_to_block` listed.
    fn queue(&self, lane: usize) -> &channel::Receiver<Item<T>>;

    /// Has a watched lane looked at in the next step. Returns `false` if that is not in our hands: its
    /// sender has put it on the list of ready lanes, or is about to.
    fn notice(&mut self, lane: usize) -> bool;
}
