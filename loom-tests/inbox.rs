//! The inbox and the clock together: what an event says is true.
//!
//! No lane and no lock is in these models: they would order more than the crate does.

use clocked_lanes::models::{ClockWriter, Inbox, Inlet, Look, Outlet, clock, inbox};
use clocked_lanes::{Clock, Event, Seq};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use crate::explore;

fn at(n: u64) -> Clock {
    Clock {
        seq: Seq::from(n),
        dispatched: n,
    }
}

/// What has been returned so far, checked with each event: the odd numbers are this receiver's messages.
#[derive(Default)]
struct Checked {
    last: u64,
    messages: u64,
}

impl Checked {
    fn look(&mut self, outlet: &Outlet<u64>) {
        let Look::Event(event) = outlet.look() else {
            return;
        };
        let _ = outlet.commit();
        let n = event.seq().get();
        assert!(n > self.last, "events go back");
        self.last = n;
        if let Event::Message { seq, value } = event {
            assert_eq!(seq.get(), value);
            self.messages += 1;
        }
        assert_eq!(
            self.messages,
            n.div_ceil(2),
            "S4: not everything up to {n} was returned"
        );
    }
}

/// Gives out the numbers up to `last` in the engine's order: push, commit, publish.
fn dispatch(last: u64, mut inlet: Inlet<u64>, mut writer: ClockWriter) -> Inlet<u64> {
    for n in 1..=last {
        if n % 2 == 1 {
            inlet.push(n, n);
            inlet.commit();
        }
        writer.publish(at(n));
    }
    inlet
}

/// S4: whenever an event with number `n` is returned, every message up to `n` has been.
#[test]
fn s4_the_clock_never_lies() {
    explore::all("inbox: S4, the clock never lies", || {
        let (writer, cell) = clock(at(0));
        let (inlet, outlet) = inbox(2, &cell);
        let engine = thread::spawn(move || dispatch(3, inlet, writer));
        let mut checked = Checked::default();
        checked.look(&outlet);
        checked.look(&outlet);
        let _inlet = engine.join().unwrap();
        for _ in 0..4 {
            checked.look(&outlet);
        }
        assert_eq!((checked.last, checked.messages), (3, 2));
    });
}

/// S4 with messages that are put in and committed two at a time, and published once.
#[test]
fn s4_holds_for_batches() {
    explore::all("inbox: S4 holds for batches", || {
        let (mut writer, cell) = clock(at(0));
        let (mut inlet, outlet) = inbox(2, &cell);
        let engine = thread::spawn(move || {
            inlet.push(1, 1);
            inlet.push(3, 3);
            inlet.commit();
            writer.publish(at(4));
            inlet
        });
        let mut checked = Checked::default();
        checked.look(&outlet);
        checked.look(&outlet);
        let _inlet = engine.join().unwrap();
        for _ in 0..3 {
            checked.look(&outlet);
        }
        assert_eq!((checked.last, checked.messages), (4, 2));
    });
}

/// S5: a message is returned once its number is on the clock and not before, so that whoever hears of it finds
/// the clock there.
#[test]
fn s5_a_message_is_on_the_clock() {
    explore::all("inbox: S5, a message is on the clock", || {
        let (writer, cell) = clock(at(0));
        let (inlet, outlet) = inbox(1, &cell);
        let engine = thread::spawn(move || dispatch(1, inlet, writer));
        if let Look::Event(event) = outlet.look() {
            assert_eq!(cell.seq(), event.seq().get());
        }
        let _inlet = engine.join().unwrap();
        let _ = outlet.look();
        assert_eq!(outlet.inbox().observed(), Seq::from(1));
    });
}

/// S5: a receiver that is parked wakes for a message.
#[test]
fn s5_a_message_wakes() {
    explore::all("inbox: S5, a message wakes", || {
        let (mut writer, cell) = clock(at(0));
        let (mut inlet, outlet) = inbox(1, &cell);
        let receiver = thread::spawn(move || {
            assert!(matches!(outlet.wait(), Look::Event(Event::Message { .. })));
        });
        inlet.push(1, 1);
        inlet.commit();
        writer.publish(at(1));
        inlet.wake();
        // The inlet lives on, since its drop would be a wake-up as well.
        receiver.join().unwrap();
    });
}

/// S5: a receiver that waits for the clock, and gets no message, wakes when the clock is published.
#[test]
fn s5_a_tick_wakes() {
    explore::all("inbox: S5, a tick wakes", || {
        let (mut writer, cell) = clock(at(0));
        let (inlet, outlet) = inbox::<u64>(1, &cell);
        let receiver = thread::spawn(move || {
            assert_eq!(outlet.wait(), Look::Event(Event::Clock(Seq::from(1))));
            assert_eq!(outlet.inbox().observed(), Seq::from(1));
        });
        writer.publish(at(1));
        inlet.wake();
        receiver.join().unwrap();
    });
}

/// S9, S12: a receiver that is parked wakes when its inlet ends, and when it dies.
#[test]
fn s9_the_end_wakes() {
    explore::all("inbox: S9, the end wakes", || {
        let (_writer, cell) = clock(at(0));
        let (inlet, outlet) = inbox::<u64>(1, &cell);
        let ending = thread::spawn(move || inlet.end(0));
        assert_eq!(outlet.wait(), Look::End);
        ending.join().unwrap();
    });
    explore::all("inbox: S12, death wakes", || {
        let (_writer, cell) = clock(at(0));
        let (inlet, outlet) = inbox::<u64>(1, &cell);
        let dying = thread::spawn(move || drop(inlet));
        assert_eq!(outlet.wait(), Look::End);
        dying.join().unwrap();
    });
}

/// S9: the end comes after everything sent.
#[test]
fn s9_the_end_comes_last() {
    explore::all("inbox: S9, the end comes last", || {
        let (mut writer, cell) = clock(at(0));
        let (mut inlet, outlet) = inbox(2, &cell);
        let engine = thread::spawn(move || {
            inlet.push(1, 1);
            inlet.commit();
            writer.publish(at(1));
            inlet.end(1);
        });
        let mut checked = Checked::default();
        checked.look(&outlet);
        if outlet.look() == Look::End {
            assert_eq!(checked.messages, 1);
        }
        engine.join().unwrap();
    });
}

/// Who sees how far a receiver has observed sees what its thread did before; and so who sees that it has
/// left, or is closed.
#[test]
fn news_of_a_receiver_bring_what_it_did() {
    type Says = fn(&Outlet<u64>);
    type Heard = fn(&Inbox<u64>) -> bool;
    let news: [(Says, Heard); 3] = [
        (
            |outlet| assert_eq!(outlet.look(), Look::Event(Event::Clock(Seq::from(1)))),
            |inbox| inbox.observed() == Seq::from(1),
        ),
        (|outlet| outlet.inbox().leave(), Inbox::is_gone),
        (|outlet| outlet.inbox().close(), Inbox::is_closed),
    ];
    for (says, heard) in news {
        explore::all("inbox: news of a receiver bring what it did", move || {
            let (mut writer, cell) = clock(at(0));
            let (_inlet, outlet) = inbox::<u64>(1, &cell);
            let from_afar = outlet.inbox();
            let work = Arc::new(AtomicU64::new(0));
            let done = Arc::clone(&work);
            writer.publish(at(1));
            let receiver = thread::spawn(move || {
                done.store(1, Ordering::Relaxed);
                says(&outlet);
                outlet
            });
            if heard(&from_afar) {
                assert_eq!(work.load(Ordering::Relaxed), 1);
            }
            // Both ends live until here, since their going is of no interest.
            let _outlet = receiver.join().unwrap();
        });
    }
}
