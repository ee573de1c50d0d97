//! Who comes and goes.

use clocked_lanes::ChannelError;

use super::{Handle, Run, Watched, Weak};

impl Run {
    /// The receiver that has a name now.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        let mut receivers = self.receivers.iter();
        receivers.find_map(|(r, rx)| (rx.name() == name).then_some(*r))
    }

    pub(super) fn can_be_joined(&self, r: usize) -> bool {
        !self.model.has_ended(r) && !self.model.inboxes[r].gone
    }

    pub(super) fn is_anybody_there(&self) -> bool {
        !self.dispatchers.is_empty() || !self.sources.is_empty() || !self.receivers.is_empty()
    }

    pub(super) fn channel(&mut self, name: &str) {
        let Some(dispatcher) = self.dispatchers.first() else {
            return;
        };
        let clock = dispatcher.clock().seq;
        let made = dispatcher.channel(name);
        if self.named(name).is_some() {
            assert_eq!(
                made.map(|_| ()),
                Err(ChannelError::NameInUse(name.to_owned()))
            );
            return;
        }
        let (tx, rx) = made.expect("the name is free");
        assert_eq!((rx.observed(), rx.name(), tx.target()), (clock, name, name));
        let r = self.model.join_receiver();
        self.model.inboxes[r].last = clock.get();
        let progress = rx.progress();
        self.watched.push(Watched {
            progress,
            is_drained: false,
        });
        self.receivers.push((r, rx));
        self.sources
            .push((self.model.join(Some(r)), Handle::One(tx)));
    }

    pub(super) fn sender(&mut self, name: &str) {
        let Some(dispatcher) = self.dispatchers.first() else {
            return;
        };
        let made = dispatcher.sender(name);
        match self.named(name) {
            None => assert_eq!(
                made.map(|_| ()),
                Err(ChannelError::UnknownName(name.to_owned()))
            ),
            Some(r) if !self.can_be_joined(r) => {
                assert_eq!(
                    made.map(|_| ()),
                    Err(ChannelError::Disconnected(name.to_owned()))
                );
            }
            Some(r) => {
                let handle = Handle::One(made.expect("the receiver is there"));
                self.sources.push((self.model.join(Some(r)), handle));
            }
        }
    }

    pub(super) fn upgrade(&mut self, i: usize) {
        let is_anybody_there = self.is_anybody_there();
        let (target, handle) = match &self.weak[i] {
            Weak::One(r, weak) => {
                let handle = weak.upgrade().map(Handle::One);
                assert_eq!(
                    handle.is_some(),
                    is_anybody_there && self.can_be_joined(*r),
                    "a sender to {r}"
                );
                (Some(*r), handle)
            }
            Weak::All(weak) => {
                let handle = weak.upgrade().map(Handle::All);
                assert_eq!(handle.is_some(), is_anybody_there, "a broadcaster");
                (None, handle)
            }
        };
        if let Some(handle) = handle {
            self.sources.push((self.model.join(target), handle));
        }
    }

    pub(super) fn leave(&mut self, i: usize) {
        let (l, handle) = self.sources.swap_remove(i);
        drop(handle);
        self.model.leave(l);
    }

    pub(super) fn receiver_leaves(&mut self, i: usize) {
        let (r, rx) = self.receivers.swap_remove(i);
        let has_ended = rx.disconnect_reason().is_some();
        self.watched[r].is_drained |= has_ended && rx.is_empty();
        drop(rx);
        self.model.inboxes[r].gone = true;
    }
}
