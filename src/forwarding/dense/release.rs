//! What has come with all lower numbers, on its way to receivers.

use crate::forwarding::hall::{Hall, Port};
use crate::item::Item;

use super::{Dense, Released, To, Waiting};

impl<T> Dense<T> {
    /// Releases what has come up to number `until`, and what follows on it without a gap.
    pub(super) fn release_early(&mut self, until: u64) {
        loop {
            self.release_run();
            match self.early.take(until) {
                Some((seq, Waiting { parcel, to, .. })) => self.release(Item { seq, parcel }, to),
                None => break,
            }
        }
        self.arrived = self.early.base();
    }

    /// Releases what follows without a gap. Most of it goes to a receiver with space: looked for first, so that the
    /// message is moved once.
    fn release_run(&mut self) {
        while let Some(to) = self.early.following().map(|waiting| waiting.to) {
            let seq = self.early.base() + 1;
            let port = match to {
                To::Port(p) => free_port(&mut self.hall, p),
                To::All(_) | To::Nobody => None,
            };
            let Some(waiting) = self.early.take_following() else {
                return;
            };
            match port {
                Some(port) => {
                    let parcel = waiting.parcel;
                    port.inlet.push(Item { seq, parcel });
                    self.hall.dispatched += 1;
                }
                None => {
                    let parcel = waiting.parcel;
                    self.release(Item { seq, parcel }, to);
                }
            }
        }
    }

    /// Has a message go to those it is for: all lower numbers have.
    pub(super) fn release(&mut self, item: Item<T>, to: To) {
        match to {
            To::Nobody => return,
            To::Port(p) => self.pass_on(p, item),
            To::All(birth) => {
                let ports = self.hall.ports.iter();
                let targets: Vec<usize> = ports
                    .filter_map(|(p, port)| port.hears(birth).then_some(p))
                    .collect();
                let shares = item.parcel.shares(targets.len());
                for (&p, parcel) in targets.iter().zip(shares) {
                    let seq = item.seq;
                    self.pass_on(p, Item { seq, parcel });
                }
            }
        }
        self.hall.dispatched += 1;
    }

    fn pass_on(&mut self, p: usize, item: Item<T>) {
        if let Some(port) = free_port(&mut self.hall, p) {
            port.inlet.push(item);
            return;
        }
        let seq = item.seq;
        let port = &mut self.hall.ports[p];
        port.queue.push_back(item);
        if port.queue.len() == 1 {
            // Before the clock gets there.
            port.inlet.hold_clock(seq - 1);
            self.held.insert((seq, p));
            self.hall.queue_port(p);
        }
    }

    /// Delivers what was released and had no space. Returns whether there was any.
    pub(super) fn deliver(&mut self, p: usize) -> bool {
        let port = &mut self.hall.ports[p];
        let Some(lowest) = port.queue.front().map(|item| item.seq) else {
            return false;
        };
        let count = port.room().min(port.queue.len());
        if count == 0 {
            self.hall.queue_port(p);
            return false;
        }
        for item in port.queue.drain(..count) {
            port.inlet.push(item);
        }
        // In this order: who sees the clock go on finds the messages.
        port.inlet.commit();
        let next = port.queue.front().map(|item| item.seq);
        port.inlet.hold_clock(next.map_or(u64::MAX, |seq| seq - 1));
        self.hall.touch(p);
        self.held.remove(&(lowest, p));
        if let Some(seq) = next {
            self.held.insert((seq, p));
            self.hall.queue_port(p);
        }
        true
    }
}

/// The port, if it can be given a message at once. It is about to be, and its receiver is to be woken.
#[inline]
fn free_port<T>(hall: &mut Hall<T, Released<T>>, p: usize) -> Option<&mut Port<T, Released<T>>> {
    let port = &mut hall.ports[p];
    if !port.queue.is_empty() || port.room() == 0 {
        return None;
    }
    hall.touch(p);
    Some(&mut hall.ports[p])
}
