//! What a dispatcher looks like at one moment.

mod table;

use crate::core::Core;
use crate::gate::Gate;
use crate::{Clock, Order, Seq};

/// Who is there, how full everything is, and who waits for whom. Made by
/// [`Dispatcher::snapshot`](crate::Dispatcher::snapshot). Printed, it is a small table.
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
///
/// In a forwarding dispatch it also tells who holds a clock back:
///
/// ```
/// use clocked_lanes::{Dispatcher, Order};
///
/// let dispatcher = Dispatcher::<u32>::builder().forwarding(Order::Frontier).build()?;
/// let (quick, rx) = dispatcher.channel("join")?;
/// let slow = dispatcher.sender("join")?;
/// quick.advance(100)?;
/// slow.advance(3)?;
/// while rx.recv()?.seq().get() < 3 {}
/// let snapshot = dispatcher.snapshot();
/// let receiver = snapshot.receiver("join").unwrap();
/// assert_eq!((receiver.clock.get(), &receiver.held_back_by[..]), (3, &[slow.id()][..]));
/// assert_eq!(snapshot.sender(quick.id()).unwrap().frontier.get(), 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// How far the dispatch had got, before the rest was looked at: as
    /// [`Dispatcher::clock`](crate::Dispatcher::clock).
    pub clock: Clock,
    /// In a forwarding dispatch, its contract; `None` in a serializing one.
    pub order: Option<Order>,
    /// The receivers, by name.
    pub receivers: Vec<ReceiverSnapshot>,
    /// The senders and broadcasters, in the order in which they joined.
    pub senders: Vec<SenderSnapshot>,
}

/// A receiver in a [`Snapshot`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub struct ReceiverSnapshot {
    /// Its name.
    pub name: String,
    /// How many messages are in its inbox.
    pub len: usize,
    /// How many messages its inbox can hold.
    pub capacity: usize,
    /// How far it has got: as [`Receiver::observed`](crate::Receiver::observed).
    pub observed: Seq,
    /// How many senders it has, without broadcasters.
    pub senders: usize,
    /// How far its clock has got: in [`Order::Frontier`] it has one of its own; in [`Order::Dense`] it is the
    /// dispatcher's, but not beyond a message that waits for space in the inbox.
    pub clock: Seq,
    /// How far it is behind the dispatch: how many numbers the clock has that it has yet to observe. The clock is
    /// the dispatcher's; in [`Order::Frontier`] the receiver's own, which is never behind that.
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (tx, rx) = dispatcher.channel("busy")?;
    /// let (_idle, _other) = dispatcher.channel("other")?;
    /// for n in 0..3 {
    ///     tx.send(n)?;
    ///     rx.recv_message()?;
    /// }
    /// let snapshot = dispatcher.snapshot();
    /// assert_eq!(snapshot.receiver("busy").unwrap().lag, 0);
    /// assert_eq!(snapshot.receiver("other").unwrap().lag, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub lag: u64,
    /// In a forwarding dispatch, who holds its clock back: the ids of the senders and broadcasters that the number after
    /// the clock may still come from. In [`Order::Dense`], where it may come from any of them, those to other receivers
    /// are among them. Besides, the receiver holds it back itself when it is full.
    ///
    /// Either one of them may still forward that number, or it may be in the lane already, which waits for another
    /// receiver. That one is in [`blocked_on`](SenderSnapshot::blocked_on) then; and either it is full or, in
    /// [`Order::Frontier`], held back in its turn:
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order};
    ///
    /// let builder = Dispatcher::builder().lane_capacity(1);
    /// let dispatcher = builder.forwarding(Order::Frontier).build()?;
    /// let (idle, _other) = dispatcher.channel("other")?;
    /// let (tx, rx) = dispatcher.channel("r")?;
    /// let everybody = dispatcher.broadcaster();
    /// tx.advance(100)?;
    /// // The first waits at `other` for what `idle` may still send, and the second in the lane for the first.
    /// everybody.forward(2, "two")?;
    /// everybody.forward(3, "three")?;
    /// while rx.observed().get() < 2 {
    ///     rx.recv()?;
    /// }
    /// let snapshot = loop {
    ///     let snapshot = dispatcher.snapshot();
    ///     if !snapshot.sender(everybody.id()).unwrap().blocked_on.is_empty() {
    ///         break snapshot;
    ///     }
    /// };
    /// assert_eq!(snapshot.receiver("r").unwrap().held_back_by, [everybody.id()]);
    /// assert_eq!(snapshot.sender(everybody.id()).unwrap().blocked_on, ["other"]);
    /// assert_eq!(snapshot.receiver("other").unwrap().held_back_by, [idle.id()]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub held_back_by: Vec<u64>,
}

