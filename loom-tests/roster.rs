//! The roster, read while it changes.
//!
//! With `--cfg crossbeam_loom` as well, loom sees into the epochs, and these models are of every step of a
//! change; without, a change is nearly one step.
//!
//! Loom counts `Arc`s, and each of these models fails if an inbox or a lane is left at its end: what was
//! retired is dropped with the roster at the latest.

use clocked_lanes::models::{Entry, Roster};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::dispatch::dispatcher;
use crate::explore;

/// Explores everything; or, where there are the steps inside of the epochs as well, up to so many preemptions.
fn explore_changes(name: &str, preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    if cfg!(crossbeam_loom) {
        explore::bounded(name, preemptions, model);
    } else {
        explore::all(name, model);
    }
}

/// A snapshot shows a receiver with its senders, or neither, while it leaves.
#[test]
fn a_snapshot_during_leave() {
    explore::bounded("roster: a snapshot during leave", 1, || {
        let dispatcher = dispatcher(1, 1);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let leaving = thread::spawn(move || drop(rx));
        let snapshot = dispatcher.snapshot();
        assert!(snapshot.receivers.len() <= 1);
        assert_eq!(snapshot.senders.len(), 1);
        leaving.join().unwrap();
        assert!(dispatcher.snapshot().receivers.is_empty());
        drop(tx);
        assert!(dispatcher.snapshot().senders.is_empty());
    });
}

/// What is seen was built before: the thread that enters a receiver has made it, and whoever finds it may look
/// into it. A receiver is found with its first lane, or neither is.
///
/// Not for a loom that does not see into the roster: it would see nothing there that orders the two threads.
#[cfg(crossbeam_loom)]
#[test]
fn members_are_built_before_they_are_seen() {
    explore_changes("roster: members are built before they are seen", 2, || {
        let roster = Arc::new(Roster::new());
        let other = Arc::clone(&roster);
        let (_, is_new) = both(
            || {
                roster.read(|members| {
                    assert_eq!(members.receivers(), members.lanes());
                    assert!(members.observed().iter().all(|&seq| seq == 0));
                });
            },
            move || other.add_receiver(&Entry::new("a", 1)),
        );
        assert!(is_new);
        assert_eq!(roster.read(|members| members.receivers()), 1);
    });
}

/// Members are not dropped while somebody looks at them, although they have been replaced and others collect
/// what is retired; and they are dropped soon after, not only with the roster.
#[test]
fn members_are_there_while_they_are_looked_at() {
    explore_changes(
        "roster: members are there while they are looked at",
        2,
        || {
            let roster = Arc::new(Roster::new());
            let entry = Entry::new("a", 1);
            let unlisted = entry.holders();
            assert!(roster.add_receiver(&entry));
            let (other, leaving) = (Arc::clone(&roster), entry.clone());
            both(
                || {
                    roster.read(|members| {
                        if members.has(&entry) {
                            assert!(entry.holders() > unlisted, "the members hold it");
                        }
                    });
                },
                move || {
                    other.remove_receiver(&leaving);
                    drop(leaving);
                    for _ in 0..2 {
                        other.read(|_| ());
                    }
                },
            );
            for _ in 0..3 {
                roster.read(|members| assert!(!members.has(&entry)));
            }
            assert_eq!(entry.holders(), unlisted);
        },
    );
}

/// Two want the same name: one gets it, and only its lane is entered. Taking the other one back does not
/// strike the first off.
#[test]
fn one_of_two_gets_a_name() {
    explore_changes("roster: one of two gets a name", 2, || {
        fn enter(roster: &Roster, entry: &Entry) -> bool {
            let is_new = roster.add_receiver(entry);
            if !is_new {
                roster.remove_receiver(entry);
            }
            is_new
        }
        let roster = Arc::new(Roster::new());
        let (a, b) = (Entry::new("name", 1), Entry::new("name", 2));
        let (other, entry) = (Arc::clone(&roster), b.clone());
        let (a_is_in, b_is_in) = both(|| enter(&roster, &a), move || enter(&other, &entry));
        assert_ne!(a_is_in, b_is_in);
        roster.read(|members| {
            assert_eq!((members.has(&a), members.has(&b)), (a_is_in, b_is_in));
            assert_eq!((members.receivers(), members.lanes()), (1, 1));
        });
    });
}

/// One comes and another goes: neither change is lost.
#[test]
fn no_change_is_lost() {
    explore_changes("roster: no change is lost", 2, || {
        let roster = Arc::new(Roster::new());
        let (a, b) = (Entry::new("a", 1), Entry::new("b", 2));
        assert!(roster.add_receiver(&a));
        let (other, leaving) = (Arc::clone(&roster), a.clone());
        both(
            || assert!(roster.add_receiver(&b)),
            move || other.remove_receiver(&leaving),
        );
        roster.read(|members| {
            assert_eq!((members.has(&a), members.has(&b)), (false, true));
            assert_eq!((members.receivers(), members.lanes()), (1, 2));
        });
    });
}

/// The members that a change is made from are not dropped meanwhile either.
#[test]
fn members_are_there_while_they_are_changed() {
    explore_changes(
        "roster: members are there while they are changed",
        1,
        || {
            let roster = Arc::new(Roster::new());
            let (a, b) = (Entry::new("a", 1), Entry::new("b", 2));
            assert!(roster.add_receiver(&a));
            let (other, leaving) = (Arc::clone(&roster), a.clone());
            both(
                || assert!(roster.add_receiver(&b)),
                move || {
                    other.remove_receiver(&leaving);
                    collect(&other);
                },
            );
            assert_eq!(roster.read(|members| members.receivers()), 1);
        },
    );
}

/// Has what is retired dropped, if nobody is looking at it: that takes two epochs, and each look tries to get
/// one on.
fn collect(roster: &Roster) {
    for _ in 0..2 {
        roster.read(|_| ());
    }
}

/// Runs one here and one on another thread. The counter is for a loom that does not see into the roster: it has
/// to see that they meet somewhere, or takes their order not to matter.
fn both<A, B: 'static>(here: impl FnOnce() -> A, there: impl FnOnce() -> B + 'static) -> (A, B) {
    let started = Arc::new(AtomicUsize::new(0));
    let thread = {
        let started = Arc::clone(&started);
        thread::spawn(move || {
            started.fetch_add(1, Ordering::Relaxed);
            there()
        })
    };
    started.fetch_add(1, Ordering::Relaxed);
    (here(), thread.join().unwrap())
}
