//! How a death is told, for which an engine has to die: so this is here, and the rest in `tests/`.

use std::fmt::Debug;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tracing::field::{Field, Visit};
use tracing::span;
use tracing::subscriber::set_global_default;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::{DisconnectReason, Dispatcher, Receiver, TrySendError};

const NAME: &str = "the one that dies";

/// Waits for the death of the dispatcher called [`NAME`], and then uses the receiver that it was given.
struct Mourner(mpsc::Sender<Option<DisconnectReason>>, Mutex<Receiver<u32>>);

/// Whether an event is of [`NAME`].
struct IsOfThatName(bool);

impl Visit for IsOfThatName {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0 |= field.name() == "dispatcher" && value == NAME;
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl Subscriber for Mourner {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR && metadata.target() == "clocked_lanes"
    }

    fn event(&self, event: &Event<'_>) {
        let mut is_of_that_name = IsOfThatName(false);
        event.record(&mut is_of_that_name);
        if is_of_that_name.0 {
            let rx = self.1.lock().unwrap();
            assert!(rx.recv().is_err());
            self.0.send(rx.disconnect_reason()).unwrap();
            panic!("a subscriber that panics as it is told of a death, on purpose");
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// How many engines of [`NAME`] have died since the last call, by the metrics.
fn deaths(snapshotter: &Snapshotter) -> u64 {
    let figures = snapshotter.snapshot().into_vec();
    let of_that_name = figures.into_iter().filter_map(|(key, _, _, value)| {
        let is_death = key.key().name() == "clocked_lanes_engine_deaths_total";
        let mut labels = key.key().labels();
        let is_of_that_name = labels.any(|l| (l.key(), l.value()) == ("dispatcher", NAME));
        match value {
            DebugValue::Counter(n) if is_death && is_of_that_name => Some(n),
            _ => None,
        }
    });
    of_that_name.sum()
}

#[test]
fn a_death_is_told_when_everybody_has_been_released() {
    let builder = Dispatcher::builder().capacity(1).lane_capacity(1);
    let dispatcher = builder.thread_name(NAME).build().unwrap();
    let (tx, rx) = dispatcher.channel("a").unwrap();
    let (told, death) = mpsc::channel();
    // The engine is on a thread of its own, so it has to be for all of them. Others do not care.
    set_global_default(Mourner(told, Mutex::new(rx))).expect("no other test does this");
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().expect("no other test does this");
    dispatcher.kill_engine();
    let reason = death.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(reason, Some(DisconnectReason::DispatcherDied));
    assert_eq!(tx.try_send(1), Err(TrySendError::Disconnected(1)));
    // Told next, although the subscriber panics.
    while deaths(&snapshotter) == 0 {
        thread::yield_now();
    }

    // One that ends is no death. If it were told, a receive for it would wait here.
    let dispatcher = Dispatcher::<u32>::builder().thread_name(NAME).build();
    drop(dispatcher.unwrap());
    assert!(death.recv_timeout(Duration::from_millis(50)).is_err());
    assert_eq!(deaths(&snapshotter), 0);
}
