//! Tasks that are neither polled again nor dropped, as when the thread that had them has ended.
#![cfg(not(loom))]

mod common {
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod watchdog;
}

use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use clocked_lanes::{Builder, Dispatcher};

use common::full::fill;
use common::watchdog::watched;

struct Unparks(thread::Thread);

impl Wake for Unparks {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a task once, and leaks it.
fn abandon<F: Future>(task: F) {
    let waker = Waker::from(Arc::new(Unparks(thread::current())));
    let mut task = Box::pin(task);
    let poll = task.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    mem::forget(task);
}

/// Abandons tasks that wait for a message, for a number and for space, and then has others wait for the same.
fn wait(builder: Builder<u64>) {
    let dispatcher = builder.capacity(1).lane_capacity(1).build().unwrap();
    let (tx, mut rx) = dispatcher.channel("a").unwrap();
    let progress = rx.progress();
    for n in 0..3 {
        let before = rx.observed().get();
        let waits = progress.clone();
        rx = thread::spawn(move || {
            abandon(rx.recv_async());
            abandon(async move { waits.wait_for_async(before + 1).await });
            rx
        })
        .join()
        .unwrap();
        // Somebody else takes over, and parks.
        let receiving = thread::spawn(move || (rx.recv_message().unwrap().1, rx));
        thread::sleep(Duration::from_millis(1));
        tx.send(n).unwrap();
        let (value, receiver) = receiving.join().unwrap();
        rx = receiver;
        assert_eq!(value, n);
        assert!(progress.wait_for(before + 1).is_ok());

        // Before the others in the queue for space.
        let mut filled = 0;
        fill(&tx, &rx, || {
            filled += 1;
            filled
        });
        thread::scope(|scope| {
            let abandoning = || {
                abandon(tx.send_async(0));
                abandon(tx.send_sequenced_async(0));
            };
            scope.spawn(abandoning).join().unwrap();
            let blocked = scope.spawn(|| tx.send(9));
            thread::sleep(Duration::from_millis(1));
            while rx.recv_message().unwrap().1 != 9 {}
            blocked.join().unwrap().unwrap();
        });
        let mut next = pin!(rx.recv_message_async());
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(next.as_mut().poll(&mut context), Poll::Pending));
    }
    drop(tx);
    assert!(rx.recv_message().is_err());
}

#[test]
fn tasks_that_are_abandoned_hold_up_nobody() {
    watched(|| {
        wait(Dispatcher::builder());
        wait(Dispatcher::builder().inline());
    });
}
