//! Feature `tracing`: what is told, when, and what becomes of a subscriber that misbehaves.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod watchdog;
}

use std::cell::Cell;
use std::fmt::{Debug, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use clocked_lanes::{Broadcaster, Dispatcher, Order, Receiver, Sender};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use common::clock::clock_gets_to;
use common::eventually::eventually;
use common::full::fill;
use common::watchdog::watched;

/// What is thrown. Resumed and not started, so that no panic hook prints it.
struct Deliberate;

/// Calls a function with a line of text for each thing it is told: `+span` when one is entered, `-span` when it
/// is left, and events with the spans they are in.
#[derive(Clone)]
struct Listens<F>(F);

/// The fields as text.
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        }
        .unwrap();
    }
}

impl<S, F> Layer<S> for Listens<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: Fn(String) + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == "clocked_lanes"
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields(attributes.metadata().name().to_owned());
        attributes.record(&mut fields);
        let span = context.span(id).unwrap();
        span.extensions_mut().insert(fields);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let name = span.extensions().get::<Fields>().unwrap().0.clone();
        (self.0)(format!("+ {} {name}", span.metadata().level()));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut text = Fields(event.metadata().level().to_string());
        for span in context.event_scope(event).into_iter().flatten() {
            write!(text.0, " [{}]", span.name()).unwrap();
        }
        event.record(&mut text);
        (self.0)(text.0);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        (self.0)(format!("- {}", context.span(id).unwrap().name()));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        (self.0)(format!("end of {}", context.span(&id).unwrap().name()));
    }
}

/// Runs `code` while `listener` is told what this thread does.
fn told<R>(listener: impl Fn(String) + Send + Sync + 'static, code: impl FnOnce() -> R) -> R {
    let subscriber = tracing_subscriber::registry().with(Listens(listener));
    with_default(subscriber, code)
}

/// Runs `code` and returns what was told of what this thread did.
fn lines(code: impl FnOnce()) -> Vec<String> {
    lines_beside(|_| (), code)
}

/// As [`lines`], while another thread does `what` as soon as this one waits.
fn lines_when_waiting(what: impl FnOnce() + Send, code: impl FnOnce()) -> Vec<String> {
    thread::scope(|scope| {
        let (waits, is_waiting) = mpsc::channel();
        scope.spawn(move || {
            is_waiting.recv().unwrap();
            what();
        });
        let listener = move |line: &str| {
            if line.starts_with('+') {
                waits.send(()).unwrap();
            }
        };
        lines_beside(listener, code)
    })
}

/// As [`lines`], and has `listener` hear each line as well.
fn lines_beside(
    listener: impl Fn(&str) + Send + Sync + 'static,
    code: impl FnOnce(),
) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let more = Arc::clone(&lines);
    let listener = move |line: String| {
        listener(&line);
        more.lock().unwrap().push(line);
    };
    told(listener, code);
    std::mem::take(&mut *lines.lock().unwrap())
}

fn named<T: Send + 'static>(name: &str) -> Dispatcher<T> {
    let builder = Dispatcher::builder().thread_name(name);
    builder.capacity(1).lane_capacity(1).build().unwrap()
}

#[test]
fn who_joins_and_who_leaves_is_told() {
    watched(|| {
        let said = lines(|| {
            let dispatcher = named::<u32>("d");
            let (tx, rx) = dispatcher.channel("a").unwrap();
            assert!(dispatcher.channel("a").is_err());
            assert!(dispatcher.sender("b").is_err());
            let more = dispatcher.sender("a").unwrap();
            let clone = tx.clone();
            let everybody = dispatcher.broadcaster();
            drop((clone, everybody, tx, rx, more, dispatcher));
        });
        let expected = [
            r#"DEBUG receiver joined dispatcher="d" receiver="a""#,
            r#"DEBUG sender joined dispatcher="d" sender=1 receiver="a""#,
            r#"DEBUG sender joined dispatcher="d" sender=2 receiver="a""#,
            r#"DEBUG sender joined dispatcher="d" sender=3 receiver="a""#,
            r#"DEBUG broadcaster joined dispatcher="d" sender=4"#,
            r#"DEBUG sender left dispatcher="d" sender=3 receiver="a""#,
            r#"DEBUG broadcaster left dispatcher="d" sender=4"#,
            r#"DEBUG sender left dispatcher="d" sender=1 receiver="a""#,
            r#"DEBUG receiver left dispatcher="d" receiver="a""#,
            r#"DEBUG sender left dispatcher="d" sender=2 receiver="a""#,
        ];
        assert_eq!(said, expected);
    });
}

