//! What the types are, checked by the compiler for the most part.
#![cfg(not(loom))]

mod common {
    pub(crate) mod watchdog;
}

use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::iter::FusedIterator;
use std::rc::Rc;
use std::thread;

use clocked_lanes::{
    Broadcaster, BuildError, Builder, ChannelError, Clock, DisconnectReason, Dispatcher, Drain,
    Event, ForwardError, ForwardTimeoutError, IntoIter, Iter, Order, ProgressTimeoutError,
    ReadyTimeoutError, Receiver, ReceiverSnapshot, RecvError, RecvTimeoutError, SendError,
    SendTimeoutError, Sender, SenderSnapshot, Seq, Serializing, Snapshot, TryForwardError, TryIter,
    TryReadyError, TryRecvError, TrySendError,
};

use common::watchdog::watched;

/// `Send`, and neither `Sync` nor `Clone` nor `Debug`.
struct Plain(Cell<u32>);

const fn send<T: Send>() {}
const fn sync<T: Sync>() {}
const fn cloned<T: Clone>() {}
const fn copied<T: Copy + Eq>() {}
const fn debugged<T: Debug>() {}
const fn error<T: Error + Send + 'static>() {}
const fn iterator<T: FusedIterator>() {}

// Handles of values that are `Send`, and no more than that.
const _: () = {
    send::<Dispatcher<Plain>>();
    sync::<Dispatcher<Plain>>();
    cloned::<Dispatcher<Plain>>();
    debugged::<Dispatcher<Plain>>();

    send::<Sender<Plain>>();
    sync::<Sender<Plain>>();
    cloned::<Sender<Plain>>();
    debugged::<Sender<Plain>>();

    send::<Broadcaster<Plain>>();
    sync::<Broadcaster<Plain>>();
    cloned::<Broadcaster<Plain>>();
    debugged::<Broadcaster<Plain>>();

    send::<Receiver<Plain>>();
    debugged::<Receiver<Plain>>();

    send::<Builder<Plain>>();
    sync::<Builder<Plain>>();
    debugged::<Builder<Plain>>();
};

// What they lend.
const _: () = {
    debugged::<Iter<'_, Plain>>();
    debugged::<TryIter<'_, Plain>>();
    debugged::<IntoIter<Plain>>();
    debugged::<Drain<'_, Plain>>();
    send::<IntoIter<Plain>>();
    iterator::<Iter<'_, Plain>>();
    iterator::<IntoIter<Plain>>();
    iterator::<Drain<'_, Plain>>();
};

// Plain data.
const _: () = {
    copied::<Seq>();
    copied::<Clock>();
    copied::<Event<u8>>();
    cloned::<Event<String>>();
    send::<Event<Plain>>();
    debugged::<Serializing>();
    send::<Snapshot>();
    sync::<Snapshot>();
    cloned::<Snapshot>();
    debugged::<Snapshot>();
    debugged::<ReceiverSnapshot>();
    debugged::<SenderSnapshot>();
};

// Errors.
const _: () = {
    error::<SendError<Plain>>();
    error::<TrySendError<Plain>>();
    error::<SendTimeoutError<Plain>>();
    sync::<SendError<String>>();
    sync::<TrySendError<String>>();
    sync::<SendTimeoutError<String>>();
    copied::<SendError<u8>>();
    copied::<TrySendError<u8>>();
    copied::<SendTimeoutError<u8>>();
    error::<RecvError>();
    sync::<RecvError>();
    copied::<RecvError>();
    error::<TryRecvError>();
    sync::<TryRecvError>();
    copied::<TryRecvError>();
    error::<RecvTimeoutError>();
    sync::<RecvTimeoutError>();
    copied::<RecvTimeoutError>();
    error::<BuildError>();
    sync::<BuildError>();
    error::<ChannelError>();
    sync::<ChannelError>();
    copied::<DisconnectReason>();
};

// The handles in the form in which a later mode will name them.
const _: () = {
    send::<Dispatcher<u8, Serializing>>();
    send::<Sender<u8, Serializing>>();
    send::<Broadcaster<u8, Serializing>>();
};

