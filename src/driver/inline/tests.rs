//! How much of the engine's work is done, and by whom: on an engine that does nothing but count.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::thread;

use super::{Awaited, Caller, Inline, Parked, Party, WeakCaller};
use crate::control::Control;
use crate::driver::Drive;
use crate::item::Item;
use crate::sync::{STEPS, channel};
use crate::telemetry::Telemetry;
use crate::wait_queue::Key;
use crate::{DisconnectReason, Dispatcher};

/// What there is to do, and what was done.
#[derive(Default)]
struct Works {
    left: AtomicUsize,
    steps: AtomicUsize,
    /// How often the engine says, as it is about to be left alone, that there is something to do after all.
    afterthoughts: AtomicUsize,
    /// In each step that has something to do, somebody else calls.
    is_called: AtomicBool,
    inline: std::sync::Mutex<Weak<Inline<()>>>,
}

impl Works {
    /// Gives it so much to do; returns after how many steps it then is.
    fn steps_of(&self, left: usize, work: impl FnOnce()) -> usize {
        self.left.store(left, Ordering::Relaxed);
        let before = self.steps.load(Ordering::Relaxed);
        work();
        self.steps.load(Ordering::Relaxed) - before
    }
}

struct Engine(Arc<Works>);

impl Drive<()> for Engine {
    fn step(&mut self) -> bool {
        let works = &self.0;
        works.steps.fetch_add(1, Ordering::Relaxed);
        let less = |left: usize| left.checked_sub(1);
        let worked = works
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok();
        let inline = works.inline.lock().unwrap().upgrade();
        if let Some(inline) = inline {
            assert!(!Caller::help(&*inline), "the baton is held");
            if worked && works.is_called.load(Ordering::Relaxed) {
                inline.call();
            }
        }
        worked
    }

    fn is_finished(&self) -> bool {
        false
    }

    fn settle(&mut self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let afterthoughts = &self.0.afterthoughts;
        let updated = afterthoughts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        updated.is_err()
    }

    fn prepare_to_block(&mut self, _: &mut Vec<usize>) -> bool {
        unreachable!("nobody blocks")
    }

    fn lanes(&self) -> usize {
        0
    }

    fn control(&self) -> &channel::Receiver<Control<()>> {
        unreachable!("nobody blocks")
    }

    fn queue(&self, _: usize) -> &channel::Receiver<Item<()>> {
        unreachable!("nobody blocks")
    }

    fn notice(&mut self, _: usize) -> bool {
        unreachable!("nobody blocks")
    }
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Somebody who has signed up.
struct Waits {
    inline: Arc<Inline<()>>,
    key: Key,
    woken: Arc<Woken>,
}

impl Waits {
    fn for_what(inline: &Arc<Inline<()>>, awaited: Awaited, party: Party) -> Self {
        let mut key = Key::default();
        let woken = Arc::new(Woken::default());
        inline.sign_up(awaited, party, &mut key, &Waker::from(Arc::clone(&woken)));
        let inline = Arc::clone(inline);
        Self { inline, key, woken }
    }

    fn was_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed) > 0
    }

    fn goes(mut self) {
        self.inline.sign_off(&mut self.key);
    }
}

fn inline() -> (Arc<Inline<()>>, Arc<Works>) {
    let works = Arc::new(Works::default());
    let engine = Box::new(Engine(Arc::clone(&works)));
    let inline = Arc::new(Inline::new(engine, Telemetry::new("a test", false)));
    *works.inline.lock().unwrap() = Arc::downgrade(&inline);
    (inline, works)
}

/// As long as nobody waits, who helps does one step.
#[test]
fn nobody_waits() {
    let (inline, works) = inline();
    assert_eq!(works.steps_of(5, || assert!(inline.help(None))), 1);
    assert_eq!(works.steps_of(5, || assert!(Caller::help(&*inline))), 1);
    assert_eq!(works.steps_of(5, || inline.call()), 1);
    assert_eq!(works.steps_of(5, || inline.call_if_parked()), 0);
}

/// If somebody waits for anything, all is done that can be: until a step did nothing and the engine can be left alone.
#[test]
fn somebody_waits_for_anything() {
    for party in [Party::Thread, Party::Task] {
        let (inline, works) = inline();
        let mut waits = None;
        let sign_up = || waits = Some(Waits::for_what(&inline, Awaited::Anything, party));
        assert_eq!(works.steps_of(3, sign_up), 4);
        assert_eq!(works.steps_of(3, || assert!(inline.help(None))), 4);
        assert_eq!(works.steps_of(3, || inline.call_if_parked()), 4);
        works.afterthoughts.store(2, Ordering::Relaxed);
        assert_eq!(works.steps_of(1, || inline.call()), 4);
        let waits = waits.unwrap();
        assert!(!waits.was_woken(), "nothing is left for it to do");
        assert_eq!(works.steps_of(3, || waits.goes()), 0, "nothing was owed");
        assert_eq!(works.steps_of(3, || inline.call()), 1, "nobody waits");
    }
}

