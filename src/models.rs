//! The primitives, for the models in `loom-tests/`.
//!
//! Thin coats: every method is the primitive's of the same name. Nothing of this is in a build
//! without `--cfg loom`.

#![expect(
    missing_debug_implementations,
    clippy::new_without_default,
    clippy::len_without_is_empty,
    reason = "these are for models and not for users"
)]

use crate::sync::{Arc, coin, thread};
use crate::{
    Clock, Event, Order, Progress, Seq, clock_cell, driver, frontier, gate, inbox, item::Item,
    lane, parcel::Parcel, ring, roster, signal_list, waiter,
};

/// The stand-in for the lanes' channel.
pub mod channel {
    pub use crate::sync::channel::{
        Receiver, Select, SendError, Sender, TryRecvError, TrySendError, bounded, unbounded,
    };
}

/// Runs a model in which the stand-in's `Select` may give `n` answers that are not the obvious ones.
pub fn with_coins(n: usize, model: impl FnOnce() + 'static) {
    coin::with_coins(n, model);
}

/// The clock cell.
pub struct ClockWriter(clock_cell::ClockWriter);
#[derive(Clone)]
pub struct ClockCell(Arc<clock_cell::ClockCell>);

pub fn clock(start: Clock) -> (ClockWriter, ClockCell) {
    let (writer, cell) = clock_cell::clock(start);
    (ClockWriter(writer), ClockCell(cell))
}

impl ClockWriter {
    pub fn publish(&mut self, now: Clock) {
        self.0.publish(now);
    }
}

impl ClockCell {
    pub fn read(&self) -> Clock {
        self.0.read()
    }

    pub fn try_read(&self) -> Option<Clock> {
        self.0.try_read()
    }

    pub fn seq(&self) -> u64 {
        self.0.seq()
    }
}

/// The ring.
pub struct Producer<V>(ring::Producer<V>);
pub struct Consumer<V>(ring::Consumer<V>);

pub fn ring<V>(slots: usize) -> (Producer<V>, Consumer<V>) {
    let (producer, consumer) = ring::ring(slots);
    (Producer(producer), Consumer(consumer))
}

impl<V> Producer<V> {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn refresh(&mut self) {
        self.0.refresh();
    }

    pub fn ask_for_space(&mut self) {
        self.0.ask_for_space();
    }

    pub fn push(&mut self, value: V) {
        self.0.push(value);
    }

    pub fn commit(&mut self) {
        self.0.commit();
    }
}

impl<V> Consumer<V> {
    pub fn pop(&self) -> Option<V> {
        self.0.pop()
    }

    pub fn commit(&self) -> bool {
        self.0.commit()
    }
}

/// The inbox.
pub struct Inlet<T>(inbox::Inlet<T>);
pub struct Outlet<T>(inbox::Outlet<T>);
pub struct Inbox<T>(Arc<inbox::Inbox<T>>);

#[derive(Debug, PartialEq, Eq)]
pub enum Look<T> {
    Event(Event<T>),
    Nothing,
    End,
}

pub fn inbox<T>(capacity: usize, clock: &ClockCell) -> (Inlet<T>, Outlet<T>) {
    let (inlet, outlet) = inbox::inbox(
        "model".to_owned(),
        capacity,
        Arc::clone(&clock.0),
        inbox::Says::UpToItsNumber,
    );
    (Inlet(inlet), Outlet(outlet))
}

impl<T> Inlet<T> {
    pub fn push(&mut self, seq: u64, value: T) {
        let parcel = Parcel::own(value);
        self.0.push(Item { seq, parcel });
    }

    pub fn commit(&mut self) {
        self.0.commit();
    }

    pub fn end(self, seq: u64) {
        self.0.end(seq);
    }

    pub fn give_up(self, seq: u64) {
        self.0.give_up(seq);
    }

    pub fn hold_clock(&self, seq: u64) {
        self.0.hold_clock(seq);
    }

    /// Wakes the receiver, as the engine does after it has published the clock.
    pub fn wake(&self) {
        waiter::fence_after_publishing();
        self.0.inbox().waiter().wake();
    }
}

