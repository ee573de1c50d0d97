//! This crate, with what it has beside sending and receiving one by one.

use std::cell::RefCell;
use std::thread;

use clocked_lanes::{Progress, Sender};

use super::ours::{Inlet, Ours, Receiving};
use super::peer::{Peer, Sink, Source};
use super::tally::Tally;

/// A receiver that somebody watches.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Watched {
    /// There is a [`Progress`], and nobody waits.
    ByOne,
    /// A thread waits for one number after the other: wherever the receiver is, the next one.
    ByOneWhoWaits,
}

/// The receiver, and who watches it.
#[derive(Debug)]
pub(crate) struct WatchedInlet {
    progress: Progress,
    by: Watched,
    inlet: Inlet,
}

impl Peer for Watched {
    type Source = Sender<u64>;
    type Sink = WatchedInlet;

    fn name(&self) -> &'static str {
        match self {
            Self::ByOne => "watched",
            Self::ByOneWhoWaits => "watched by one who waits",
        }
    }

    fn channels(&self, count: usize) -> Vec<(Sender<u64>, WatchedInlet)> {
        let receiving = Receiving::Messages;
        let channels = Ours { receiving }.channels(count).into_iter();
        let watched = channels.map(|(sender, inlet)| {
            let progress = inlet.progress();
            let by = *self;
            let inlet = WatchedInlet {
                progress,
                by,
                inlet,
            };
            (sender, inlet)
        });
        watched.collect()
    }
}

impl Sink for WatchedInlet {
    fn receive(&self, tally: &Tally) {
        if let Watched::ByOneWhoWaits = self.by {
            let progress = self.progress.clone();
            thread::spawn(move || {
                let mut next = progress.observed().get() + 1;
                while let Ok(seen) = progress.wait_for(next) {
                    // A receiver that has come to its end is up to date for every number.
                    if progress.observed() < seen {
                        return;
                    }
                    next = seen.get() + 1;
                }
            });
        }
        self.inlet.receive(tally);
    }

    fn is_over(&self) -> bool {
        self.inlet.is_over()
    }
}

/// Batches on one side, and draining on the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batches;

/// How many messages are in a batch.
const BATCH: usize = 64;

/// A sender that sends batches; what is left it sends when it is dropped.
#[derive(Debug)]
pub(crate) struct Batching {
    sender: Sender<u64>,
    batch: RefCell<Vec<u64>>,
}

impl Peer for Batches {
    type Source = Batching;
    type Sink = Inlet;

    fn name(&self) -> &'static str {
        "batches of 64, drain"
    }

    fn channels(&self, count: usize) -> Vec<(Batching, Inlet)> {
        let receiving = Receiving::Drained;
        let channels = Ours { receiving }.channels(count).into_iter();
        let batching = channels.map(|(sender, inlet)| {
            let batch = RefCell::new(Vec::with_capacity(BATCH));
            (Batching { sender, batch }, inlet)
        });
        batching.collect()
    }
}

impl Source for Batching {
    #[inline]
    fn send(&self, value: u64) -> bool {
        let mut batch = self.batch.borrow_mut();
        batch.push(value);
        batch.len() < BATCH || self.sender.send_batch(batch.drain(..)).is_ok()
    }
}

impl Drop for Batching {
    fn drop(&mut self) {
        // If the receiver is gone, so is the use of it.
        let _ = self.sender.send_batch(self.batch.get_mut().drain(..));
    }
}

/// Tasks instead of threads, each run by a thread that does nothing else.
#[cfg(feature = "async")]
pub(crate) mod tasks {
    use std::cell::RefCell;

    use clocked_lanes::{Dispatcher, Receiver, Sender};
    use pollster::block_on;

    use super::super::CAPACITY;
    use super::super::peer::{Peer, Sink, Source};
    use super::super::tally::Tally;

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Tasks;

    #[derive(Debug)]
    pub(crate) struct Sending(Sender<u64>);

    #[derive(Debug)]
    pub(crate) struct Receives(RefCell<Receiver<u64>>);

    impl Peer for Tasks {
        type Source = Sending;
        type Sink = Receives;

        fn name(&self) -> &'static str {
            "tasks"
        }

        fn channels(&self, count: usize) -> Vec<(Sending, Receives)> {
            let dispatcher = Dispatcher::builder()
                .capacity(CAPACITY)
                .lane_capacity(CAPACITY)
                .build()
                .expect("the capacities are valid, and a thread can be started");
            let channel = |n| {
                let (sender, receiver) = dispatcher
                    .channel(format!("receiver {n}"))
                    .expect("the names differ");
                (Sending(sender), Receives(RefCell::new(receiver)))
            };
            (0..count).map(channel).collect()
        }
    }

    impl Source for Sending {
        #[inline]
        fn send(&self, value: u64) -> bool {
            block_on(self.0.send_async(value)).is_ok()
        }
    }

    impl Sink for Receives {
        fn receive(&self, tally: &Tally) {
            let mut receiver = self.0.borrow_mut();
            block_on(async {
                while !tally.is_complete() {
                    let message = receiver.recv_message_async().await;
                    tally.count(message.expect("the sender has not sent everything").1);
                }
            });
        }

        fn is_over(&self) -> bool {
            self.0.borrow().recv_message().is_err()
        }
    }
}
