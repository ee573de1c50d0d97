//! What an order is judged by.

mod dense;
mod frontier;

use clocked_lanes::{DisconnectReason, Rejected};

use super::members::Members;
use crate::value::Value;

/// What an order allows.
pub(super) trait Contract {
    /// Whether forwarding a number promises that nothing up to it follows.
    const RAISES: bool;

    fn order(&self) -> clocked_lanes::Order;

    /// A source may start here; `clocks` are those of the receivers that are there.
    fn check_start(
        &self,
        members: &Members,
        target: Option<usize>,
        start: u64,
        clocks: &[Option<u64>],
    );

    /// A receiver may start here.
    fn check_receiver_start(&self, members: &Members, start: u64, clock: u64);

    /// A message may arrive. Returns up to which number nothing more comes.
    fn received(&mut self, members: &Members, r: usize, l: usize, seq: u64, id: u16) -> u64;

    /// A receiver may be told that all up to `now` is over.
    fn check_clock(&self, members: &Members, r: usize, now: u64);

    fn rejected(&mut self, members: &Members, l: usize, rejected: &Rejected<Value>);

    fn check_end(&self, members: &Members, r: usize, reason: Option<DisconnectReason>);

    /// The engine sleeps, and no receiver is full.
    fn check_calm(
        &self,
        members: &Members,
        lane_capacity: usize,
        in_ring: &[Option<usize>],
        clocks: &[Option<u64>],
    );

    /// It has ended, as `number` is missing.
    fn gave_up(&mut self, _members: &Members, number: u64, _clock: u64) {
        panic!("{number} is missing");
    }

    /// Everything has been received, and the rejects have been taken.
    fn check_lost(&self, members: &Members);

    /// How far numbers may have got, whoever leaves now.
    fn floor(&self, members: &Members) -> u64 {
        members.floor
    }

    /// Whether it has.
    fn is_over(&self) -> bool;
}
