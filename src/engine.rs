//! The engine: moves messages from lanes to inboxes and numbers them.
//!
//! Plain single-threaded state. It starts no thread, waits for nothing and has no atomics of its own;
//! [`step`](crate::driver::Drive::step) does what can be done and says whether that was anything. A driver calls it, and
//! blocks where the engine says that nothing can be done ([`Drive`](crate::driver::Drive)).
//!
//! A message is taken out of a lane only when there is space for it, so the engine never holds one
//! that it cannot deliver: what is in flight is in a lane or in an inbox.

mod blocking;
mod broadcasts;
mod joins;
mod port;
#[cfg(all(test, not(loom)))]
mod tests;

use std::collections::VecDeque;

use slab::Slab;

use crate::clock_cell::ClockWriter;
use crate::control::Control;
use crate::core::Core;
use crate::fault;
use crate::lane::LaneEnd;
use crate::parcel::Parcel;
use crate::signal_list::Linked;
use crate::sync::{Arc, channel};
use crate::ticket::Numbered;
use crate::waiter::fence_after_publishing;
use crate::{Clock, Seq};
use port::Port;

/// How many messages a lane delivers before it is the next lane's turn.
const LANE_TURN: usize = 256;
/// After how many messages a step ends, so that the clock is published and receivers are woken.
const STEP_TURN: usize = 256;
/// How many of the receivers that were full are looked at in a step, so that many of them do not slow
/// down the others.
const POLLS: usize = 8;

/// The engine's side of a lane.
struct Berth<T> {
    end: LaneEnd<T>,
    /// Whose lane it is; `None` for a broadcaster's.
    port: Option<usize>,
    /// How many broadcasters had joined when this one did, itself included.
    birth: u64,
    /// The handle has left: when the lane is empty, it is done.
    left: bool,
    /// The lane is in the queue of ready lanes of its port, or of broadcasts.
    in_ready: bool,
}

/// The engine of a serializing dispatch.
pub(crate) struct Engine<T> {
    core: Arc<Core<T>>,
    control: channel::Receiver<Control<T>>,
    clock: ClockWriter,
    /// The last number given out.
    seq: u64,
    /// How many numbers were given out.
    dispatched: u64,
    /// The number that the clock shows.
    published: u64,
    ports: Slab<Port<T>>,
    lanes: Slab<Berth<T>>,
    /// How many broadcasters ever joined.
    births: u64,
    /// Lanes of broadcasters.
    broadcast_lanes: Vec<usize>,
    /// Those of them that have something to deliver, the next in turn first.
    ready_broadcasts: VecDeque<usize>,
    /// Whom the broadcast at hand is for. Kept for its memory.
    targets: Vec<usize>,
    /// The port that could not take the last broadcast that did not fit.
    unfit: Option<usize>,
    /// Ports with ready lanes, the next in turn first.
    runnable: VecDeque<usize>,
    /// Ports with ready lanes that had no space when last looked at.
    blocked: VecDeque<usize>,
    /// Ports that were full after a delivery, and may still be.
    full: Vec<usize>,
    /// Ports that got messages since the clock was published.
    touched: Vec<usize>,
    /// Lanes that something was taken out of since then.
    eased: Vec<usize>,
    /// Ports whose sources have gone, and which wait for the rest of their messages.
    sealed: Vec<usize>,
    /// Batches whose numbers are not on the clock yet, and whose senders wait for them.
    numbered: Vec<Numbered<T>>,
    /// A sealed port may have got all its messages.
    check_sealed: bool,
    /// Every handle is gone.
    finished: bool,
}

impl<T> Engine<T> {
    pub(crate) fn new(
        core: Arc<Core<T>>,
        control: channel::Receiver<Control<T>>,
        clock: ClockWriter,
        start: Seq,
    ) -> Self {
        Self {
            core,
            control,
            clock,
            seq: start.get(),
            dispatched: 0,
            published: start.get(),
            ports: Slab::new(),
            lanes: Slab::new(),
            births: 0,
            broadcast_lanes: Vec::new(),
            ready_broadcasts: VecDeque::new(),
            targets: Vec::new(),
            unfit: None,
            runnable: VecDeque::new(),
            blocked: VecDeque::new(),
            full: Vec::new(),
            touched: Vec::new(),
            eased: Vec::new(),
            sealed: Vec::new(),
            numbered: Vec::new(),
            check_sealed: false,
            finished: false,
        }
    }

