//! Feature `metrics`: what is counted, and what becomes of a recorder that misbehaves.
#![cfg(not(loom))]

mod common {
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod watchdog;
}

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use clocked_lanes::{Dispatcher, Order};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit, with_local_recorder,
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use common::full::fill;
use common::watchdog::watched;

/// What is thrown. Resumed and not started, so that no panic hook prints it.
struct Deliberate;

/// Everything recorded: names with labels, units, values. Of histograms, how many values there are since the last
/// call.
fn figures(snapshotter: &Snapshotter) -> BTreeMap<String, (Option<Unit>, f64)> {
    let figures = snapshotter.snapshot().into_vec();
    let figures = figures.into_iter().map(|(key, unit, description, value)| {
        assert!(description.is_some(), "{key:?} is not described");
        let labels = key
            .key()
            .labels()
            .map(|l| format!(" {}={}", l.key(), l.value()));
        let name = format!("{}{}", key.key().name(), labels.collect::<String>());
        let value = match value {
            DebugValue::Counter(n) => n as f64,
            DebugValue::Gauge(n) => n.into_inner(),
            DebugValue::Histogram(values) => {
                assert!(values.iter().all(|v| (0.0..60.0).contains(&v.into_inner())));
                values.len() as f64
            }
        };
        (name, (unit, value))
    });
    figures.collect()
}

/// Runs `code`, and checks what this thread has recorded by then.
#[track_caller]
fn records(expected: &[(&str, Unit, f64)], code: impl FnOnce()) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    with_local_recorder(&recorder, code);
    let expected = expected
        .iter()
        .map(|&(name, unit, value)| (name.to_owned(), (Some(unit), value)));
    assert_eq!(figures(&snapshotter), expected.collect());
}

fn named<T: Send + 'static>(name: &str) -> Dispatcher<T> {
    let builder = Dispatcher::builder().thread_name(name);
    builder.capacity(1).lane_capacity(1).build().unwrap()
}

#[test]
fn who_joins_and_who_leaves_is_counted() {
    watched(|| {
        let expected = [
            ("clocked_lanes_receivers dispatcher=d", Unit::Count, 1.0),
            (
                "clocked_lanes_receivers_joined_total dispatcher=d",
                Unit::Count,
                2.0,
            ),
            (
                "clocked_lanes_receivers_left_total dispatcher=d",
                Unit::Count,
                1.0,
            ),
            (
                "clocked_lanes_senders dispatcher=d kind=broadcaster",
                Unit::Count,
                0.0,
            ),
            (
                "clocked_lanes_senders dispatcher=d kind=sender",
                Unit::Count,
                3.0,
            ),
            (
                "clocked_lanes_senders_joined_total dispatcher=d kind=broadcaster",
                Unit::Count,
                1.0,
            ),
            (
                "clocked_lanes_senders_joined_total dispatcher=d kind=sender",
                Unit::Count,
                4.0,
            ),
            (
                "clocked_lanes_senders_left_total dispatcher=d kind=broadcaster",
                Unit::Count,
                1.0,
            ),
            (
                "clocked_lanes_senders_left_total dispatcher=d kind=sender",
                Unit::Count,
                1.0,
            ),
        ];
        let mut kept = None;
        records(&expected, || {
            let dispatcher = named::<u32>("d");
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let (other, gone) = dispatcher.channel("b").unwrap();
            assert!(dispatcher.channel("a").is_err());
            let clone = tx.clone();
            let more = dispatcher.sender("a").unwrap();
            drop((dispatcher.broadcaster(), gone, more));
            kept = Some((tx, rx, other, clone));
        });
        drop(kept);
    });
}

