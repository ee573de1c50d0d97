//! Events and spans of `tracing`.

use std::sync::Arc;

use tracing::{Span, debug, debug_span, error, trace};

use super::Listener;
use crate::contained::contain;

/// What subscribers know events and spans of this crate by.
const TARGET: &str = "clocked_lanes";

/// Tells of a dispatcher by events and spans.
#[derive(Clone)]
pub(super) struct Trace {
    dispatcher: Arc<str>,
    wants_messages: bool,
}

/// A span that was entered.
pub(super) struct Wait {
    span: Span,
    /// What is told in it at the end.
    end: &'static str,
}

impl Wait {
    fn begin(span: Span, begin: &'static str, end: &'static str) -> Self {
        let wait = Self { span, end };
        // Not with the guard that there is for it: if a subscriber panicked in each of several calls
        // as that is dropped, the process would be aborted.
        wait.span.with_subscriber(|(id, to)| to.enter(id));
        debug!(target: TARGET, "{begin}");
        wait
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        contain(|| debug!(target: TARGET, "{}", self.end));
        contain(|| {
            self.span.with_subscriber(|(id, to)| to.exit(id));
        });
        contain(|| self.span = Span::none());
    }
}

impl Listener for Trace {
    type Wait = Wait;

    fn new(dispatcher: &str) -> Self {
        Self {
            dispatcher: Arc::from(dispatcher),
            wants_messages: false,
        }
    }

    fn receiver_joined(&self, receiver: &str) {
        let dispatcher = &*self.dispatcher;
        debug!(target: TARGET, dispatcher, receiver, "receiver joined");
    }

    fn receiver_left(&self, receiver: &str) {
        let dispatcher = &*self.dispatcher;
        debug!(target: TARGET, dispatcher, receiver, "receiver left");
    }

    fn source_joined(&self, id: u64, target: Option<&str>) {
        let dispatcher = &*self.dispatcher;
        match target {
            Some(receiver) => {
                debug!(target: TARGET, dispatcher, sender = id, receiver, "sender joined");
            }
            None => debug!(target: TARGET, dispatcher, sender = id, "broadcaster joined"),
        }
    }

    fn source_left(&self, id: u64, target: Option<&str>) {
        let dispatcher = &*self.dispatcher;
        match target {
            Some(receiver) => {
                debug!(target: TARGET, dispatcher, sender = id, receiver, "sender left");
            }
            None => debug!(target: TARGET, dispatcher, sender = id, "broadcaster left"),
        }
    }

    fn send_blocked(&self, id: u64, receiver: Option<&str>) -> Wait {
        let dispatcher = &*self.dispatcher;
        let span = debug_span!(target: TARGET, "send_blocked", dispatcher, sender = id, receiver);
        Wait::begin(span, "blocked", "unblocked")
    }

    fn receive_parked(&self, receiver: &str) -> Wait {
        let dispatcher = &*self.dispatcher;
        let span = debug_span!(target: TARGET, "receive_parked", dispatcher, receiver);
        Wait::begin(span, "parked", "resumed")
    }

    fn engine_died(&self) {
        let dispatcher = &*self.dispatcher;
        error!(target: TARGET, dispatcher, "engine died");
    }

    fn want_messages(&mut self) {
        self.wants_messages = true;
    }

    #[inline]
    fn wants_messages(&self) -> bool {
        self.wants_messages
    }

    fn message_sent(&self, id: u64, receiver: Option<&str>, seq: Option<u64>) {
        let dispatcher = &*self.dispatcher;
        trace!(target: TARGET, dispatcher, sender = id, receiver, seq, "sent");
    }

    fn message_received(&self, receiver: &str, seq: u64) {
        let dispatcher = &*self.dispatcher;
        trace!(target: TARGET, dispatcher, receiver, seq, "received");
    }
}
