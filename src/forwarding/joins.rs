//! Who comes and goes, as the engines of both orders are told of it.

use crate::clock_cell::ClockWriter;
use crate::control::{Control, Newcomer};
use crate::fault;
use crate::inbox::Inlet;
use crate::lane::{Lane, LaneEnd};
use crate::sync::Arc;

use super::engine::Engine;

/// What an engine does when somebody comes or goes.
pub(crate) trait Joins: Engine {
    /// Somebody is about to join.
    fn joining(&mut self, newcomer: Newcomer<Self::Value>);

    /// A receiver joins, with its first sender. `clock` is the receiver's own, if it has one.
    fn join_receiver(
        &mut self,
        inlet: Inlet<Self::Value>,
        lane: LaneEnd<Self::Value>,
        clock: Option<ClockWriter>,
    );

    /// A sender or a broadcaster joins.
    fn join_lane(&mut self, end: LaneEnd<Self::Value>);

    /// Something was put into a lane just as it was closed.
    fn leftover(&mut self, end: LaneEnd<Self::Value>);

    /// A receiver closes: takes what is in its lanes and gives them up. Whoever is blocked on one of them gets the
    /// value back.
    fn closing(&mut self, p: usize);

    /// A receiver has left: gives up its port with what waits for it.
    fn receiver_left(&mut self, p: usize);

    /// Whether a port that no source leads to any more has got all that was sent to it.
    fn has_all(&self, p: usize) -> bool;

    /// Gives up a port that has got all.
    fn end_port(&mut self, p: usize);

    /// Finds out who has signed up as having something. Returns whether there was anything.
    fn take_signals(&mut self) -> bool {
        let signalled = self.hall_mut().take_signals();
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

    /// Handles what handles have told. Returns whether there was anything.
    fn drain_control(&mut self) -> bool {
        let mut worked = false;
        // Mostly there is nothing, and to find that out by taking something costs a fence.
        while !self.hall().control.is_empty() {
            worked |= self.hear();
        }
        worked
    }

    /// Handles the next thing that a handle has told, or finds out that all handles are gone. Returns whether there
    /// was anything told.
    fn hear(&mut self) -> bool {
        let told = self.hall_mut().told();
        let worked = told.is_some();
        if let Some(control) = told {
            fault::point();
            self.handle(control);
        }
        worked
    }

    fn handle(&mut self, control: Control<Self::Value>) {
        match control {
            Control::Joining(newcomer) => self.joining(newcomer),
            Control::Channel { inlet, lane, clock } => self.join_receiver(inlet, lane, clock),
            Control::Lane(end) => self.join_lane(end),
            Control::Leftover(end) => self.leftover(end),
            Control::LaneLeft(lane) => self.lane_left(&lane),
            Control::Orphaned(inbox) => self.hall_mut().seal(&inbox),
            Control::Closing(inbox) => {
                if let Some(p) = inbox.slot().get() {
                    self.closing(p);
                    self.hall_mut().seal_closed(p);
                }
            }
            Control::ReceiverLeft(inbox) => {
                if let Some(p) = inbox.slot().get() {
                    self.receiver_left(p);
                }
            }
            Control::Space(inbox) => {
                if let Some(p) = inbox.slot().get() {
                    self.hall_mut().make_runnable(p);
                }
            }
            // The lane is on the list of ready ones.
            Control::Advanced => {}
            #[cfg(all(test, not(loom)))]
            Control::Die => panic!("the engine dies, on purpose"),
        }
    }

    fn lane_left(&mut self, lane: &Arc<Lane<Self::Value>>) {
        let Some(l) = lane.slot().get() else {
            return;
        };
        self.hall_mut().lanes[l].left = true;
        // It is done when it is next found empty, so it has to be looked at.
        self.look_at(l);
    }

    /// Ends the inboxes that have got all that was sent to them. Returns whether there were any.
    fn end_sealed(&mut self) -> bool {
        if !std::mem::take(&mut self.hall_mut().check_sealed) {
            return false;
        }
        let sealed = self.hall().sealed.iter().copied();
        let ended: Vec<usize> = sealed.filter(|&p| self.has_all(p)).collect();
        for &p in &ended {
            self.end_port(p);
        }
        !ended.is_empty()
    }
}

/// Counts one out who has joined, and has told before that it was about to: it found out where to start after that.
pub(super) fn told_before(joining: &mut usize) {
    *joining = (joining.checked_sub(1)).expect("who joins has told before that it was about to");
}
