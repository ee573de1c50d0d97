//! The crowd: who is there besides those that are measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::CAPACITY;
use super::peer::{Peer, Source};
use super::run::{join, spawn};
use super::workload::Beside;

/// How many messages the sender of a stalled channel would send: more than find a place on the way.
const FLOOD: u64 = 6 * CAPACITY as u64;
/// A sender that gets nothing off for this long is blocked.
const STILL: Duration = Duration::from_millis(10);

/// Channels besides those that are measured. They end when it is dropped.
#[derive(Debug)]
pub(super) struct Crowd<A, B> {
    /// Sending and receiving halves, kept alive.
    _idle: Vec<(Vec<A>, B)>,
    /// Receivers that do not receive, and the threads that are blocked in sending to them.
    stalled: Vec<(B, JoinHandle<()>)>,
}

impl<A: Source, B> Crowd<A, B> {
    /// Makes the crowd, and waits until it is what it is to be.
    pub(super) fn new<P>(peer: &P, hub: &mut P::Hub, beside: Beside) -> Self
    where
        P: Peer<Source = A, Sink = B> + ?Sized,
    {
        let mut idle: Vec<_> = (0..beside.receivers)
            .map(|_| peer.channel(hub, 1))
            .collect();
        if beside.senders > 0 {
            idle.push(peer.channel(hub, beside.senders));
        }
        let stalled = (0..beside.stalled).flat_map(|_| {
            let (sources, sink) = peer.channel(hub, 1);
            sources
                .into_iter()
                .next()
                .map(|source| (sink, flood(source)))
        });
        Self {
            stalled: stalled.collect(),
            _idle: idle,
        }
    }
}

/// Starts a thread that sends, and returns when that is blocked.
fn flood(mut source: impl Source) -> JoinHandle<()> {
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
        for (sink, sender) in self.stalled.drain(..) {
            drop(sink);
            if !thread::panicking() {
                join(sender);
            }
        }
    }
}