    /// Does what can be done at once. Returns whether that was anything.
    ///
    /// If there is something for the receiver `first`, then of the messages for one receiver only those for that one.
    /// Who asks for it uses them next, and has them in its cache.
    fn work(&mut self, first: Option<usize>) -> bool {
        let mut worked = self.take_signals();
        fault::point();
        worked |= self.serve_broadcasts();
        fault::point();
        if first.is_some_and(|p| self.serve_first(p)) {
            worked = true;
        } else {
            self.poll_blocked();
            worked |= self.serve_ports();
        }
        fault::point();
        self.publish();
        fault::point();
        worked |= self.end_sealed();
        worked
    }

    /// Delivers what there is for a receiver. Returns whether there was anything.
    fn serve_first(&mut self, p: usize) -> bool {
        let Some(place) = self.runnable.iter().position(|&other| other == p) else {
            return false;
        };
        self.runnable.remove(place);
        self.serve_port(p) > 0
    }

    fn take_signals(&mut self) -> bool {
        let signalled = self.core.ready_lanes().take();
        // A lane was told of before anything was sent on it, so after this every lane taken is known.
        let mut worked = self.drain_control();
        for lane in signalled {
            worked = true;
            // Without a slot it has been given up, and its signal is late.
            if let Some(l) = lane.slot().get() {
                self.make_ready(l);
            }
        }
        worked
    }

    /// Enters a lane, whose flag is claimed, into the queue where it belongs.
    fn make_ready(&mut self, l: usize) {
        let berth = &mut self.lanes[l];
        if std::mem::replace(&mut berth.in_ready, true) {
            return;
        }
        match berth.port {
            None => self.ready_broadcasts.push_back(l),
            Some(p) => {
                self.ports[p].ready.push_back(l);
                self.make_runnable(p);
            }
        }
    }

    fn make_runnable(&mut self, p: usize) {
        let port = &mut self.ports[p];
        if !std::mem::replace(&mut port.in_runnable, true) {
            self.runnable.push_back(p);
        }
    }

    /// Makes room for those in the queue of blocked ports that have space by now.
    fn poll_blocked(&mut self) {
        for _ in 0..self.blocked.len().min(POLLS) {
            let Some(p) = self.blocked.pop_front() else {
                return;
            };
            let port = &mut self.ports[p];
            port.in_blocked = false;
            if port.in_runnable || !port.has_work() {
                // It was found to have space in another way.
            } else if port.room() > 0 {
                self.make_runnable(p);
            } else {
                port.in_blocked = true;
                self.blocked.push_back(p);
            }
        }
    }

    /// Delivers messages that have one receiver.
    fn serve_ports(&mut self) -> bool {
        let mut moved = 0;
        for _ in 0..self.runnable.len() {
            if moved >= STEP_TURN {
                break;
            }
            let Some(p) = self.runnable.pop_front() else {
                break;
            };
            moved += self.serve_port(p);
        }
        moved > 0
    }

