//! Weak handles: they can be upgraded, and keep nothing alive.
#![cfg(not(loom))]

mod common {
    pub(crate) mod crowd;
    pub(crate) mod eventually;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::thread;

use clocked_lanes::{Dispatcher, Order, RecvError};

use common::crowd::threads_called;
use common::eventually::eventually;
use common::rounds::rounds;
use common::watchdog::watched;

#[test]
fn a_weak_sender_does_not_keep_the_receiver_connected() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let weak = tx.downgrade();
        assert_eq!(weak.target(), "a");
        let again = weak.upgrade().unwrap();
        drop(tx);
        again.send(1).unwrap();
        assert_eq!(rx.recv_message().unwrap().1, 1);
        drop(again);
        assert_eq!(rx.recv_message(), Err(RecvError));
        assert!(weak.upgrade().is_none());
    });
}

/// Another receiver of the same name is not its receiver.
#[test]
fn a_weak_sender_is_one_to_its_own_receiver() {
    let dispatcher = Dispatcher::<u32>::new();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    let weak = tx.downgrade();
    drop(rx);
    let _other = dispatcher.channel("a").unwrap();
    assert!(weak.upgrade().is_none());
    assert!(weak.clone().upgrade().is_none());
}

/// As long as a broadcaster keeps the receiver connected, senders can be made: so they can of weak ones.
#[test]
fn a_weak_sender_can_be_upgraded_while_the_receiver_is_connected() {
    let dispatcher = Dispatcher::new();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    let everybody = dispatcher.broadcaster();
    let weak = tx.downgrade();
    drop(tx);
    weak.upgrade().unwrap().send(1).unwrap();
    assert_eq!(rx.recv_message().unwrap().1, 1);
    drop(everybody);
    eventually(|| weak.upgrade().is_none());
}

#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "counts threads in /proc")]
#[test]
#[cfg_attr(clocked_lanes_inline, ignore = "there is no thread")]
fn weak_handles_do_not_keep_the_thread_alive() {
    let dispatcher = Dispatcher::<u32>::builder()
        .thread_name("weakly-held")
        .build()
        .unwrap();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    let (weak, everybody) = (tx.downgrade(), dispatcher.broadcaster().downgrade());
    eventually(|| threads_called("weakly-held") == 1);
    drop((dispatcher, tx, rx));
    eventually(|| threads_called("weakly-held") == 0);
    assert!(weak.upgrade().is_none());
    assert!(everybody.upgrade().is_none());
}

/// In a forwarding dispatch it starts where the receiver's clock is, and holds it back from then on.
/// A weak broadcaster is one as long as there is a handle of the dispatcher.
#[test]
fn a_weak_broadcaster_can_be_upgraded_while_there_is_a_handle() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let weak = dispatcher.broadcaster().downgrade();
        drop(dispatcher);
        weak.upgrade().unwrap().send(1).unwrap();
        assert_eq!(rx.recv_message().unwrap().1, 1);
        drop((tx, rx));
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn an_upgraded_sender_starts_at_the_clock() {
    let order = Order::Frontier;
    let dispatcher = Dispatcher::builder().forwarding(order).build().unwrap();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    let weak = tx.downgrade();
    tx.forward(5, "five").unwrap();
    rx.recv_message().unwrap();
    tx.advance(7).unwrap();
    eventually(|| rx.clock().seq.get() == 7);
    let again = weak.upgrade().unwrap();
    assert_eq!(again.frontier().get(), 7);
}

/// Upgraded while the last one goes: either there is a sender, and what it sends arrives, or there is none.
#[test]
fn an_upgrade_races_with_the_last_drop() {
    watched(|| {
        for _ in 0..rounds(300) {
            let (tx, rx) = Dispatcher::new().channel("a").unwrap();
            let weak = tx.downgrade();
            let sending = thread::spawn(move || weak.upgrade().map(|tx| tx.send(1)));
            drop(tx);
            let got = rx.recv_message().map(|(_, value)| value);
            match sending.join().unwrap() {
                Some(sent) => assert_eq!((sent, got), (Ok(()), Ok(1))),
                None => assert_eq!(got, Err(RecvError)),
            }
        }
    });
}
