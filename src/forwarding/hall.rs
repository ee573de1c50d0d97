//! What the engines of both orders have in common: who is there, and who has something to do.

use std::collections::VecDeque;

use slab::Slab;

use crate::Seq;
use crate::control::Control;
use crate::core::Core;
use crate::fault;
use crate::gate::Gate;
use crate::inbox::{Inbox, Inlet};
use crate::item::Item;
use crate::lane::{Lane, LaneEnd};
use crate::parcel::Blank;
use crate::rejects::{RejectSender, Rejected};
use crate::signal_list::{Linked, Taken};
use crate::sync::{Arc, channel};

/// How many of the receivers that were full are looked at in a step.
const POLLS: usize = 8;

/// The engine's side of a lane.
pub(crate) struct Berth<T> {
    pub(super) end: LaneEnd<T>,
    /// Where it is among the lanes.
    index: usize,
    /// Whose lane it is; `None` for a broadcaster's.
    pub(super) port: Option<usize>,
    /// How many broadcasters had joined when this one did, itself included.
    pub(super) birth: u64,
    /// Nothing up to this number comes out of the lane any more, or else it is late.
    pub(super) passed: u64,
    /// Where a port keeps the lane among its sources.
    pub(super) feed: usize,
    /// A message that was taken out and cannot be taken in yet.
    pub(super) head: Option<Item<T>>,
    /// The handle has left: when the lane is empty, it is done.
    pub(super) left: bool,
    /// The receiver has left, and the lane is still there.
    pub(super) is_gone: bool,
    /// The lane is in a queue of ready lanes.
    pub(super) in_ready: bool,
    /// The lane is in the list of those that something was taken out of.
    in_eased: bool,
    /// How many messages are known to be in the lane.
    known: usize,
    /// The port that the lane waits for, as [`Blockage`](crate::blockage::Blockage) shows it.
    pub(super) waits_for: Option<usize>,
}

/// The engine's side of a receiver.
pub(crate) struct Port<T, Q> {
    pub(super) inlet: Inlet<T>,
    /// All lanes of its own senders.
    pub(super) lanes: Vec<usize>,
    /// The last source has left; tells how many broadcasters had joined by then.
    pub(super) sealed: Option<u64>,
    /// What waits for its turn.
    pub(super) queue: Q,
    /// The receiver has signed up to be woken by a tick.
    pub(super) parked: bool,
    in_runnable: bool,
    in_blocked: bool,
    in_full: bool,
    in_touched: bool,
}

/// Who is there, and who has something to do.
pub(crate) struct Hall<T, Q> {
    pub(super) core: Arc<Core<T>>,
    pub(super) control: channel::Receiver<Control<T>>,
    rejects: RejectSender<T>,
    pub(super) ports: Slab<Port<T, Q>>,
    pub(super) lanes: Slab<Berth<T>>,
    /// How many broadcasters ever joined.
    pub(super) births: u64,
    pub(super) broadcast_lanes: Vec<usize>,
    /// Ports with something to do, the next in turn first.
    pub(super) runnable: VecDeque<usize>,
    /// Ports with something to deliver that had no space when last looked at.
    blocked: VecDeque<usize>,
    /// Ports that were full after a delivery, and may still be.
    full: Vec<usize>,
    /// Ports whose receivers got something, and may have to be woken.
    pub(super) touched: Vec<usize>,
    /// Lanes that something was taken out of, whose senders may have to be woken.
    pub(super) eased: Vec<usize>,
    /// Ports whose sources have gone, and which wait for the rest of their messages.
    pub(super) sealed: Vec<usize>,
    /// A sealed port may have got all its messages.
    pub(super) check_sealed: bool,
    /// How many messages were delivered, a broadcast counting once.
    pub(super) dispatched: u64,
    /// Every handle is gone.
    pub(super) finished: bool,
}

impl<T> Berth<T> {
    /// Takes the next message out, and enters the lane among those that are `eased`. Or proves that there is
    /// none: then `Err` has the frontier at which that is so.
    #[inline]
    pub(super) fn take(&mut self, eased: &mut Vec<usize>) -> Result<Item<T>, u64> {
        let item = match self.end.pop_known(&mut self.known) {
            Some(item) => item,
            None => {
                // The frontier first: what was put in before it was raised is found by the look after it.
                let frontier = self.end.lane().frontier();
                self.end.pop_known(&mut self.known).ok_or(frontier)?
            }
        };
        fault::point();
        self.ease(eased);
        Ok(item)
    }

    #[inline]
    fn ease(&mut self, eased: &mut Vec<usize>) {
        if !std::mem::replace(&mut self.in_eased, true) {
            eased.push(self.index);
        }
    }

    /// Whether nothing more is put in.
    pub(super) fn is_done(&self) -> bool {
        self.left || self.is_gone
    }

