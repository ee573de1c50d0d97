//! Who is there, and what was sent: what both orders are judged by.

use super::inbox::Inbox;

pub(super) struct Lane {
    /// The inbox; `None` for a broadcaster's lane.
    pub(super) target: Option<usize>,
    pub(super) frontier: u64,
    /// The handle is there.
    pub(super) is_live: bool,
    /// What was put in, in order: `None` is a promise, or a number without a message.
    pub(super) items: Vec<(u64, Item)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Item {
    Message(u16),
    Nothing,
    Promise,
}

#[derive(Default)]
pub(super) struct Members {
    /// How far numbers may have got before the last one left: at first, the number before the first one.
    pub(super) floor: u64,
    pub(super) lanes: Vec<Lane>,
    pub(super) inboxes: Vec<Inbox>,
    /// How many messages were made.
    pub(super) made: u16,
}

impl Members {
    pub(super) fn join(&mut self, target: Option<usize>, frontier: u64) -> usize {
        self.lanes.push(Lane {
            target,
            frontier,
            is_live: true,
            items: Vec::new(),
        });
        self.lanes.len() - 1
    }

    pub(super) fn join_receiver(&mut self, start: u64) -> usize {
        let broadcasts = self
            .lanes
            .iter()
            .enumerate()
            .filter(|(_, lane)| lane.target.is_none());
        let sent = broadcasts.flat_map(|(l, lane)| {
            lane.items
                .iter()
                .filter_map(move |&(seq, item)| match item {
                    Item::Message(id) => Some(((seq, id), (l, false))),
                    _ => None,
                })
        });
        let sent = sent.filter(|&((seq, _), _)| seq > start).collect();
        self.inboxes.push(Inbox {
            start,
            over: start,
            sent,
            ..Inbox::default()
        });
        self.inboxes.len() - 1
    }

    /// Whether a lane's handle can still send to this inbox.
    pub(super) fn feeds(&self, l: usize, r: usize) -> bool {
        let (lane, inbox) = (&self.lanes[l], &self.inboxes[r]);
        lane.is_live
            && lane.target.is_none_or(|to| to == r)
            && !inbox.is_sealed
            && !inbox.is_closed
            && !inbox.is_gone
    }

    /// Whether a lane's handle can still send to somebody, or to nobody as a broadcaster does.
    pub(super) fn is_source(&self, l: usize) -> bool {
        let lane = &self.lanes[l];
        lane.is_live && lane.target.is_none_or(|r| self.feeds(l, r))
    }

    pub(super) fn sources(&self, r: usize) -> impl Iterator<Item = usize> {
        (0..self.lanes.len()).filter(move |&l| self.feeds(l, r))
    }

    /// After a handle has left.
    pub(super) fn seal(&mut self) {
        for r in 0..self.inboxes.len() {
            let is_orphan = self.sources(r).next().is_none();
            self.inboxes[r].is_sealed |= is_orphan;
        }
    }

    /// A receiver closes: of broadcasts it gets what it happens to have got.
    pub(super) fn close(&mut self, r: usize) {
        self.inboxes[r].is_closed = true;
        for (l, must) in self.inboxes[r].sent.values_mut() {
            *must &= self.lanes[*l].target.is_some();
        }
    }

    pub(super) fn sent(&mut self, l: usize, seq: u64, item: Item) {
        self.lanes[l].items.push((seq, item));
        if let Item::Message(id) = item {
            for r in 0..self.inboxes.len() {
                if self.feeds(l, r) && seq > self.inboxes[r].start {
                    self.inboxes[r].sent.insert((seq, id), (l, true));
                }
            }
        }
    }
}