/// A sender or a broadcaster in a [`Snapshot`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
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
    /// In a forwarding dispatch: nothing numbered up to here follows, by what it forwarded or promised. As
    /// [`Sender::frontier`](crate::Sender::frontier).
    pub frontier: Seq,
    /// In a forwarding dispatch: how many of its messages were late or repeated a number when they came out of
    /// the lane. They are in [`Dispatcher::rejects`](crate::Dispatcher::rejects).
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order};
    ///
    /// let order = Order::Dense { window: 8 };
    /// let dispatcher = Dispatcher::builder().forwarding(order).build()?;
    /// let (tx, _rx) = dispatcher.channel("a")?;
    /// tx.forward(1, "one")?;
    /// tx.forward(1, "one, again")?;
    /// dispatcher.rejects().recv()?;
    /// assert_eq!(dispatcher.snapshot().sender(tx.id()).unwrap().rejected, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub rejected: u64,
    /// The receivers, by name, that are full while messages for them are in the lane. Empty if nothing
    /// waits, and also if all that is waited for is a lower number: that is in
    /// [`held_back_by`](ReceiverSnapshot::held_back_by).
    ///
    /// In a forwarding dispatch a receiver that the lane is not for may be among them. In [`Order::Dense`] that is a full
    /// one, which has the window used up. In [`Order::Frontier`] it is one where a lane's capacity of a
    /// broadcaster's messages waits already, whether for space or for a lower number.
    pub blocked_on: Vec<String>,
}

impl Snapshot {
    /// The receiver of this name.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Option<&ReceiverSnapshot> {
        self.receivers.iter().find(|r| r.name == name)
    }

    /// The sender or broadcaster with this id.
    #[must_use]
    pub fn sender(&self, id: u64) -> Option<&SenderSnapshot> {
        self.senders.iter().find(|sender| sender.id == id)
    }

    pub(crate) fn take<T>(core: &Core<T>) -> Self {
        core.roster().read(|members| {
            let clock = core.clock().read();
            let mut receivers: Vec<_> = members
                .receivers()
                .map(|inbox| {
                    let dispatch = clock.seq.get();
                    let (observed, own) = (inbox.observed().seq(), inbox.clock(dispatch));
                    ReceiverSnapshot {
                        name: inbox.name().to_owned(),
                        len: inbox.len(),
                        capacity: inbox.capacity(),
                        observed: Seq::from(observed),
                        senders: inbox.senders(),
                        clock: Seq::from(own),
                        // It may have observed more since the dispatcher's clock was read.
                        lag: own.max(dispatch).saturating_sub(observed),
                        held_back_by: Vec::new(),
                    }
                })
                .collect();
            receivers.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            let mut senders: Vec<_> = members
                .lanes()
                .map(|lane| {
                    let target = lane.target().map(|inbox| inbox.name().to_owned());
                    let len = lane.len();
                    // In `Order::Dense`, what waits may have been taken out of the lane.
                    let is_dense = core
                        .gate()
                        .is_some_and(|gate| gate.order() != Order::Frontier);
                    let something_waits = len > 0 || is_dense;
                    let blockage = lane.blockage().get().filter(|_| something_waits);
                    let waits_for = blockage.and_then(|(p, _)| {
                        let mut inboxes = members.receivers();
                        inboxes.find(|inbox| inbox.slot().get() == Some(p))
                    });
                    let blocks = |r: &&ReceiverSnapshot| {
                        let is_target = target.as_ref().is_none_or(|name| *name == r.name);
                        (len > 0 && r.len >= r.capacity && is_target)
                            || waits_for.is_some_and(|inbox| inbox.name() == r.name)
                    };
                    let blocking = receivers.iter().filter(blocks);
                    let blocked_on = blocking.map(|r| r.name.clone()).collect();
                    let frontier = lane.frontier();
                    let passed = waits_for
                        .and(blockage)
                        .map_or(frontier, |(_, passed)| passed);
                    let sender = SenderSnapshot {
                        id: lane.id(),
                        target,
                        len,
                        capacity: lane.capacity(),
                        frontier: Seq::from(frontier),
                        rejected: lane.rejected(),
                        blocked_on,
                    };
                    // With how far nothing more comes from it, the lane included.
                    (sender, Seq::from(passed.min(frontier)))
                })
                .collect();
            senders.sort_unstable_by_key(|(sender, _)| sender.id);
            if let Some(gate) = core.gate() {
                for receiver in &mut receivers {
                    let is_source = |sender: &SenderSnapshot| {
                        gate.order() != Order::Frontier
                            || sender
                                .target
                                .as_ref()
                                .is_none_or(|name| *name == receiver.name)
                    };
                    let holding = senders
                        .iter()
                        .filter(|(sender, passed)| is_source(sender) && *passed <= receiver.clock);
                    receiver.held_back_by = holding.map(|(sender, _)| sender.id).collect();
                }
            }
            Self {
                clock,
                order: core.gate().map(Gate::order),
                receivers,
                senders: senders.into_iter().map(|(sender, _)| sender).collect(),
            }
        })
    }
}
