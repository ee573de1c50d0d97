//! What was sent to a receiver, and what has arrived.

use std::collections::BTreeMap;

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

impl Inbox {
    /// A message has arrived. Returns the lane that it came from.
    pub(super) fn receive(&mut self, seq: u64, id: u16) -> usize {
        assert!(seq > self.over, "{seq} is over, at {}", self.over);
        let known = self.sent.get(&(seq, id));
        let &(l, _) = known.unwrap_or_else(|| panic!("{id} at {seq} is for somebody else"));
        assert!(
            !self.got.contains(&(seq, id)),
            "{id} at {seq} has come twice"
        );
        self.got.push((seq, id));
        l
    }

    /// What has to arrive at a receiver up to a number, and has not, with the lanes.
    pub(super) fn missing(&self, upto: u64) -> impl Iterator<Item = (u64, u16, usize)> {
        let sent = self.sent.range(..=(upto, u16::MAX));
        sent.filter(|(key, (_, must))| *must && !self.got.contains(key))
            .map(|(&(seq, id), &(l, _))| (seq, id, l))
    }
}
