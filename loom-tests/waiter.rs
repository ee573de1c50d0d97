//! Parking and waking.

use std::task::{Wake, Waker};

use clocked_lanes::models::Waiter;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use crate::explore;

/// No wake-up is lost: a thread that parks for a flag wakes when it is set, though the flag itself orders
/// nothing. Loom reports a thread that sleeps for ever.
#[test]
fn a_wake_up_is_not_lost() {
    explore::all("waiter: a wake-up is not lost", || {
        let waiter = Arc::new(Waiter::new());
        let flag = Arc::new(AtomicBool::new(false));
        let (waking, setting) = (Arc::clone(&waiter), Arc::clone(&flag));
        thread::spawn(move || {
            setting.store(true, Ordering::Relaxed);
            waking.wake();
        });
        waiter.wait_until(|| flag.load(Ordering::Relaxed));
    });
}

/// Counts how often it was woken.
struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Of two that wake at once, one wakes the waker, and once.
#[test]
fn one_of_two_wakes() {
    explore::all("waiter: one of two wakes", || {
        let waiter = Arc::new(Waiter::new());
        let counts = std::sync::Arc::new(Counts(AtomicUsize::new(0)));
        waiter.register_waker(Waker::from(std::sync::Arc::clone(&counts)));
        let waking = Arc::clone(&waiter);
        let other = thread::spawn(move || waking.wake());
        waiter.wake();
        other.join().unwrap();
        assert_eq!(counts.0.load(Ordering::Relaxed), 1);
    });
}

/// A thread that waits for news from two others gets both. Of three threads and their parking, so with a bound.
#[test]
fn news_from_two() {
    explore::bounded("waiter: news from two", 3, || {
        let waiter = Arc::new(Waiter::new());
        let news = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let (waking, telling) = (Arc::clone(&waiter), Arc::clone(&news));
            thread::spawn(move || {
                telling.fetch_add(1, Ordering::Relaxed);
                waking.wake();
            });
        }
        waiter.wait_until(|| news.load(Ordering::Relaxed) == 2);
    });
}

/// Registering again, being woken and going away concur without losing or leaking a waker.
#[test]
fn wakers_are_owned_once() {
    explore::all("waiter: wakers are owned once", || {
        let waiter = Arc::new(Waiter::new());
        let waking = Arc::clone(&waiter);
        thread::spawn(move || waking.wake());
        waiter.register();
        waiter.register();
    });
}

/// Notes what there was to be seen when it was woken.
struct Notes {
    made: AtomicUsize,
    noted: AtomicUsize,
}

impl Wake for Notes {
    fn wake(self: std::sync::Arc<Self>) {
        let made = self.made.load(Ordering::Relaxed);
        self.noted.store(made, Ordering::Relaxed);
    }
}

/// Who wakes sees the waker as it was made, though nothing else orders the two threads.
#[test]
fn a_waker_is_made_before_it_is_woken() {
    const NOTHING: usize = 9;
    explore::all("waiter: a waker is made before it is woken", || {
        let notes = std::sync::Arc::new(Notes {
            made: AtomicUsize::new(0),
            noted: AtomicUsize::new(NOTHING),
        });
        let waiter = Arc::new(Waiter::new());
        let waking = Arc::clone(&waiter);
        let wake = thread::spawn(move || waking.wake());
        notes.made.store(1, Ordering::Relaxed);
        waiter.register_waker(Waker::from(std::sync::Arc::clone(&notes)));
        wake.join().unwrap();
        let noted = notes.noted.load(Ordering::Relaxed);
        assert!(noted == NOTHING || noted == 1, "woken half made");
    });
}