#[test]
fn a_send_that_blocks_is_a_span() {
    watched(|| {
        let dispatcher = named("d");
        let (tx, rx) = dispatcher.channel("a").unwrap();
        fill(&tx, &rx, || 0);
        let said = lines(|| {
            assert!(tx.try_send(1).is_err(), "does not block");
            assert!(tx.send_timeout(1, Duration::from_millis(1)).is_err());
        });
        let span = r#"+ DEBUG send_blocked dispatcher="d" sender=1 receiver="a""#;
        let expected = [
            span,
            "DEBUG [send_blocked] blocked",
            "DEBUG [send_blocked] unblocked",
            "- send_blocked",
            "end of send_blocked",
        ];
        assert_eq!(said, expected);

        let said = lines_when_waiting(|| drop(rx), || assert!(tx.send(1).is_err()));
        assert_eq!(said, expected);
    });
}

#[test]
fn a_broadcast_that_blocks_is_a_span() {
    watched(|| {
        let dispatcher = named("d");
        let (_tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        eventually(|| {
            let _ = everybody.try_send(0);
            rx.len() == 1 && everybody.is_full()
        });
        let said = lines(|| assert!(everybody.send_timeout(1, Duration::from_millis(1)).is_err()));
        assert_eq!(said[0], r#"+ DEBUG send_blocked dispatcher="d" sender=2"#);
    });
}

#[test]
fn a_receive_that_parks_is_a_span() {
    watched(|| {
        let dispatcher = named("d");
        let (tx, rx) = dispatcher.channel("a").unwrap();
        tx.send(1).unwrap();
        clock_gets_to(&dispatcher, 1);
        let said = lines(|| {
            rx.recv().unwrap();
            assert!(rx.try_recv().is_err());
            assert!(rx.recv_timeout(Duration::ZERO).is_err());
        });
        assert!(said.is_empty(), "nothing parks: {said:?}");
        let said = lines_when_waiting(
            || tx.send(2).unwrap(),
            || assert_eq!(rx.recv_message().unwrap().1, 2),
        );
        let expected = [
            r#"+ DEBUG receive_parked dispatcher="d" receiver="a""#,
            "DEBUG [receive_parked] parked",
            "DEBUG [receive_parked] resumed",
            "- receive_parked",
            "end of receive_parked",
        ];
        assert_eq!(said, expected);
    });
}

#[test]
fn messages_are_told_of_only_if_asked_for() {
    fn exchange(asks: bool) -> Vec<String> {
        let builder = Dispatcher::builder().thread_name("d").trace_messages(asks);
        let dispatcher = builder.build().unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        let above = dispatcher.clone();
        lines(|| {
            tx.send(1).unwrap();
            clock_gets_to(&above, 1);
            rx.recv().unwrap();
            everybody.send(2).unwrap();
            tx.try_send(3).unwrap();
            clock_gets_to(&above, 3);
            assert_eq!(rx.drain(2).count(), 2);
            assert!(rx.try_recv().is_err());
        })
    }

    fn forward() -> Vec<String> {
        let builder = Dispatcher::builder().thread_name("d").trace_messages(true);
        let dispatcher = builder.forwarding(Order::Frontier).build().unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        lines(|| {
            assert!(tx.forward(7, 1).is_ok());
            assert!(tx.forward(7, 1).is_err());
            eventually(|| rx.len() == 1);
            eventually(|| rx.try_recv_message().is_ok());
        })
    }

    watched(|| {
        assert_eq!(exchange(false), [""; 0]);
        let expected = [
            r#"TRACE sent dispatcher="d" sender=1 receiver="a""#,
            r#"TRACE received dispatcher="d" receiver="a" seq=1"#,
            r#"TRACE sent dispatcher="d" sender=2"#,
            r#"TRACE sent dispatcher="d" sender=1 receiver="a""#,
            r#"TRACE received dispatcher="d" receiver="a" seq=2"#,
            r#"TRACE received dispatcher="d" receiver="a" seq=3"#,
        ];
        assert_eq!(exchange(true), expected);
        let expected = [
            r#"TRACE sent dispatcher="d" sender=1 receiver="a" seq=7"#,
            r#"TRACE received dispatcher="d" receiver="a" seq=7"#,
        ];
        assert_eq!(forward(), expected);
    });
}

/// Checks that `code` panics in the way that was meant.
fn panics<R>(code: impl FnOnce() -> R) {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(_) => panic!("no panic came through"),
        Err(payload) => assert!(payload.is::<Deliberate>(), "another panic"),
    }
}

/// Runs `code` with a subscriber that panics at whatever has `what` in it.
fn panicking_at<R>(what: &'static str, code: impl FnOnce() -> R) -> R {
    let listener = move |line: String| {
        if line.contains(what) {
            resume_unwind(Box::new(Deliberate));
        }
    };
    told(listener, code)
}

/// As [`panicking_at`], while another thread does `then` as soon as this one waits. Checks that there was a panic.
fn panicking_at_while_waiting<R>(
    what: &'static str,
    then: impl FnOnce() + Send,
    code: impl FnOnce() -> R,
) -> R {
    thread::scope(|scope| {
        let (waits, is_waiting) = mpsc::channel();
        scope.spawn(move || {
            is_waiting.recv().unwrap();
            then();
        });
        let panics = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&panics);
        let listener = move |line: String| {
            if line.starts_with('+') {
                waits.send(()).unwrap();
            }
            if line.contains(what) {
                count.fetch_add(1, Ordering::SeqCst);
                resume_unwind(Box::new(Deliberate));
            }
        };
        let result = told(listener, code);
        assert_ne!(
            panics.load(Ordering::SeqCst),
            0,
            "nothing has panicked at {what}"
        );
        result
    })
}