#[test]
fn calls_that_wait_are_counted_and_timed() {
    watched(|| {
        let dispatcher = named("d");
        let (tx, rx) = dispatcher.channel("a").unwrap();
        fill(&tx, &rx, || 0);
        let blocked = [
            (
                "clocked_lanes_send_blocked_seconds dispatcher=d kind=sender",
                Unit::Seconds,
                2.0,
            ),
            (
                "clocked_lanes_sends_blocked_total dispatcher=d kind=sender",
                Unit::Count,
                2.0,
            ),
        ];
        records(&blocked, || {
            let _describes = named::<u32>("another");
            assert!(tx.try_send(1).is_err());
            assert!(tx.send_timeout(1, Duration::from_millis(1)).is_err());
            assert!(tx.send_timeout(1, Duration::from_millis(1)).is_err());
        });

        drop(tx);
        while rx.recv().is_ok() {}
        let (_tx, rx) = dispatcher.channel("b").unwrap();
        let parked = [
            (
                "clocked_lanes_receive_parked_seconds dispatcher=d",
                Unit::Seconds,
                1.0,
            ),
            (
                "clocked_lanes_receives_parked_total dispatcher=d",
                Unit::Count,
                1.0,
            ),
        ];
        records(&parked, || {
            let _describes = named::<u32>("another");
            assert!(rx.try_recv().is_err());
            assert!(rx.recv_timeout(Duration::from_millis(500)).is_err());
        });
    });
}

#[test]
fn messages_are_not_counted() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .forwarding(Order::Frontier)
            .build()
            .unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        records(&[], || {
            for n in 1..=100 {
                tx.forward(n, n).unwrap();
            }
            tx.advance(101).unwrap();
            assert!(dispatcher.snapshot().clock.seq.get() <= 101);
            while rx
                .try_recv_message()
                .map_or(true, |(seq, _)| seq.get() < 100)
            {}
        });
    });
}

/// Panics as a value is recorded.
struct Throws;

impl CounterFn for Throws {
    fn increment(&self, _: u64) {
        resume_unwind(Box::new(Deliberate));
    }

    fn absolute(&self, _: u64) {}
}

impl HistogramFn for Throws {
    fn record(&self, _: f64) {
        resume_unwind(Box::new(Deliberate));
    }
}

/// Panics at whatever has this in its name.
struct Panics(&'static str);

impl Recorder for Panics {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name().contains(self.0) {
            Counter::from_arc(Arc::new(Throws))
        } else {
            Counter::noop()
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        if key.name().contains(self.0) {
            resume_unwind(Box::new(Deliberate));
        }
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        if key.name().contains(self.0) {
            Histogram::from_arc(Arc::new(Throws))
        } else {
            Histogram::noop()
        }
    }
}

/// Checks that `code` panics in the way that was meant.
fn panics<R>(code: impl FnOnce() -> R) {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(_) => panic!("no panic came through"),
        Err(payload) => assert!(payload.is::<Deliberate>(), "another panic"),
    }
}

#[test]
fn a_panic_at_a_join_leaves_nothing_behind() {
    watched(|| {
        for what in ["joined", "receivers", "senders"] {
            let dispatcher = named::<u32>("d");
            let at_start = dispatcher.snapshot();
            with_local_recorder(&Panics(what), || panics(|| dispatcher.channel("a")));
            assert_eq!(dispatcher.snapshot(), at_start);
        }

        let dispatcher = named::<u32>("d");
        let (tx, _rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        let at_start = dispatcher.snapshot();
        with_local_recorder(&Panics("joined"), || {
            panics(|| tx.clone());
            panics(|| dispatcher.sender("a"));
            panics(|| dispatcher.broadcaster());
            panics(|| everybody.clone());
        });
        assert_eq!(dispatcher.snapshot(), at_start);
    });
}

#[test]
fn a_panic_anywhere_else_ends_there_and_loses_nothing() {
    watched(|| {
        // The empty string is in every name.
        for what in ["", "_seconds", "left"] {
            let dispatcher = named("d");
            let (tx, rx) = dispatcher.channel("a").unwrap();
            let everybody = dispatcher.broadcaster();
            with_local_recorder(&Panics(what), || {
                assert!(rx.recv_timeout(Duration::from_millis(500)).is_err());
                fill(&tx, &rx, || 7);
                let sent = tx.send_timeout(8, Duration::from_millis(1));
                assert_eq!(sent.unwrap_err().into_inner(), 8);
                drop((tx, everybody));
                let values: Vec<_> = rx.iter().filter_map(|event| event.into_message()).collect();
                assert_eq!(values, [(1.into(), 7), (2.into(), 7)]);
                drop(rx);
            });
            assert!(dispatcher.snapshot().receivers.is_empty());
            assert!(dispatcher.snapshot().senders.is_empty());
        }
    });
}
