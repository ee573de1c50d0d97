//! What the engines of both orders are to their driver.

use crate::control::Control;
use crate::driver::Drive;
use crate::item::Item;
use crate::signal_list::Linked;
use crate::sync::channel;

use super::hall::Hall;
use super::joins::Joins;

/// An engine of a forwarding dispatch.
pub(crate) trait Engine {
    /// What is sent.
    type Value;

    /// What it keeps for each receiver.
    type Queue;

    fn hall(&self) -> &Hall<Self::Value, Self::Queue>;

    fn hall_mut(&mut self) -> &mut Hall<Self::Value, Self::Queue>;

    /// Does what can be done at once. Returns whether that was anything.
    fn work(&mut self) -> bool;

    /// Whether there is nothing to do, given that no receiver with something to get has space.
    fn is_settled(&mut self) -> bool;

    /// Lists the lanes to be watched while the driver blocks. The engine is settled.
    fn list_watched(&mut self, watched: &mut Vec<usize>);

    /// Enters a lane, whose flag is claimed, into the queue where it belongs.
    fn make_ready(&mut self, l: usize);

    /// Has a lane looked at, though it has not been signalled. Returns `false` if that is not in our hands: it has
    /// been, or is about to be.
    fn look_at(&mut self, l: usize) -> bool {
        let claimed = self.hall().lanes[l].end.lane().link().claim();
        if claimed {
            self.make_ready(l);
        }
        claimed
    }
}

impl<E: Joins> Drive<E::Value> for E {
    fn step(&mut self) -> bool {
        self.work()
    }

    fn is_finished(&self) -> bool {
        self.hall().finished
    }

    fn settle(&mut self) -> bool {
        !self.hear() && !self.hall_mut().ask_for_space() && self.is_settled()
    }

    fn prepare_to_block(&mut self, watched: &mut Vec<usize>) -> bool {
        watched.clear();
        if !self.settle() {
            return false;
        }
        self.list_watched(watched);
        true
    }

    fn lanes(&self) -> usize {
        self.hall().lanes.len()
    }

    fn control(&self) -> &channel::Receiver<Control<E::Value>> {
        &self.hall().control
    }

    fn queue(&self, l: usize) -> &channel::Receiver<Item<E::Value>> {
        self.hall().lanes[l].end.queue()
    }

    fn notice(&mut self, l: usize) -> bool {
        self.look_at(l)
    }
}
