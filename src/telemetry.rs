//! What others are told of a dispatch: those who listen by way of `tracing` or `metrics`.
//!
//! [`Telemetry`] is all that the rest of the crate knows of them. Without the features, and in models, nobody
//! listens, and its calls do nothing.
//!
//! A subscriber or a recorder is user code. It is called by handles, before they begin with what they tell of or when they have
//! done it; and by the dispatcher's thread only when that has died and has let go of everything. So it may use
//! the crate as anybody may. Where it panics, that is the caller's if a handle is being made: the handle is whole by
//! then, and leaves as the panic goes on. Everywhere else the panic ends here. There, a message is in hand, or a
//! handle is on its way out, and neither is to suffer because somebody wanted to hear of it.

#[cfg(all(feature = "metrics", not(loom)))]
mod measure;
#[cfg(not(all(feature = "metrics", feature = "tracing", not(loom))))]
mod silent;
#[cfg(all(test, not(loom), feature = "metrics", feature = "tracing"))]
mod tests;
#[cfg(all(feature = "tracing", not(loom)))]
mod trace;

use crate::contained::contain;
use crate::inbox::Inbox;
use crate::lane::Lane;

#[cfg(all(feature = "metrics", not(loom)))]
use self::measure::Measure;
#[cfg(not(all(feature = "metrics", not(loom))))]
use self::silent::Silent as Measure;
#[cfg(not(all(feature = "tracing", not(loom))))]
use self::silent::Silent as Trace;
#[cfg(all(feature = "tracing", not(loom)))]
use self::trace::Trace;

/// One who is told of a dispatcher. What it has no use for, it need not mind.
///
/// A source is told of by its id, and by the name of its receiver if it is a sender.
trait Listener: Clone {
    /// There is one while a call waits.
    type Wait;

    fn new(dispatcher: &str) -> Self;

    fn receiver_joined(&self, _receiver: &str) {}

    fn receiver_left(&self, _receiver: &str) {}

    fn source_joined(&self, _id: u64, _target: Option<&str>) {}

    fn source_left(&self, _id: u64, _target: Option<&str>) {}

    fn send_blocked(&self, id: u64, target: Option<&str>) -> Self::Wait;

    fn receive_parked(&self, receiver: &str) -> Self::Wait;

    fn engine_died(&self) {}

    /// Asks to be told of every message.
    fn want_messages(&mut self) {}

    fn wants_messages(&self) -> bool {
        false
    }

    fn message_sent(&self, _id: u64, _target: Option<&str>, _seq: Option<u64>) {}

    fn message_received(&self, _receiver: &str, _seq: u64) {}
}

/// Tells of one dispatcher. Clones are for its parts.
#[derive(Clone)]
pub(crate) struct Telemetry {
    trace: Trace,
    measure: Measure,
}

/// A call waits. Dropped when it does not any more.
#[derive(Default)]
pub(crate) struct Waiting {
    trace: Option<<Trace as Listener>::Wait>,
    measure: Option<<Measure as Listener>::Wait>,
}

/// Tells of the engine's death, if it is dropped by a panic.
pub(crate) struct DeathWatch(Telemetry);

impl Telemetry {
    /// `dispatcher` is the name of the dispatcher's thread.
    pub(crate) fn new(dispatcher: &str, traces_messages: bool) -> Self {
        let mut trace = Trace::new(dispatcher);
        if traces_messages {
            trace.want_messages();
        }
        let measure = Measure::new(dispatcher);
        Self { trace, measure }
    }

    /// A receiver has joined. To be called when it would leave if this panicked.
    pub(crate) fn receiver_joined<T>(&self, inbox: &Inbox<T>) {
        self.trace.receiver_joined(inbox.name());
        self.measure.receiver_joined(inbox.name());
    }

    pub(crate) fn receiver_left<T>(&self, inbox: &Inbox<T>) {
        contain(|| self.trace.receiver_left(inbox.name()));
        contain(|| self.measure.receiver_left(inbox.name()));
    }

    /// A sender or a broadcaster has joined. To be called when it would leave if this panicked.
    pub(crate) fn source_joined<T>(&self, lane: &Lane<T>) {
        self.trace.source_joined(lane.id(), target(lane));
        self.measure.source_joined(lane.id(), target(lane));
    }

    pub(crate) fn source_left<T>(&self, lane: &Lane<T>) {
        contain(|| self.trace.source_left(lane.id(), target(lane)));
        contain(|| self.measure.source_left(lane.id(), target(lane)));
    }

    /// A send has found its lane full, and is about to wait.
    #[must_use = "a call waits until this is dropped"]
    pub(crate) fn send_blocked<T>(&self, lane: &Lane<T>) -> Waiting {
        let mut waiting = Waiting::default();
        contain(|| waiting.trace = Some(self.trace.send_blocked(lane.id(), target(lane))));
        contain(|| waiting.measure = Some(self.measure.send_blocked(lane.id(), target(lane))));
        waiting
    }

    /// A receive has found nothing, and is about to park.
    #[must_use = "a call waits until this is dropped"]
    pub(crate) fn receive_parked<T>(&self, inbox: &Inbox<T>) -> Waiting {
        let mut waiting = Waiting::default();
        contain(|| waiting.trace = Some(self.trace.receive_parked(inbox.name())));
        contain(|| waiting.measure = Some(self.measure.receive_parked(inbox.name())));
        waiting
    }

    /// By the dispatcher's thread, before it takes the engine: this has to be dropped after the engine, when
    /// everybody has been told by that.
    pub(crate) fn watch_engine(self) -> DeathWatch {
        DeathWatch(self)
    }

    /// The engine has died, and everybody has been told by its being dropped.
    pub(crate) fn engine_died(&self) {
        contain(|| self.trace.engine_died());
        contain(|| self.measure.engine_died());
    }

    /// A message was put into a lane; `seq` is its number, if it has one by then.
    #[inline]
    pub(crate) fn message_sent<T>(&self, lane: &Lane<T>, seq: Option<u64>) {
        if self.trace.wants_messages() {
            contain(|| self.trace.message_sent(lane.id(), target(lane), seq));
        }
    }

    /// A message was taken out of an inbox.
    #[inline]
    pub(crate) fn message_received<T>(&self, inbox: &Inbox<T>, seq: u64) {
        if self.trace.wants_messages() {
            contain(|| self.trace.message_received(inbox.name(), seq));
        }
    }
}

fn target<T>(lane: &Lane<T>) -> Option<&str> {
    lane.target().map(|inbox| inbox.name())
}

impl Drop for Waiting {
    fn drop(&mut self) {
        contain(|| self.measure = None);
        // It sees to panics itself, as there may be several.
        self.trace = None;
    }
}

impl Drop for DeathWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.engine_died();
        }
    }
}