#[test]
fn a_panic_at_a_join_leaves_nothing_behind() {
    watched(|| {
        let dispatcher = named("d");
        let at_start = dispatcher.snapshot();
        panicking_at("receiver joined", || panics(|| dispatcher.channel("a")));
        assert_eq!(dispatcher.snapshot(), at_start);
        panicking_at("sender joined", || panics(|| dispatcher.channel("a")));
        assert_eq!(dispatcher.snapshot(), at_start);

        let (tx, rx): (Sender<u32>, Receiver<u32>) = dispatcher.channel("a").unwrap();
        let at_start = dispatcher.snapshot();
        panicking_at("joined", || {
            panics(|| tx.clone());
            panics(|| dispatcher.sender("a"));
            panics(|| dispatcher.broadcaster());
        });
        assert_eq!(dispatcher.snapshot(), at_start);
        let everybody: Broadcaster<u32> = dispatcher.broadcaster();
        panicking_at("joined", || panics(|| everybody.clone()));

        // Who did not get in keeps no receiver from its end.
        tx.send(1).unwrap();
        drop((tx, everybody));
        assert_eq!(rx.recv_message().unwrap().1, 1);
        assert!(rx.recv_message().is_err());
    });
}

/// A dispatcher that tells of every message.
fn talkative<T: Send + 'static>() -> Dispatcher<T> {
    let builder = Dispatcher::builder().trace_messages(true);
    builder.capacity(1).lane_capacity(1).build().unwrap()
}

