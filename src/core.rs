//! What the handles and the engine of one dispatcher share.

use crate::Order;
use crate::clock_cell::ClockCell;
use crate::control::{Control, Newcomer};
use crate::driver::{Caller, Inline, WeakCaller};
use crate::gate::{Gate, fence_at_gate};
use crate::inbox::Inbox;
use crate::lane::{Lane, LaneEnd, lane};
use crate::numbers::Numbers;
use crate::rejects::RejectQueue;
use crate::roster::Roster;
use crate::signal_list::SignalList;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use crate::sync::{Arc, channel};
use crate::telemetry::Telemetry;

/// The shared part of a dispatcher.
pub(crate) struct Core<T> {
    capacity: usize,
    lane_capacity: usize,
    clock: Arc<ClockCell>,
    numbers: Numbers,
    /// How sources join; `None` in a serializing dispatch.
    gate: Option<Gate>,
    /// What was forwarded too late. Empty in a serializing dispatch.
    rejects: Arc<RejectQueue<T>>,
    /// Lanes that have something for the engine.
    ready_lanes: SignalList<Lane<T>>,
    /// Receivers that are parked until the clock moves.
    parked: SignalList<Inbox<T>>,
    roster: Roster<T>,
    next_lane_id: AtomicU64,
    /// How many broadcaster handles there are.
    broadcasters: AtomicUsize,
    /// The engine is gone.
    dead: AtomicBool,
    telemetry: Telemetry,
}

/// A handle's connection to its dispatcher. When the last one is dropped, the engine's work is done.
pub(crate) struct Connection<T>(std::sync::Arc<Wiring<T>>);

/// What is left of a connection that keeps nothing alive.
//
// std's pointers, also under loom, whose own has no weak form. Nothing but the count relies on them.
pub(crate) struct WeakConnection<T>(std::sync::Weak<Wiring<T>>);

/// What a connection leads to.
struct Wiring<T> {
    core: Arc<Core<T>>,
    control: channel::Sender<Control<T>>,
    /// The engine, if it has no thread.
    inline: Option<std::sync::Arc<Inline<T>>>,
    /// The same, for those who wait.
    caller: WeakCaller,
}

