//! What a dispatcher looks like at one moment.

use crate::core::Core;
use crate::{Clock, Seq};

/// Who is there, how full everything is, and who waits for whom. Made by
/// [`Dispatcher::snapshot`](crate::Dispatcher::snapshot).
///
/// # Examples
///
/// ```
/// use clocked_lanes::Dispatcher;
///
/// let dispatcher = Dispatcher::builder().capacity(1).lane_capacity(2).build()?;
/// let (tx, _rx) = dispatcher.channel("slow")?;
/// for n in 0..3 {
///     tx.send(n)?;
/// }
/// // Soon one is in the inbox, and two are in the lane.
/// let snapshot = loop {
///     let snapshot = dispatcher.snapshot();
///     if snapshot.receivers[0].len == 1 && snapshot.senders[0].len == 2 {
///         break snapshot;
///     }
/// };
/// assert_eq!(snapshot.senders[0].blocked_on, ["slow"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// How far the dispatch had got, before the rest was looked at.
    pub clock: Clock,
    /// The receivers, by name.
    pub receivers: Vec<ReceiverSnapshot>,
    /// The senders and broadcasters, in the order in which they joined.
    pub senders: Vec<SenderSnapshot>,
}

/// A receiver in a [`Snapshot`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReceiverSnapshot {
    /// Its name.
    pub name: String,
    /// How many messages are in its inbox.
    pub len: usize,
    /// How many messages its inbox can hold.
    pub capacity: usize,
    /// The number of the last event it has returned.
    pub observed: Seq,
    /// How many senders it has, without broadcasters.
    pub senders: usize,
}

/// A sender or a broadcaster in a [`Snapshot`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SenderSnapshot {
    /// Tells senders of one dispatcher apart.
    pub id: u64,
    /// The name of its receiver; `None` for a broadcaster.
    pub target: Option<String>,
    /// How many messages are in its lane.
    pub len: usize,
    /// How many messages its lane can hold.
    pub capacity: usize,
    /// The receivers, by name, that are full while messages for them are in the lane. Empty if nothing
    /// waits.
    pub blocked_on: Vec<String>,
}

impl Snapshot {
    pub(crate) fn take<T>(core: &Core<T>) -> Self {
        core.roster().read(|members| {
            let clock = core.clock().read();
            let mut receivers: Vec<_> = members
                .receivers()
                .map(|inbox| ReceiverSnapshot {
                    name: inbox.name().to_owned(),
                    len: inbox.len(),
                    capacity: inbox.capacity(),
                    observed: Seq::from(inbox.observed()),
                    senders: inbox.senders(),
                })
                .collect();
            receivers.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            let mut senders: Vec<_> = members
                .lanes()
                .map(|lane| {
                    let target = lane.target().map(|inbox| inbox.name().to_owned());
                    let len = lane.len();
                    let blocks = |r: &&ReceiverSnapshot| {
                        r.len >= r.capacity && target.as_ref().is_none_or(|name| *name == r.name)
                    };
                    let blocked_on = if len == 0 {
                        Vec::new()
                    } else {
                        receivers
                            .iter()
                            .filter(blocks)
                            .map(|r| r.name.clone())
                            .collect()
                    };
                    SenderSnapshot {
                        id: lane.id(),
                        target,
                        len,
                        capacity: lane.capacity(),
                        blocked_on,
                    }
                })
                .collect();
            senders.sort_unstable_by_key(|sender| sender.id);
            Self {
                clock,
                receivers,
                senders,
            }
        })
    }
}
