//! The crowd: who is there besides the pairs that are measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::CAPACITY;
use super::peer::{Sink, Source};
use super::workload::{Beside, join, spawn};

/// How many messages the sender of a stalled channel would send: more than find a place on the way.
const FLOOD: u64 = 4 * CAPACITY as u64;
/// A sender that gets nothing off for this long is blocked.
const STILL: Duration = Duration::from_millis(10);

/// Channels besides those that are measured. They end when it is dropped.
#[derive(Debug)]
pub(super) enum Crowd<A, B> {
    /// Sending and receiving halves, kept alive.
    Idle { _sources: Vec<A>, _sinks: Vec<B> },
    /// A receiver that does not receive, and the thread that is blocked in sending to it.
    Stalled {
        sink: Option<B>,
        sender: Option<JoinHandle<()>>,
    },
}

impl<A: Source, B: Sink> Crowd<A, B> {
    /// Makes the crowd of these channels, and waits until it is what it is to be.
    pub(super) fn new(beside: Beside, mut channels: Vec<(A, B)>) -> Self {
        match (beside, channels.pop()) {
            (Beside::Stalled, Some((source, sink))) => Self::Stalled {
                sink: Some(sink),
                sender: Some(flood(source)),
            },
            (_, last) => {
                let (sources, sinks) = channels.into_iter().chain(last).unzip();
                Self::Idle {
                    _sources: sources,
                    _sinks: sinks,
                }
            }
        }
    }
}

/// Starts a thread that sends, and returns when that is blocked.
fn flood(source: impl Source) -> JoinHandle<()> {
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let sender = spawn("stalled", move || {
        // Ends when the receiver goes: by the error, or because all the messages can go.
        for value in 0..FLOOD {
            if !source.send(value) {
                break;
            }
            counter.store(value + 1, Ordering::Relaxed);
        }
    });
    let mut before = 0;
    loop {
        thread::sleep(STILL);
        let now = sent.load(Ordering::Relaxed);
        assert!(now < FLOOD, "nothing stops the sender");
        if now == before && now >= CAPACITY as u64 {
            return sender;
        }
        before = now;
    }
}

impl<A, B> Drop for Crowd<A, B> {
    fn drop(&mut self) {
        if let Self::Stalled { sink, sender } = self {
            drop(sink.take());
            if let Some(sender) = sender.take().filter(|_| !thread::panicking()) {
                join(sender);
            }
        }
    }
}