impl<T> Core<T> {
    pub(crate) fn new(
        capacity: usize,
        lane_capacity: usize,
        clock: Arc<ClockCell>,
        numbers: Numbers,
        gate: Option<Gate>,
        rejects: Arc<RejectQueue<T>>,
        telemetry: Telemetry,
    ) -> Self
    where
        T: Send + 'static,
    {
        Self {
            capacity,
            lane_capacity,
            clock,
            numbers,
            gate,
            rejects,
            ready_lanes: SignalList::new(),
            parked: SignalList::new(),
            roster: Roster::new(),
            next_lane_id: AtomicU64::new(1),
            broadcasters: AtomicUsize::new(0),
            dead: AtomicBool::new(false),
            telemetry,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn clock(&self) -> &Arc<ClockCell> {
        &self.clock
    }

    #[inline]
    pub(crate) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    #[inline]
    pub(crate) fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    /// The number that nobody can send any more and that everything waits for.
    pub(crate) fn missing(&self) -> Option<u64> {
        self.gate.as_ref()?.missing()
    }

    pub(crate) fn rejects(&self) -> &Arc<RejectQueue<T>> {
        &self.rejects
    }

    #[inline]
    pub(crate) fn ready_lanes(&self) -> &SignalList<Lane<T>> {
        &self.ready_lanes
    }

    #[inline]
    pub(crate) fn parked(&self) -> &SignalList<Inbox<T>> {
        &self.parked
    }

    pub(crate) fn roster(&self) -> &Roster<T> {
        &self.roster
    }

    #[inline]
    pub(crate) fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    fn add_broadcaster(&self) {
        // ORDERING: relaxed, here and below. `Connection::leave` has a fence where one is needed.
        self.broadcasters.fetch_add(1, Ordering::Relaxed);
    }

    fn remove_broadcaster(&self) {
        self.broadcasters.fetch_sub(1, Ordering::Relaxed);
    }

    fn broadcasters(&self) -> usize {
        self.broadcasters.load(Ordering::Relaxed)
    }

    pub(crate) fn is_dead(&self) -> bool {
        // ORDERING: relaxed, here and below: nothing but the flag is concluded from it.
        self.dead.load(Ordering::Relaxed)
    }

    pub(crate) fn set_dead(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }
}

impl<T> Connection<T> {
    pub(crate) fn new(
        core: Arc<Core<T>>,
        control: channel::Sender<Control<T>>,
        inline: Option<Inline<T>>,
    ) -> Self
    where
        T: Send + 'static,
    {
        let inline = inline.map(std::sync::Arc::new);
        let caller = inline.as_ref().map(|inline| {
            let caller: std::sync::Arc<dyn Caller> = inline.clone();
            std::sync::Arc::downgrade(&caller)
        });
        Self(std::sync::Arc::new(Wiring {
            core,
            control,
            inline,
            caller,
        }))
    }

    /// The engine, if it has no thread.
    #[inline]
    pub(crate) fn inline(&self) -> Option<&Inline<T>> {
        self.0.inline.as_deref()
    }

    /// The same, for those who wait.
    pub(crate) fn caller(&self) -> &WeakCaller {
        &self.0.caller
    }

    /// To be called by one who needs something of the engine and does not find it. Returns `true` if the engine has
    /// been at it, here, so that another look is due.
    #[inline]
    pub(crate) fn help(&self) -> bool {
        self.inline().is_some_and(|inline| inline.help(None))
    }

    /// As [`help`](Self::help), by one who needs what there is for a receiver.
    #[inline]
    pub(crate) fn help_for(&self, receiver: &Inbox<T>) -> bool {
        self.inline()
            .is_some_and(|inline| inline.help(receiver.slot().get()))
    }

    /// To be called when a lane that was at rest is on the list of ready ones.
    #[inline]
    pub(crate) fn signalled(&self) {
        if let Some(inline) = self.inline() {
            inline.call_if_parked();
        }
    }

    #[inline]
    pub(crate) fn core(&self) -> &Core<T> {
        &self.0.core
    }

    /// A connection that does not count.
    pub(crate) fn downgrade(&self) -> WeakConnection<T> {
        WeakConnection(std::sync::Arc::downgrade(&self.0))
    }

    /// Makes a lane to `target`, or to everybody, without telling the engine yet. `origin` is the frontier
    /// that it starts at.
    pub(crate) fn new_lane(
        &self,
        target: Option<Arc<Inbox<T>>>,
        origin: u64,
    ) -> (Arc<Lane<T>>, LaneEnd<T>) {
        // ORDERING: relaxed. Ids have to differ, no more.
        let id = self.core().next_lane_id.fetch_add(1, Ordering::Relaxed);
        lane(id, self.core().lane_capacity, target, origin)
    }

    /// Makes a lane to `target`, where its sender is counted already, or to everybody, and enters it
    /// everywhere. `parent` is the lane of the handle that it is cloned from, if it is.
    pub(crate) fn join(
        &self,
        target: Option<Arc<Inbox<T>>>,
        parent: Option<&Lane<T>>,
    ) -> Arc<Lane<T>> {
        let origin = self.origin(target.as_ref(), parent);
        let (lane, end) = self.new_lane(target, origin);
        if lane.target().is_none() {
            self.core().add_broadcaster();
        }
        self.core().roster.add_lane(&lane);
        // If the engine is dead, this drops the end, which closes the lane.
        self.tell(Control::Lane(end));
        lane
    }

    /// Finds out which frontier a source that joins starts at. To be followed by telling of its lane.
    fn origin(&self, target: Option<&Arc<Inbox<T>>>, parent: Option<&Lane<T>>) -> u64 {
        let Some(gate) = self.core().gate() else {
            return 0;
        };
        let before = parent.map(|lane| lane.frontier());
        self.tell(Control::Joining(match target {
            Some(inbox) => Newcomer::Sender(Arc::clone(inbox)),
            None => Newcomer::Broadcaster,
        }));
        // No model shows this call, nor those of the engines: the stand-in for the control lane is under a lock,
        // which does as much. The gate's own model shows the fence.
        fence_at_gate();
        let limit = gate.limit_for_source(target.map(|inbox| &**inbox));
        match (parent, before) {
            // The parent's frontier stands where it was, on the far side of the fence. So an engine that has
            // gone beyond it, as it has read a later one, did so behind its own fence, and knows of us. The
            // limit may be higher nevertheless: one that was announced and that it did not come to.
            (Some(lane), Some(frontier)) if lane.frontier() == frontier => frontier,
            // It was raised by another thread meanwhile.
            (_, Some(frontier)) => frontier.max(limit),
            // Without a parent it starts at the clock, and in `Order::Frontier` no clock is above the limit.
            (_, None) => match gate.order() {
                Order::Frontier => limit,
                Order::Dense { .. } => limit.max(self.core().clock.seq()),
            },
        }
    }

    /// Strikes a lane off whose handle leaves.
    ///
    /// Whether it was the last source of a receiver is decided here, and not by the engine, so that no sender
    /// is made that the engine would then refuse.
    pub(crate) fn leave(&self, lane: &Arc<Lane<T>>) {
        let core = self.core();
        match lane.target() {
            Some(inbox) => inbox.remove_sender(),
            None => core.remove_broadcaster(),
        }
        // ORDERING: partner of itself. The last sender counts itself out and then looks for broadcasters; the
        // last broadcaster does it the other way round. One of the two fences comes first, and so the
        // other one finds that nobody is left.
        fence(Ordering::SeqCst);
        let mut orphans = Vec::new();
        if core.broadcasters() == 0 {
            let mut look = |inbox: &Arc<Inbox<T>>| {
                if inbox.orphan_without_senders() {
                    orphans.push(Arc::clone(inbox));
                }
            };
            match lane.target() {
                Some(inbox) => look(inbox),
                None => core
                    .roster
                    .read(|members| members.receivers().for_each(look)),
            }
        }
        core.roster.remove_lane(lane);
        self.tell(Control::LaneLeft(Arc::clone(lane)));
        for inbox in orphans {
            self.tell(Control::Orphaned(inbox));
        }
        core.telemetry.source_left(lane);
    }

    /// Tells the engine something. Never blocks: the control lane is unbounded. Returns `false` if the
    /// engine is dead.
    pub(crate) fn tell(&self, control: Control<T>) -> bool {
        let is_told = self.0.control.send(control).is_ok();
        if let Some(inline) = self.inline() {
            // Whether or not anybody is parked: there may be values to be dropped.
            inline.call();
        }
        is_told
    }
}

impl<T> Clone for Connection<T> {
    fn clone(&self) -> Self {
        Self(std::sync::Arc::clone(&self.0))
    }
}

impl<T> WeakConnection<T> {
    /// The connection, if there still is one.
    pub(crate) fn upgrade(&self) -> Option<Connection<T>> {
        self.0.upgrade().map(Connection)
    }
}

impl<T> Clone for WeakConnection<T> {
    fn clone(&self) -> Self {
        Self(std::sync::Weak::clone(&self.0))
    }
}
