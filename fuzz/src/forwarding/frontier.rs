//! What `Order::Frontier` may do: each receiver gets what no other source of it can still send a lower number than.

use super::members::Members;

pub(super) struct Frontier;

impl Frontier {
    /// Nothing up to here is still to come for a receiver; `None` if nothing is at all.
    pub(super) fn bound(members: &Members, r: usize) -> Option<u64> {
        members.sources(r).map(|l| members.lanes[l].frontier).min()
    }

    /// Whether a message from `l` can go.
    fn is_due(members: &Members, r: usize, l: usize, seq: u64) -> bool {
        let mut others = members.sources(r).filter(|&other| other != l);
        others.all(|other| members.lanes[other].frontier >= seq - 1)
    }

    /// How many messages can go that have not gone.
    pub(super) fn due(members: &Members, r: usize) -> usize {
        let missing = members.inboxes[r].missing(u64::MAX);
        missing
            .filter(|&(seq, _, l)| Self::is_due(members, r, l, seq))
            .count()
    }

    /// Whether a message from `l` may arrive.
    pub(super) fn may_arrive(members: &Members, r: usize, l: usize, seq: u64) -> bool {
        Self::is_due(members, r, l, seq) && members.inboxes[r].missing(seq - 1).next().is_none()
    }

    /// Whether a broadcaster's lane may be full of what a receiver that is held back waits for.
    pub(super) fn may_be_clogged(members: &Members, lane_capacity: usize) -> bool {
        let inboxes = members.inboxes.iter().filter(|inbox| !inbox.is_gone);
        inboxes.into_iter().any(|inbox| {
            let waiting = |l| {
                let sent = inbox.sent.iter();
                sent.filter(|(key, (lane, _))| *lane == l && !inbox.got.contains(key))
                    .count()
            };
            let lanes = members.lanes.iter().enumerate();
            let mut all = lanes.filter(|(_, lane)| lane.target.is_none());
            all.any(|(l, _)| waiting(l) >= lane_capacity)
        })
    }
}