/// Who waits for something to be told is of concern to those who tell, and not to those who help in passing.
#[test]
fn somebody_waits_to_be_told() {
    for party in [Party::Thread, Party::Task] {
        let (inline, works) = inline();
        let waits = Waits::for_what(&inline, Awaited::Told, party);
        assert_eq!(works.steps_of(3, || assert!(inline.help(None))), 1);
        assert_eq!(works.steps_of(3, || inline.call_if_parked()), 0);
        assert_eq!(works.steps_of(3, || inline.call()), 4);
        waits.goes();
    }
}

/// What a holder of the baton does for others has an end. The rest is for an heir: a thread if there is one, and one
/// that waits for anything rather than one that waits to be told.
#[test]
fn the_rest_is_owed() {
    use {Awaited::*, Party::*};
    let (inline, works) = inline();
    let wait = |awaited, party| Waits::for_what(&inline, awaited, party);
    let task = wait(Anything, Task);
    let told = wait(Told, Thread);
    assert_eq!(works.steps_of(100, || inline.call()), STEPS);
    assert!(told.was_woken() && !task.was_woken());
    let take_over = || assert!(inline.help(None));
    assert_eq!(works.steps_of(2, take_over), 3);

    let (told_too, anything) = (wait(Told, Thread), wait(Anything, Thread));
    assert_eq!(works.steps_of(100, || inline.call()), STEPS);
    assert!(anything.was_woken() && !told_too.was_woken() && !task.was_woken());

    // The heir does not wait any more. So it does what is owed as it goes, and leaves the rest to the next one.
    assert_eq!(works.steps_of(100, || anything.goes()), STEPS);
    assert!(told_too.was_woken() && !task.was_woken());
    assert_eq!(works.steps_of(100, || told_too.goes()), STEPS);
    assert!(task.was_woken(), "there are only tasks");
    assert_eq!(works.steps_of(2, || task.goes()), 1, "nobody is left");
    assert_eq!(works.steps_of(2, || told.goes()), 0, "nothing is owed");
}

/// What is owed is done by who comes by also if whoever waits does so to be told.
#[test]
fn what_is_owed_was_asked_for() {
    let (inline, works) = inline();
    let wait = || Waits::for_what(&inline, Awaited::Told, Party::Thread);
    let (heir, other) = (wait(), wait());
    assert_eq!(works.steps_of(100, || inline.call()), STEPS);
    assert!(heir.was_woken() && !other.was_woken());
    assert_eq!(works.steps_of(2, || assert!(inline.help(None))), 3);
    assert_eq!(works.steps_of(2, || assert!(inline.help(None))), 1);
    heir.goes();
    other.goes();
}

/// Who calls while somebody else is at it has its call seen to by that one, as often as it comes.
#[test]
fn calls_are_seen_to_by_the_holder() {
    let (inline, works) = inline();
    works.is_called.store(true, Ordering::Relaxed);
    let many = 3 * STEPS;
    assert_eq!(
        works.steps_of(many, || assert!(inline.help(None))),
        many + 1
    );
    assert_eq!(works.steps_of(1, || inline.call()), 2);
}

/// Whoever has parked is there until it goes; and without a caller there is nothing to be done.
#[test]
fn parked_is_signed_up_until_dropped() {
    let (inline, works) = inline();
    let caller: Weak<dyn Caller> = Arc::downgrade(&inline) as Weak<dyn Caller>;
    let caller: WeakCaller = Some(caller);
    let waker = Waker::from(Arc::new(Woken::default()));
    let mut parked = Parked::new(&caller, Awaited::Anything, Party::Thread);
    assert_eq!(works.steps_of(3, || parked.sign_up(&waker)), 4);
    assert_eq!(works.steps_of(3, || inline.call_if_parked()), 4);
    drop(parked);
    assert_eq!(works.steps_of(3, || inline.call_if_parked()), 0);

    drop(inline);
    Parked::new(&caller, Awaited::Anything, Party::Thread).sign_up(&waker);
    Parked::new(&None, Awaited::Anything, Party::Thread).sign_up(&waker);
}

/// S12: whoever runs an engine with a fault has an error, as everybody else, and goes on.
#[test]
fn a_dead_engine_is_an_error() {
    let dispatcher = Dispatcher::builder().inline().build().unwrap();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    let (full, _stays) = dispatcher.channel("b").unwrap();
    while full.try_send(0).is_ok() {}
    tx.send(1).unwrap();
    assert_eq!(rx.recv_message().unwrap().1, 1);
    let _rx = thread::scope(|scope| {
        // Given back, so that it does not leave.
        let waiting = scope.spawn(move || (rx.recv_message().is_err(), rx));
        let blocked = scope.spawn(|| full.send(1).is_err());
        dispatcher.kill_engine();
        let (is_error, rx) = waiting.join().unwrap();
        assert!(is_error && blocked.join().unwrap());
        rx
    });
    assert_eq!(tx.send(2).unwrap_err().into_inner(), 2);
    assert_eq!(
        tx.disconnect_reason(),
        Some(DisconnectReason::DispatcherDied)
    );
    assert!(dispatcher.channel("c").is_err());
}
