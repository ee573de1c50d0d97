//! What a driver needs.

use crate::control::Control;
use crate::driver::Drive;
use crate::item::Item;
use crate::signal_list::Linked;
use crate::sync::channel;

use super::Dense;

impl<T> Drive<T> for Dense<T> {
    fn step(&mut self) -> bool {
        self.work()
    }

    fn is_finished(&self) -> bool {
        self.hall.finished
    }

    fn prepare_to_block(&mut self, watched: &mut Vec<usize>) -> bool {
        watched.clear();
        if self.hall.ask_for_space() {
            return false;
        }
        if !self.ready.is_empty() {
            return false;
        }
        // A message is taken in whether or not its receiver has space: the window is what bounds them. Of a
        // lane whose head waits, nothing is taken before that has gone.
        let lanes = self.hall.lanes.iter();
        watched.extend(lanes.filter_map(|(l, berth)| berth.head.is_none().then_some(l)));
        true
    }

    fn lanes(&self) -> usize {
        self.hall.lanes.len()
    }

    fn control(&self) -> &channel::Receiver<Control<T>> {
        &self.hall.control
    }

    fn queue(&self, l: usize) -> &channel::Receiver<Item<T>> {
        self.hall.lanes[l].end.queue()
    }

    fn notice(&mut self, l: usize) -> bool {
        let claimed = self.hall.lanes[l].end.lane().link().claim();
        if claimed {
            self.make_ready(l);
        }
        claimed
    }
}
