//! What a serializing dispatch may do, given what was done to it: S1 to S4, S9, B1.

use std::collections::{BTreeMap, HashMap};

/// What a lane has taken. Lanes and inboxes are numbered as they are made, and never forgotten.
pub(crate) struct Lane {
    /// The inbox; `None` for a broadcaster's lane.
    pub(crate) target: Option<usize>,
    pub(crate) sent: u64,
    pub(crate) has_handle: bool,
}

#[derive(Default)]
pub(crate) struct Inbox {
    /// The highest number seen.
    pub(crate) last: u64,
    /// What comes next from each lane that something has come from.
    pub(crate) next: HashMap<usize, u64>,
    /// How much each broadcaster's lane had taken when this receiver joined: from there on it gets all.
    /// Before that it may get what was waiting, but then everything after it.
    pub(crate) at_join: HashMap<usize, u64>,
    /// How many lanes there were when the last source left.
    pub(crate) sealed: Option<usize>,
    /// Once the receiver is closed: how far numbers had been given at least, and at most.
    pub(crate) closed: Option<(u64, u64)>,
    /// The receiver has left.
    pub(crate) gone: bool,
}

/// What the dispatch may do, given what was done to it.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) lanes: Vec<Lane>,
    pub(crate) inboxes: Vec<Inbox>,
    /// The message of each number that was seen.
    pub(crate) numbers: BTreeMap<u64, (usize, u64)>,
}

impl Model {
    pub(crate) fn join(&mut self, target: Option<usize>) -> usize {
        self.lanes.push(Lane {
            target,
            sent: 0,
            has_handle: true,
        });
        self.lanes.len() - 1
    }

    pub(crate) fn join_receiver(&mut self) -> usize {
        let broadcasts = self
            .lanes
            .iter()
            .enumerate()
            .filter(|(_, lane)| lane.target.is_none());
        self.inboxes.push(Inbox {
            at_join: broadcasts.map(|(l, lane)| (l, lane.sent)).collect(),
            ..Inbox::default()
        });
        self.inboxes.len() - 1
    }

    pub(crate) fn leave(&mut self, l: usize) {
        self.lanes[l].has_handle = false;
        for (r, inbox) in self.inboxes.iter_mut().enumerate() {
            let is_source = |lane: &Lane| lane.has_handle && lane.target.is_none_or(|to| to == r);
            if !self.lanes.iter().any(is_source) {
                inbox.sealed.get_or_insert(self.lanes.len());
            }
        }
    }

    /// The receiver is closed: of broadcasts it gets those that have a number by now.
    pub(crate) fn close(&mut self, r: usize, at_least: u64, at_most: u64) {
        self.inboxes[r].closed.get_or_insert((at_least, at_most));
    }

    /// Whether messages of this lane go to this inbox.
    pub(crate) fn reaches(&self, l: usize, r: usize) -> bool {
        match self.lanes[l].target {
            Some(target) => target == r,
            None => self.inboxes[r].sealed.is_none_or(|lanes| l < lanes),
        }
    }

    /// How many messages of this lane have yet to come to this inbox.
    pub(crate) fn pending(&self, l: usize, r: usize) -> u64 {
        let inbox = &self.inboxes[r];
        let joined = || inbox.at_join.get(&l).copied().unwrap_or(0);
        self.lanes[l].sent - inbox.next.get(&l).copied().unwrap_or_else(joined)
    }

    pub(crate) fn observe(&mut self, r: usize, number: u64, message: Option<(usize, u64)>) {
        let inbox = &self.inboxes[r];
        assert!(number > inbox.last, "{number} comes after {}", inbox.last);
        if let Some((l, k)) = message {
            assert!(
                self.reaches(l, r),
                "a message of lane {l} came to receiver {r}"
            );
            let first_known = inbox.at_join.get(&l).copied().unwrap_or(0);
            match inbox.next.get(&l) {
                Some(next) => assert_eq!(k, *next, "lane {l} at receiver {r}"),
                None => assert!(k <= first_known, "lane {l} at receiver {r} starts with {k}"),
            }
            let same = self.numbers.insert(number, (l, k));
            let is_broadcast = self.lanes[l].target.is_none();
            let closed = inbox.closed.filter(|_| is_broadcast);
            assert!(
                closed.is_none_or(|(_, at_most)| number <= at_most),
                "{number} was given after receiver {r} had closed"
            );
            assert!(
                same.is_none_or(|m| is_broadcast && m == (l, k)),
                "{number} is given twice"
            );
            self.inboxes[r].next.insert(l, k + 1);
        }
        self.inboxes[r].last = number;
    }

    /// Whether nothing can be sent to it any more.
    pub(crate) fn has_ended(&self, r: usize) -> bool {
        let inbox = &self.inboxes[r];
        inbox.sealed.is_some() || inbox.closed.is_some()
    }

    pub(crate) fn observe_end(&self, r: usize) {
        let inbox = &self.inboxes[r];
        assert!(self.has_ended(r), "receiver {r} has sources");
        for l in (0..self.lanes.len()).filter(|l| self.reaches(*l, r)) {
            let closed = inbox.closed.filter(|_| self.lanes[l].target.is_none());
            let left = match closed {
                None => self.pending(l, r),
                Some((at_least, _)) => {
                    let numbers = self.numbers.range(..=at_least).map(|(_, message)| message);
                    let due = numbers.filter(|(lane, _)| *lane == l).map(|(_, k)| k + 1);
                    let got = self.lanes[l].sent - self.pending(l, r);
                    due.max().unwrap_or(0).saturating_sub(got)
                }
            };
            assert_eq!(left, 0, "lane {l} at receiver {r}");
        }
    }
}
