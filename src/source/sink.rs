//! How a sink of messages waits for space.

use std::task::{Context, Poll};

use crate::driver::{Caller, Party};
use crate::lane::FOR_SPACE;
use crate::wait_queue::Key;

use super::Source;

/// Where a task waits.
#[derive(Default)]
pub(super) struct Places {
    blocked: Key,
    parked: Key,
}

impl<T> Source<T> {
    /// Ready when a message can be put in, or never can be.
    pub(crate) fn poll_space(&mut self, cx: &Context<'_>) -> Poll<()> {
        let awaited = self.awaited();
        let Self {
            lane,
            sink,
            connection,
            ..
        } = self;
        let is_ready = || !lane.is_full() || lane.is_closed();
        if !is_ready() {
            connection.help();
        }
        if !is_ready() {
            // No model shows this call: the feature is not there in a model. The test `streams_and_sinks` does.
            lane.blocked()
                .enter(&mut sink.blocked, FOR_SPACE, cx.waker());
            if let Some(inline) = connection.inline() {
                // No model shows this call either.
                inline.sign_up(awaited, Party::Task, &mut sink.parked, cx.waker());
            }
            if !is_ready() {
                return Poll::Pending;
            }
        }
        self.leave_sink();
        Poll::Ready(())
    }

    /// No task waits any more.
    pub(super) fn leave_sink(&mut self) {
        self.lane.blocked().leave(&mut self.sink.blocked);
        if let Some(inline) = self.connection.inline() {
            // No model shows this call, as above.
            inline.sign_off(&mut self.sink.parked);
        }
    }
}