// Below, the empty string is in everything: all that is told panics.

#[test]
fn a_panic_in_a_receive_ends_there_and_loses_nothing() {
    watched(|| {
        for what in [
            "", "+", "parked", "resumed", "-", "end of", "received", "left",
        ] {
            let dispatcher = talkative();
            let (tx, rx) = dispatcher.channel("a").unwrap();
            panicking_at_while_waiting(
                what,
                || tx.send('x').unwrap(),
                || {
                    assert_eq!(rx.recv_message().unwrap().1, 'x');
                    drop(rx);
                },
            );
            assert!(dispatcher.snapshot().receivers.is_empty());
        }
    });
}

#[test]
fn a_panic_in_a_send_ends_there_and_loses_nothing() {
    watched(|| {
        for what in [
            "",
            "+",
            "blocked",
            "unblocked",
            "-",
            "end of",
            "sent",
            "left",
        ] {
            let dispatcher = talkative();
            let (tx, rx) = dispatcher.channel("a").unwrap();
            fill(&tx, &rx, || 'x');
            let (taken, take) = mpsc::channel();
            panicking_at_while_waiting(
                what,
                move || {
                    assert_eq!(rx.recv_message().unwrap().1, 'x');
                    taken.send(rx).unwrap();
                },
                || {
                    tx.send('y').unwrap();
                    drop(tx);
                },
            );
            let rx = take.recv().unwrap();
            let values: String = rx
                .iter()
                .filter_map(|e| e.into_message())
                .map(|m| m.1)
                .collect();
            assert_eq!(values, "xy");
            assert!(dispatcher.snapshot().senders.is_empty());
        }
    });
}

#[test]
fn a_panic_in_a_refused_send_ends_there_and_gives_the_value_back() {
    watched(|| {
        let dispatcher = talkative();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        fill(&tx, &rx, || 'x');
        let sent = panicking_at_while_waiting("", || drop(rx), || tx.send('y'));
        assert_eq!(sent.unwrap_err().into_inner(), 'y');
    });
}

#[test]
fn a_panic_in_a_receive_that_panics_ends_there() {
    struct BadClone;

    impl Clone for BadClone {
        fn clone(&self) -> Self {
            resume_unwind(Box::new(Deliberate));
        }
    }

    watched(|| {
        let dispatcher = Dispatcher::new();
        let (_a, for_a) = dispatcher.channel("a").unwrap();
        let (_b, for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        panicking_at_while_waiting(
            "",
            || everybody.send(BadClone).unwrap(),
            || panics(|| for_a.recv_message()),
        );
        drop(for_a);
        assert!(for_b.recv_message().is_ok());
    });
}

#[test]
fn a_subscriber_may_use_the_crate() {
    thread_local! {
        static IS_TOLD: Cell<bool> = const { Cell::new(false) };
    }

    watched(|| {
        let dispatcher = named("d");
        let inner = dispatcher.clone();
        let listener = move |_| {
            // What happens in here is told, too.
            if !IS_TOLD.replace(true) {
                let (tx, rx) = inner.channel("in the subscriber").unwrap();
                tx.clone().send(7).unwrap();
                assert_eq!(rx.recv_message().unwrap().1, 7);
                assert!(rx.recv_timeout(Duration::from_millis(1)).is_err());
                assert!(!inner.snapshot().to_string().is_empty());
                IS_TOLD.set(false);
            }
        };
        told(listener, || {
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let sends = thread::spawn(move || {
                for n in 0..9 {
                    tx.send(n).unwrap();
                }
            });
            for n in 0..9 {
                assert_eq!(rx.recv_message().unwrap().1, n);
            }
            assert!(rx.recv_message().is_err());
            sends.join().unwrap();
            assert!(rx.recv_timeout(Duration::from_millis(1)).is_err());
        });
        assert!(dispatcher.snapshot().receivers.is_empty());
    });
}