#[test]
fn a_value_that_is_not_sync_passes_through() {
    watched(|| {
        let dispatcher = Dispatcher::<Plain>::builder()
            .capacity(1)
            .lane_capacity(1)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let each = if cfg!(miri) { 5 } else { 100 };
        thread::scope(|scope| {
            for _ in 0..2 {
                let tx = &tx;
                scope.spawn(move || {
                    for n in 0..each {
                        assert!(tx.send(Plain(Cell::new(n))).is_ok());
                    }
                });
            }
            let receives = scope.spawn(move || {
                let values = rx.iter().filter_map(|event| event.into_message());
                values
                    .take(2 * each as usize)
                    .map(|(_, value)| value.0.get())
                    .sum::<u32>()
            });
            assert_eq!(receives.join().unwrap(), (each - 1) * each);
        });
        assert_eq!(
            tx.send(Plain(Cell::new(7)))
                .unwrap_err()
                .into_inner()
                .0
                .get(),
            7
        );
        // Others may be made, asked and dropped; only a send needs more of the value.
        let everybody = dispatcher.broadcaster();
        assert_eq!((everybody.len(), everybody.capacity()), (0, 1));
        assert!(everybody.is_empty() && !everybody.is_full() && !everybody.is_disconnected());
    });
}

/// What has been received is its receiver's alone, so it may refer to anything.
#[test]
fn a_function_passes_through() {
    watched(|| {
        type Job = Box<dyn FnOnce() -> u32 + Send>;
        let (tx, rx) = Dispatcher::<Job>::new().channel("jobs").unwrap();
        for n in 0..10 {
            assert!(tx.send(Box::new(move || n * n)).is_ok());
        }
        drop(tx);
        let here = Rc::new(Cell::new(0));
        rx.into_iter()
            .filter_map(|event| event.into_message())
            .for_each(|(_, job)| here.set(here.get() + job()));
        assert_eq!(here.get(), 285);
    });
}

#[test]
fn everything_can_be_printed() {
    fn shows(what: &impl Debug, part: &str) {
        let text = format!("{what:?}");
        assert!(text.contains(part), "`{text}` does not show `{part}`");
    }
    fn is_printed(what: &impl Display, text: &str) {
        assert_eq!(what.to_string(), text);
    }
    watched(|| {
        let builder = Dispatcher::<Plain>::builder()
            .capacity(7)
            .thread_name("the thread");
        shows(&builder, "7");
        shows(&builder, "the thread");
        let dispatcher = builder.build().unwrap();
        let (tx, rx) = dispatcher.channel("the name").unwrap();
        shows(&dispatcher, "Dispatcher");
        shows(&tx, "the name");
        shows(&rx, "the name");
        shows(&rx.progress(), "Progress");
        shows(&clocked_lanes::Select::new(), "Select");
        let forwarding = Dispatcher::<Plain>::builder().forwarding(Order::Frontier);
        shows(&forwarding.build().unwrap().rejects(), "Rejects");
        shows(&tx.downgrade(), "WeakSender");
        shows(&dispatcher.broadcaster(), "Broadcaster");
        shows(&dispatcher.broadcaster().downgrade(), "WeakBroadcaster");
        shows(&rx.iter(), "the name");
        shows(&rx.try_iter(), "the name");
        shows(&rx.drain(1), "the name");
        shows(&dispatcher.snapshot(), "the name");
        shows(&dispatcher.clock(), "dispatched: 0");
        drop(tx);
        shows(&rx.into_iter(), "the name");
        shows(
            &Event::Message {
                seq: Seq::from(3),
                value: 'x',
            },
            "'x'",
        );
        shows(&Event::<u8>::Clock(Seq::from(3)), "3");
        is_printed(&Seq::MAX, "18446744073709551615");
        is_printed(&format!("{:>5}", Seq::from(42)), "   42");
    });
}