    fn serve_port(&mut self, p: usize) -> usize {
        let port = &mut self.ports[p];
        port.in_runnable = false;
        if port.has_rest() {
            let count = port.deliver_rest();
            if count > 0 {
                self.check_sealed |= port.sealed.is_some() && !port.has_rest();
                self.delivered(p);
            }
            self.queue_port(p);
            return count;
        }
        let room = port.room();
        let mut moved = 0;
        for _ in 0..port.ready.len() {
            let turn = LANE_TURN.min(room.saturating_sub(moved));
            if turn == 0 {
                break;
            }
            let Some(l) = port.ready.pop_front() else {
                break;
            };
            let berth = &mut self.lanes[l];
            let before = moved;
            let mut known = 0;
            while moved < before + turn {
                let Some(item) = berth.end.pop_known(&mut known) else {
                    break;
                };
                fault::point();
                let before = self.seq;
                // Cannot overflow: the sender has reserved the numbers.
                if let Parcel::Own(_) = item.parcel {
                    self.seq += 1;
                    port.deliver(self.seq, item.parcel);
                } else if let Ok(bundle) = item.parcel.into_bundle() {
                    let (parcels, ticket) = bundle.number(before + 1);
                    self.seq += parcels.len() as u64;
                    self.numbered.extend(ticket);
                    port.deliver_batch(before, parcels);
                } else {
                    unreachable!("a sender sends values, alone or in batches");
                }
                moved += (self.seq - before) as usize;
            }
            if moved > before {
                self.eased.push(l);
            }
            if moved >= before + turn || !berth.end.rest() {
                port.ready.push_back(l);
            } else {
                berth.in_ready = false;
                if berth.left {
                    self.lanes.remove(l);
                    port.lanes.retain(|&lane| lane != l);
                    self.check_sealed |= port.sealed.is_some();
                }
            }
        }
        if moved > 0 {
            self.dispatched += moved as u64;
            port.owes_unicast = false;
            self.delivered(p);
        }
        self.queue_port(p);
        moved
    }

    /// Enters a port with ready lanes into the queue where it belongs.
    fn queue_port(&mut self, p: usize) {
        let port = &mut self.ports[p];
        if !port.has_work() {
            return;
        }
        if port.room() > 0 {
            self.make_runnable(p);
        } else if !std::mem::replace(&mut port.in_blocked, true) {
            self.blocked.push_back(p);
        }
    }

    /// Shows a receiver what it got, and notes what that means.
    fn delivered(&mut self, p: usize) {
        fault::point();
        let port = &mut self.ports[p];
        port.inlet.commit();
        if !std::mem::replace(&mut port.in_touched, true) {
            self.touched.push(p);
        }
        if port.inlet.is_full() && !std::mem::replace(&mut port.in_full, true) {
            self.full.push(p);
        }
    }

    /// Shows the clock, and wakes whom that concerns.
    fn publish(&mut self) {
        let has_moved = self.seq != self.published;
        if has_moved {
            self.published = self.seq;
            // Messages are committed by now, or the clock is held for their receiver: who reads this clock finds
            // them, or that.
            self.clock.publish(Clock {
                seq: Seq::from(self.seq),
                dispatched: self.dispatched,
            });
        } else if self.touched.is_empty() {
            return;
        }
        fault::point();
        fence_after_publishing();
        self.numbered.clear();
        for l in self.eased.drain(..) {
            if let Some(berth) = self.lanes.get(l) {
                fault::point();
                berth.end.lane().wake_blocked();
            }
        }
        for p in self.touched.drain(..) {
            if let Some(port) = self.ports.get_mut(p) {
                port.in_touched = false;
                fault::point();
                port.inlet.inbox().waiter().wake();
            }
        }
        for inbox in self.core.parked().take() {
            // In this order: a receiver that parks again meanwhile either signs up again or has left its
            // waker before this look at it.
            inbox.link().rearm();
            fault::point();
            inbox.waiter().wake();
        }
    }
}

/// Numbers what came out of a lane, and hands each message on.
#[inline]
fn number<T>(
    parcel: Parcel<T>,
    seq: &mut u64,
    numbered: &mut Vec<Numbered<T>>,
    mut deliver: impl FnMut(u64, Parcel<T>),
) {
    // Cannot overflow: the sender has reserved the numbers.
    match parcel.into_bundle() {
        Ok(bundle) => {
            let (parcels, ticket) = bundle.number(*seq + 1);
            for parcel in parcels {
                *seq += 1;
                deliver(*seq, parcel);
            }
            numbered.extend(ticket);
        }
        Err(parcel) => {
            *seq += 1;
            deliver(*seq, parcel);
        }
    }
}

impl<T> Drop for Engine<T> {
    fn drop(&mut self) {
        // Also when a panic unwinds the driver. The lane ends and inlets, as they are dropped, tell
        // everybody who is blocked or comes later; what they find is that the engine is gone.
        self.core.set_dead();
    }
}