    /// Shows which port has to go on before more is taken out of the lane; `None` if none has to.
    pub(super) fn wait_for(&mut self, port: Option<usize>) {
        if self.waits_for == port {
            return;
        }
        self.waits_for = port;
        let blockage = self.end.lane().blockage();
        match port {
            Some(p) => blockage.set(p, self.passed),
            None => blockage.clear(),
        }
    }

    /// Notes the number of a message that was taken out, of a sender whose numbers rise.
    pub(super) fn took(&mut self, seq: u64) {
        let has_ties = self.end.lane().has_ties();
        self.passed = if has_ties { seq - 1 } else { seq };
    }
}

impl<T, Q> Port<T, Q> {
    /// How many messages it can take. None once the receiver has left.
    #[inline]
    pub(super) fn room(&mut self) -> usize {
        if self.inlet.inbox().is_gone() {
            0
        } else {
            self.inlet.room()
        }
    }

    /// Whether a broadcaster reaches this receiver, `birth` being how many had joined by then.
    pub(super) fn hears(&self, birth: u64) -> bool {
        self.sealed.is_none_or(|births| birth <= births) && !self.inlet.inbox().is_closed()
    }
}

impl<T, Q> Hall<T, Q> {
    pub(super) fn new(
        core: Arc<Core<T>>,
        control: channel::Receiver<Control<T>>,
        rejects: RejectSender<T>,
    ) -> Self {
        Self {
            core,
            control,
            rejects,
            ports: Slab::new(),
            lanes: Slab::new(),
            births: 0,
            broadcast_lanes: Vec::new(),
            runnable: VecDeque::new(),
            blocked: VecDeque::new(),
            full: Vec::new(),
            touched: Vec::new(),
            eased: Vec::new(),
            sealed: Vec::new(),
            check_sealed: false,
            dispatched: 0,
            finished: false,
        }
    }

    pub(super) fn gate(&self) -> &Gate {
        self.core.gate().expect("a forwarding dispatch has a gate")
    }

    /// What a handle has told next. Finds out, too, if all handles are gone.
    pub(super) fn told(&mut self) -> Option<Control<T>> {
        match self.control.try_recv() {
            Ok(control) => Some(control),
            Err(error) => {
                self.finished = error == channel::TryRecvError::Disconnected;
                None
            }
        }
    }

    /// Hands a message back that is late or repeats a number.
    pub(super) fn reject(&self, lane: &Lane<T>, item: Item<T>) {
        if item.parcel.blank() == Some(Blank::Promise) {
            return;
        }
        fault::point();
        lane.count_rejected();
        self.hand_back(Rejected {
            seq: Seq::from(item.seq),
            value: item.parcel.take(),
            sender: lane.id(),
            target: lane.target().map(|inbox| inbox.name().to_owned()),
        });
    }

    pub(super) fn hand_back(&self, rejected: Rejected<T>) {
        self.rejects.send(rejected);
    }

    pub(super) fn join_receiver(&mut self, inlet: Inlet<T>, queue: Q) -> usize {
        let inbox = Arc::clone(inlet.inbox());
        let p = self.ports.insert(Port {
            inlet,
            lanes: Vec::new(),
            sealed: None,
            queue,
            parked: false,
            in_runnable: false,
            in_blocked: false,
            in_full: false,
            in_touched: false,
        });
        inbox.slot().set(p);
        p
    }

    /// Enters a lane. `port` is its receiver's; `None` for a broadcaster's.
    pub(super) fn join_lane(&mut self, end: LaneEnd<T>, port: Option<usize>) -> usize {
        let lane = Arc::clone(end.lane());
        if port.is_none() {
            self.births += 1;
        }
        let index = self.lanes.vacant_key();
        let l = self.lanes.insert(Berth {
            end,
            index,
            port,
            birth: self.births,
            passed: lane.origin(),
            feed: usize::MAX,
            head: None,
            left: false,
            is_gone: false,
            in_ready: false,
            in_eased: false,
            known: 0,
            waits_for: None,
        });
        match port {
            Some(p) => self.ports[p].lanes.push(l),
            None => self.broadcast_lanes.push(l),
        }
        lane.slot().set(l);
        l
    }

    /// The port of a receiver that can be joined.
    pub(super) fn open_port(&self, inbox: &Inbox<T>) -> Option<usize> {
        let p = inbox.slot().get()?;
        self.ports[p].sealed.is_none().then_some(p)
    }

    /// Gives up a lane that is empty and whose handle has left.
    pub(super) fn remove_lane(&mut self, l: usize) -> Berth<T> {
        let berth = self.lanes.remove(l);
        match berth.port {
            Some(p) => {
                if let Some(port) = self.ports.get_mut(p) {
                    port.lanes.retain(|&lane| lane != l);
                }
            }
            None => self.broadcast_lanes.retain(|&lane| lane != l),
        }
        self.check_sealed = true;
        berth
    }

    /// Seals a port that has no source left: it ends when it has got what is in the lanes by now.
    pub(super) fn seal(&mut self, inbox: &Inbox<T>) {
        if let Some(p) = self.open_port(inbox) {
            self.seal_for(p, self.births);
        }
    }