impl<T> Outlet<T> {
    pub fn progress(&self) -> Progress {
        Progress::new(Arc::clone(self.0.inbox().observed()), None)
    }

    pub fn leave(&self) {
        self.0.leave();
    }

    pub fn look(&self) -> Look<T> {
        let found = match self.0.pop() {
            Some(message) => inbox::Look::Event(message),
            None => self.0.look_at_clock(),
        };
        match found {
            inbox::Look::Event(event) => Look::Event(event),
            inbox::Look::Nothing => Look::Nothing,
            inbox::Look::End => Look::End,
        }
    }

    pub fn commit(&self) -> bool {
        self.0.commit()
    }

    pub fn inbox(&self) -> Inbox<T> {
        Inbox(Arc::clone(self.0.inbox()))
    }

    /// Waits as a receiver does, but for the signing up for ticks.
    pub fn wait(&self) -> Look<T> {
        let waker = waiter::this_thread();
        loop {
            self.0.inbox().waiter().register(&waker);
            waiter::fence_after_registering();
            match self.look() {
                Look::Nothing => crate::sync::thread::park_until(None),
                look => {
                    self.0.inbox().waiter().clear();
                    return look;
                }
            }
        }
    }
}

impl<T> Inbox<T> {
    pub fn observed(&self) -> Seq {
        Seq::from(self.0.observed().seq())
    }

    pub fn leave(&self) {
        self.0.leave();
    }

    pub fn is_gone(&self) -> bool {
        self.0.is_gone()
    }

    pub fn close(&self) {
        self.0.close();
    }

    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

/// The waiter.
pub struct Waiter(waiter::Waiter);

impl Waiter {
    pub fn new() -> Self {
        Self(waiter::Waiter::new())
    }

    /// Registers this thread, and parks until `is_there` says so.
    pub fn wait_until(&self, is_there: impl Fn() -> bool) {
        let waker = waiter::this_thread();
        loop {
            self.0.register(&waker);
            waiter::fence_after_registering();
            if is_there() {
                self.0.clear();
                return;
            }
            crate::sync::thread::park_until(None);
        }
    }

    pub fn register(&self) {
        self.0.register(&waiter::this_thread());
    }

    pub fn register_waker(&self, waker: std::task::Waker) {
        self.0.register(&std::sync::Arc::new(waker));
    }

    pub fn wake(&self) {
        waiter::fence_after_publishing();
        self.0.wake();
    }
}

/// The signal list, of nodes that count what they stand for.
pub struct SignalList(signal_list::SignalList<Node>);

pub struct Node {
    link: signal_list::Link<Node>,
    pub work: crate::sync::atomic::AtomicUsize,
}

impl signal_list::Linked for Node {
    fn link(&self) -> &signal_list::Link<Self> {
        &self.link
    }
}

impl Node {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            link: signal_list::Link::new(),
            work: crate::sync::atomic::AtomicUsize::new(0),
        })
    }

    pub fn claim(&self) -> bool {
        self.link.claim()
    }

    pub fn rearm(&self) {
        self.link.rearm();
    }
}

impl SignalList {
    pub fn new() -> Self {
        Self(signal_list::SignalList::new())
    }

    pub fn signal(&self, node: &Arc<Node>) {
        self.0.signal(node);
    }

    pub fn take(&self) -> Vec<Arc<Node>> {
        self.0.take().collect()
    }
}

/// The baton of a dispatch without a thread.
pub struct Baton<E>(driver::Baton<E>);

impl<E> Baton<E> {
    pub fn new(engine: E) -> Self {
        Self(driver::Baton::new(engine))
    }

    /// Works, if nobody else does, until there is no note. Returns whether it has.
    pub fn help(&self, work: impl FnMut(&mut E)) -> bool {
        self.0.try_take().is_some_and(|held| Self::run(held, work))
    }

    /// Works, or leaves a note for who does. Returns whether it has worked.
    pub fn call(&self, work: impl FnMut(&mut E)) -> bool {
        let held = self.0.take_or_call();
        held.is_some_and(|held| Self::run(held, work))
    }

    /// Works once, if nobody else does, and leaves the rest to others.
    pub fn help_and_owe(&self, work: impl FnMut(&mut E)) {
        if let Some(mut held) = self.0.try_take() {
            held.with(work);
            held.owe();
        }
    }

