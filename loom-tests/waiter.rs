//! Parking and waking.

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

/// Two that wake at once: each waker is woken by one of them, and the thread gets both pieces of news.
#[test]
fn two_may_wake() {
    explore::bounded("waiter: two may wake", 3, || {
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