    /// Seals a port whose receiver is closed: it hears no broadcaster either.
    pub(super) fn seal_closed(&mut self, p: usize) {
        self.seal_for(p, 0);
    }

    fn seal_for(&mut self, p: usize, births: u64) {
        if self.ports[p].sealed.replace(births).is_none() {
            self.sealed.push(p);
        }
        self.check_sealed = true;
    }

    /// Strikes a port off.
    pub(super) fn remove_port(&mut self, p: usize) -> Port<T, Q> {
        let port = self.ports.remove(p);
        for queue in [&mut self.runnable, &mut self.blocked] {
            queue.retain(|&other| other != p);
        }
        for list in [&mut self.full, &mut self.touched, &mut self.sealed] {
            list.retain(|&other| other != p);
        }
        fault::point();
        port.inlet.inbox().slot().clear();
        port
    }

    pub(super) fn make_runnable(&mut self, p: usize) {
        let port = &mut self.ports[p];
        if !std::mem::replace(&mut port.in_runnable, true) {
            self.runnable.push_back(p);
        }
    }

    /// The next port in turn.
    pub(super) fn next_runnable(&mut self) -> Option<usize> {
        let p = self.runnable.pop_front()?;
        self.ports[p].in_runnable = false;
        fault::point();
        Some(p)
    }

    /// Enters a port that has something to deliver into the queue where it belongs.
    pub(super) fn queue_port(&mut self, p: usize) {
        let port = &mut self.ports[p];
        if port.room() > 0 {
            self.make_runnable(p);
            return;
        }
        if !std::mem::replace(&mut port.in_full, true) {
            self.full.push(p);
        }
        if !std::mem::replace(&mut port.in_blocked, true) {
            self.blocked.push_back(p);
        }
    }

    /// Has those go on that were full and have space by now.
    pub(super) fn poll_blocked(&mut self) {
        for _ in 0..self.blocked.len().min(POLLS) {
            let Some(p) = self.blocked.pop_front() else {
                return;
            };
            self.ports[p].in_blocked = false;
            self.queue_port(p);
        }
    }

    /// Has those say when they have space that are full. Returns whether one has it by now.
    pub(super) fn ask_for_space(&mut self) -> bool {
        let mut i = 0;
        while let Some(&p) = self.full.get(i) {
            let port = &mut self.ports[p];
            if port.inlet.ask_for_space() && port.room() > 0 {
                self.full.swap_remove(i);
                self.ports[p].in_full = false;
                self.make_runnable(p);
            } else {
                i += 1;
            }
        }
        !self.runnable.is_empty()
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn to_be_asked(&self) -> usize {
        self.full.len()
    }

    /// Shows a receiver what it got.
    pub(super) fn commit(&mut self, p: usize) {
        fault::point();
        let port = &mut self.ports[p];
        port.inlet.commit();
        if port.inlet.is_full() && !std::mem::replace(&mut port.in_full, true) {
            self.full.push(p);
        }
        self.touch(p);
    }

    /// Has a receiver woken that got something.
    #[inline]
    pub(super) fn touch(&mut self, p: usize) {
        if !std::mem::replace(&mut self.ports[p].in_touched, true) {
            self.touched.push(p);
        }
    }

    /// Wakes the receivers that got something. After the clock is published and the fence.
    pub(super) fn wake_touched(&mut self) {
        for p in self.touched.drain(..) {
            if let Some(port) = self.ports.get_mut(p) {
                port.in_touched = false;
                fault::point();
                port.inlet.inbox().waiter().wake();
            }
        }
    }

    /// Whether there are any who may have to be woken.
    pub(super) fn has_to_wake(&self) -> bool {
        !self.touched.is_empty() || !self.eased.is_empty()
    }

    /// Has a sender woken out of whose lane something was taken.
    pub(super) fn ease(&mut self, l: usize) {
        if let Some(berth) = self.lanes.get_mut(l) {
            berth.ease(&mut self.eased);
        }
    }

    /// Wakes the senders that wait for space where there is some by now. After the fence.
    pub(super) fn wake_eased(&mut self) {
        for l in self.eased.drain(..) {
            if let Some(berth) = self.lanes.get_mut(l) {
                berth.in_eased = false;
                fault::point();
                berth.end.lane().wake_blocked();
            }
        }
    }

    /// Those that have been signed up as having something, by their slots.
    pub(super) fn take_signals(&mut self) -> Taken<Lane<T>> {
        self.core.ready_lanes().take()
    }

    /// Wakes a receiver that waits for a tick.
    pub(super) fn wake_parked(inbox: &Inbox<T>) {
        // In this order: a receiver that parks again meanwhile either signs up again or has left its waker
        // before this look at it.
        inbox.link().rearm();
        fault::point();
        inbox.waiter().wake();
    }
}

impl<T, Q> Drop for Hall<T, Q> {
    fn drop(&mut self) {
        // Also when a panic unwinds the driver: see the engine of the serializing dispatch.
        self.core.set_dead();
    }
}
