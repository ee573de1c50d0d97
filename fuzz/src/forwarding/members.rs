//! Who is there, and what has passed between them: what both orders are judged by.

use std::collections::BTreeMap;

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
pub(super) struct Inbox {
    pub(super) start: u64,
    /// Nothing up to this number comes any more.
    pub(super) over: u64,
    /// What has been sent to it, with the lane, and whether it has to arrive: a receiver that joins gets broadcasts
    /// that still wait.
    pub(super) sent: BTreeMap<(u64, u16), (usize, bool)>,
    /// What has arrived, in order.
    pub(super) got: Vec<(u64, u16)>,
    /// Nothing that is sent now reaches it.
    pub(super) is_sealed: bool,
    pub(super) is_closed: bool,
    pub(super) is_gone: bool,
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

    /// A message has arrived. Returns the lane that it came from.
    pub(super) fn received(&mut self, r: usize, seq: u64, id: u16) -> usize {
        let inbox = &mut self.inboxes[r];
        assert!(
            seq > inbox.over,
            "{seq} is over for receiver {r}, at {}",
            inbox.over
        );
        let known = inbox.sent.get(&(seq, id));
        let &(l, _) = known.unwrap_or_else(|| panic!("{id} at {seq} is not for receiver {r}"));
        assert!(
            !inbox.got.contains(&(seq, id)),
            "{id} at {seq} has come twice"
        );
        inbox.got.push((seq, id));
        l
    }

    /// What has to arrive at a receiver up to a number, and has not, with the lanes.
    pub(super) fn missing(&self, r: usize, upto: u64) -> impl Iterator<Item = (u64, u16, usize)> {
        let inbox = &self.inboxes[r];
        let sent = inbox.sent.range(..=(upto, u16::MAX));
        sent.filter(|(key, (_, must))| *must && !inbox.got.contains(key))
            .map(|(&(seq, id), &(l, _))| (seq, id, l))
    }
}