    pub fn is_owed(&self) -> bool {
        self.0.is_owed()
    }

    fn run(mut held: driver::Held<'_, E>, mut work: impl FnMut(&mut E)) -> bool {
        loop {
            held.with(&mut work);
            match held.put_down() {
                Ok(()) => return true,
                Err(still) => held = still,
            }
        }
    }
}

/// The roster.
pub struct Roster(roster::Roster<()>);

/// What is entered for a receiver, whose ends have gone.
#[derive(Clone)]
pub struct Entry {
    inbox: Arc<inbox::Inbox<()>>,
    lane: Arc<lane::Lane<()>>,
}

pub struct Members<'a>(&'a roster::Members<()>);

impl Entry {
    pub fn new(name: &str, lane_id: u64) -> Self {
        let (_, clock) = clock_cell::clock(Clock::default());
        let (_, outlet) = inbox::inbox(name.to_owned(), 1, clock, inbox::Says::UpToItsNumber);
        let inbox = Arc::clone(outlet.inbox());
        let (lane, _) = lane::lane(lane_id, 1, Some(Arc::clone(&inbox)), 0);
        Self { inbox, lane }
    }

    /// How many hold the inbox.
    pub fn holders(&self) -> usize {
        Arc::strong_count(&self.inbox)
    }
}

impl Roster {
    pub fn new() -> Self {
        Self(roster::Roster::new())
    }

    pub fn read<R>(&self, look: impl FnOnce(&Members<'_>) -> R) -> R {
        self.0.read(|members| look(&Members(members)))
    }

    pub fn add_receiver(&self, entry: &Entry) -> bool {
        self.0.add_receiver(&entry.inbox, &entry.lane)
    }

    pub fn remove_receiver(&self, entry: &Entry) {
        self.0.remove_receiver(&entry.inbox);
    }
}

impl Members<'_> {
    pub fn has(&self, entry: &Entry) -> bool {
        self.0
            .receiver(entry.inbox.name())
            .is_some_and(|inbox| Arc::ptr_eq(inbox, &entry.inbox))
    }

    pub fn receivers(&self) -> usize {
        self.0.receivers().count()
    }

    pub fn lanes(&self) -> usize {
        self.0.lanes().count()
    }

    /// What the receivers have observed.
    pub fn observed(&self) -> Vec<u64> {
        self.0
            .receivers()
            .map(|inbox| inbox.observed().seq())
            .collect()
    }
}

/// The gate of a forwarding dispatch.
pub struct Gate(gate::Gate);

impl Gate {
    pub fn new(order: Order) -> Self {
        Self(gate::Gate::new(order, 0))
    }

    pub fn announce_for_sources(&self, limit: u64) {
        self.0.announce_for_sources(limit);
    }

    pub fn limit_for_sources(&self) -> u64 {
        self.0.limit_for_source::<()>(None)
    }
}

pub fn fence_at_gate() {
    gate::fence_at_gate();
}

/// The frontier of a source.
pub struct Frontier(frontier::Frontier);

impl Frontier {
    pub fn new() -> Self {
        Self(frontier::Frontier::new(0))
    }

    pub fn get(&self) -> u64 {
        self.0.get()
    }

    pub fn raise(&self, number: u64) {
        self.0.raise(number);
    }
}

/// A lane, whose sender waits until it is closed.
pub struct Lane(Arc<lane::Lane<()>>);
/// The engine's end of it, which is closed by being dropped.
pub struct LaneEnd(#[expect(dead_code, reason = "it is there to be dropped")] lane::LaneEnd<()>);

pub fn lane() -> (Lane, LaneEnd) {
    let (lane, end) = lane::lane(0, 1, None, 0);
    (Lane(lane), LaneEnd(end))
}

impl Lane {
    pub fn wait_closed(&self) {
        let waker = waiter::this_thread();
        let mut place = self.0.blocked_place();
        loop {
            place.queue_up(lane::FOR_END, &waker);
            if self.0.is_closed() {
                return;
            }
            thread::park_until(None);
        }
    }
}
