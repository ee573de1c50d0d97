//! Iterators over the events of a receiver.

use std::fmt;
use std::iter::FusedIterator;

use crate::{Event, Receiver};

/// Events, waiting for each. Made by [`Receiver::iter`].
pub struct Iter<'a, T>(&'a Receiver<T>);

/// The events there are. Made by [`Receiver::try_iter`].
pub struct TryIter<'a, T>(&'a Receiver<T>);

/// Events, waiting for each, from a receiver of its own. Made by the `into_iter` of [`Receiver`].
pub struct IntoIter<T>(Receiver<T>);

/// What was there at one moment. Made by [`Receiver::drain`].
pub struct Drain<'a, T> {
    receiver: &'a Receiver<T>,
    /// How many messages to return yet.
    messages: u64,
    /// The clock as it stood before the messages were counted, if a tick is due after them.
    tick: Option<u64>,
}

impl<'a, T> Iter<'a, T> {
    pub(crate) fn new(receiver: &'a Receiver<T>) -> Self {
        Self(receiver)
    }
}

impl<'a, T> TryIter<'a, T> {
    pub(crate) fn new(receiver: &'a Receiver<T>) -> Self {
        Self(receiver)
    }
}

impl<T> IntoIter<T> {
    pub(crate) fn new(receiver: Receiver<T>) -> Self {
        Self(receiver)
    }
}

impl<'a, T> Drain<'a, T> {
    pub(crate) fn new(receiver: &'a Receiver<T>, max: usize) -> Self {
        let outlet = receiver.outlet();
        // In a dispatch without a thread, this sees to it that there is something, if it can.
        receiver.is_ready();
        let max = max as u64;
        // The clock first: what is numbered up to it is then among the messages counted.
        let (now, _) = outlet.now();
        let there = outlet.ready();
        Self {
            receiver,
            messages: there.min(max),
            tick: (there < max).then_some(now),
        }
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = Event<T>;

    fn next(&mut self) -> Option<Event<T>> {
        self.0.recv().ok()
    }
}

impl<T> FusedIterator for Iter<'_, T> {}

impl<T> Iterator for TryIter<'_, T> {
    type Item = Event<T>;

    fn next(&mut self) -> Option<Event<T>> {
        self.0.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = Event<T>;

    fn next(&mut self) -> Option<Event<T>> {
        self.0.recv().ok()
    }
}

impl<T> FusedIterator for IntoIter<T> {}

impl<T> Iterator for Drain<'_, T> {
    type Item = Event<T>;

    #[inline]
    fn next(&mut self) -> Option<Event<T>> {
        let outlet = self.receiver.outlet();
        if self.messages > 0 {
            let message = outlet.pop();
            self.messages -= 1;
            if let Some(event) = &message {
                self.receiver.tell_received(event.seq());
                return message;
            }
            // Somebody has received on this receiver since; then all that was counted is taken.
            self.messages = 0;
        }
        outlet.tick(self.tick.take()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let messages = usize::try_from(self.messages).unwrap_or(usize::MAX);
        (0, messages.checked_add(usize::from(self.tick.is_some())))
    }
}

impl<T> FusedIterator for Drain<'_, T> {}

impl<T> Drop for Drain<'_, T> {
    fn drop(&mut self) {
        self.receiver.commit();
    }
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iter").field(self.0).finish()
    }
}

impl<T> fmt::Debug for TryIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TryIter").field(self.0).finish()
    }
}

impl<T> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.0).finish()
    }
}

impl<T> fmt::Debug for Drain<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("receiver", self.receiver)
            .field("messages", &self.messages)
            .finish_non_exhaustive()
    }
}
