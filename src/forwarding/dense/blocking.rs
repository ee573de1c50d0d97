//! What the driver of the engine needs.

use crate::forwarding::engine::Engine;
use crate::forwarding::hall::Hall;

use super::{Dense, Released};

impl<T> Engine for Dense<T> {
    type Value = T;
    type Queue = Released<T>;

    fn hall(&self) -> &Hall<T, Released<T>> {
        &self.hall
    }

    fn hall_mut(&mut self) -> &mut Hall<T, Released<T>> {
        &mut self.hall
    }

    fn work(&mut self) -> bool {
        Dense::work(self)
    }

    fn is_settled(&mut self) -> bool {
        self.ready.is_empty()
    }

    fn list_watched(&mut self, watched: &mut Vec<usize>) {
        // A message is taken in whether or not its receiver has space: the window is what bounds them. Of a
        // lane whose head waits, nothing is taken before that has gone.
        let lanes = self.hall.lanes.iter();
        watched.extend(lanes.filter_map(|(l, berth)| berth.head.is_none().then_some(l)));
    }

    fn make_ready(&mut self, l: usize) {
        let berth = &mut self.hall.lanes[l];
        if berth.head.is_none() && !std::mem::replace(&mut berth.in_ready, true) {
            self.ready.push_back(l);
        }
    }
}