/// An error names what it is about as it is shown, and says what to do; without anything of the value.
#[test]
fn errors_say_what_happened() {
    fn says(error: &impl Error, name: &str, advice: &str) {
        let (debug, display) = (format!("{error:?}"), error.to_string());
        assert!(debug.contains(name), "`{debug}` does not show `{name}`");
        assert!(
            display.contains(advice),
            "`{display}` does not say `{advice}`"
        );
    }
    let value = || Plain(Cell::new(1));
    says(&SendError(value()), "SendError", "into_inner");
    says(&TrySendError::Full(value()), "Full", "try again later");
    says(
        &TrySendError::Disconnected(value()),
        "Disconnected",
        "into_inner",
    );
    says(&SendTimeoutError::Timeout(value()), "Timeout", "snapshot");
    says(
        &SendTimeoutError::Disconnected(value()),
        "Disconnected",
        "into_inner",
    );
    says(&ForwardError::Late(value()), "Late", "higher numbers");
    says(
        &ForwardError::Disconnected(value()),
        "Disconnected",
        "disconnect_reason",
    );
    says(&TryForwardError::Full(value()), "Full", "try again later");
    says(&TryForwardError::Late(value()), "Late", "higher numbers");
    says(
        &TryForwardError::Disconnected(value()),
        "Disconnected",
        "disconnect_reason",
    );
    says(
        &ForwardTimeoutError::Timeout(value()),
        "Timeout",
        "snapshot",
    );
    says(
        &ForwardTimeoutError::Late(value()),
        "Late",
        "higher numbers",
    );
    says(
        &ForwardTimeoutError::Disconnected(value()),
        "Disconnected",
        "disconnect_reason",
    );
    says(&TryReadyError, "TryReadyError", "try again later");
    says(&ReadyTimeoutError, "ReadyTimeoutError", "try again");
    says(&RecvError, "RecvError", "disconnect");
    says(&TryRecvError::Empty, "Empty", "try again");
    says(&RecvTimeoutError::Timeout, "Timeout", "try again");
    let (tx, rx) = Dispatcher::<u32>::new().channel("a").unwrap();
    let progress = rx.progress();
    // While there is a sender: without one it is not too early for a receiver to leave.
    drop(rx);
    let error = progress.wait_for(1).unwrap_err();
    drop(tx);
    says(&error, "ReceiverGone", "the receiver was dropped");
    let builder = Dispatcher::builder().lane_capacity(1);
    let dense = builder.forwarding(Order::Dense { window: 4 });
    let (tx, rx) = dense.build().unwrap().channel("a").unwrap();
    let progress = rx.progress();
    // Beyond the window, until nobody can send number 1 any more.
    while tx.forward(1 << 40, "far ahead").is_ok() {}
    let error = progress.wait_for(1 << 40).unwrap_err();
    says(&error, "MissingNumber", "number 1 is missing");
    let late = ProgressTimeoutError::Timeout {
        observed: Seq::from(3),
    };
    says(&late, "Timeout", "only observed 3");

    let (empty, closed) = (TryRecvError::Empty, TryRecvError::Disconnected);
    assert!(empty.is_empty() && !empty.is_disconnected());
    assert!(closed.is_disconnected() && !closed.is_empty());
    let (late, closed) = (RecvTimeoutError::Timeout, RecvTimeoutError::Disconnected);
    assert!(late.is_timeout() && !late.is_disconnected());
    assert!(closed.is_disconnected() && !closed.is_timeout());
}

#[test]
fn a_number_is_a_number() {
    let n = Seq::from(41);
    assert_eq!((n.get(), u64::from(n), Seq::new(41)), (41, 41, n));
    assert!(n < Seq::from(42) && n > Seq::default());
    assert_eq!(Seq::MAX.get(), u64::MAX);
    assert_eq!(
        Clock::default(),
        Clock {
            seq: Seq::from(0),
            dispatched: 0
        }
    );
    let message = Event::Message { seq: n, value: 'x' };
    assert_eq!((message.seq(), message.into_message()), (n, Some((n, 'x'))));
    let tick = Event::<char>::Clock(n);
    assert_eq!((tick.seq(), tick.into_message()), (n, None));
}

#[test]
fn a_default_dispatcher_is_a_new_one() {
    watched(|| {
        let (tx, rx) = Dispatcher::default().channel(String::from("a")).unwrap();
        tx.send(1).unwrap();
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 1)));
        assert_eq!((tx.capacity(), rx.capacity()), (256, 256));
    });
}
