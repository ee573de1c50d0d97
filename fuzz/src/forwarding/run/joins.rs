//! Who comes and goes.

use super::super::contract::Contract;
use super::{Handle, Run, on};

impl<C: Contract> Run<C> {
    pub(super) fn join(&mut self, target: Option<usize>, start: u64, handle: Handle) {
        self.members.join(target, start);
        self.ids.push(on!(&handle, tx => tx.id()));
        self.is_new.push(true);
        self.handles.push(Some(handle));
    }

    pub(super) fn channel(&mut self) {
        let clock = self.dispatcher.clock().seq.get();
        let clocks = self.clocks();
        let r = self.receivers.len();
        let made = self.dispatcher.channel(r.to_string());
        if self.contract.is_over() {
            return assert!(made.is_err(), "it is over");
        }
        let (tx, rx) = made.expect("the name is free");
        let start = rx.observed().get();
        self.contract
            .check_receiver_start(&self.members, start, clock);
        self.members.join_receiver(start);
        let frontier = tx.frontier().get();
        if C::RAISES {
            assert_eq!(frontier, start);
        } else {
            self.contract
                .check_start(&self.members, None, frontier, &clocks);
        }
        self.receivers.push(Some(rx));
        self.join(Some(r), frontier, Handle::One(tx));
    }

    pub(super) fn sender(&mut self, r: usize) {
        let clocks = self.clocks();
        let made = self.dispatcher.sender(r.to_string());
        let inbox = &self.members.inboxes[r];
        if inbox.is_sealed || inbox.is_closed || self.contract.is_over() {
            return assert!(made.is_err(), "nobody can join receiver {r}");
        }
        let tx = made.expect("the receiver is there");
        let start = tx.frontier().get();
        self.contract
            .check_start(&self.members, Some(r), start, &clocks);
        self.join(Some(r), start, Handle::One(tx));
    }

    pub(super) fn clone(&mut self, l: usize) {
        let clone = match self.handles[l].as_ref() {
            Some(Handle::One(tx)) => Handle::One(tx.clone()),
            Some(Handle::All(tx)) => Handle::All(tx.clone()),
            None => return,
        };
        let start = on!(&clone, tx => tx.frontier().get());
        let parent = &self.members.lanes[l];
        assert_eq!(start, parent.frontier, "a clone starts where its parent is");
        self.join(parent.target, start, clone);
    }

    pub(super) fn leave(&mut self, l: usize) {
        self.handles[l] = None;
        self.members.floor = self.contract.floor(&self.members);
        self.members.lanes[l].is_live = false;
        self.members.seal();
    }

    pub(super) fn close(&mut self, r: usize) {
        if let Some(rx) = &self.receivers[r] {
            rx.close();
            self.members.floor = self.contract.floor(&self.members);
            self.members.close(r);
        }
    }
}
