//! How a sink of messages waits for space.

use std::task::{Context, Poll};

use crate::lane::FOR_SPACE;

use super::Source;

impl<T> Source<T> {
    /// Ready when a message can be put in, or never can be.
    pub(crate) fn poll_space(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Self { lane, sink, .. } = self;
        let is_ready = || !lane.is_full() || lane.is_closed();
        if !is_ready() {
            // No model shows this call: the feature is not there in a model. The test `streams_and_sinks` does.
            lane.blocked().enter(sink, FOR_SPACE, cx.waker());
            if !is_ready() {
                return Poll::Pending;
            }
        }
        lane.blocked().leave(sink);
        Poll::Ready(())
    }

    /// No task waits any more.
    pub(super) fn leave_sink(&mut self) {
        self.lane.blocked().leave(&mut self.sink);
    }
}
