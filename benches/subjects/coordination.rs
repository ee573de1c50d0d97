//! This crate, with what it has beside sending and receiving one by one.

use std::thread;

use clocked_lanes::{Progress, Sender, Serializing};

use crate::common::driver::Driver;
use crate::common::ours::{Hub, Inlet, Ours, Receiving};
use crate::common::peer::{Peer, Sink, Source};
use crate::common::tally::Tally;

/// A receiver that somebody watches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched {
    pub(crate) driver: Driver,
    pub(crate) by: By,
}

/// Who watches it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    /// There is a [`Progress`], and nobody waits.
    One,
    /// A thread waits for one number after the other: wherever the receiver is, the next one.
    OneWhoWaits,
}

/// The receiver, and who watches it.
#[derive(Debug)]
pub(crate) struct WatchedInlet {
    progress: Progress,
    by: By,
    inlet: Inlet,
}

impl Watched {
    fn ours(self) -> Ours {
        Ours {
            driver: self.driver,
            receiving: Receiving::Messages,
        }
    }
}

impl Peer for Watched {
    type Hub = Hub<Serializing>;
    type Source = Sender<u64>;
    type Sink = WatchedInlet;

    fn name(&self) -> String {
        let driver = self.driver;
        match self.by {
            By::One => format!("ours, {driver}, watched"),
            By::OneWhoWaits => format!("ours, {driver}, watched by one who waits"),
        }
    }

    fn hub(&self, senders: usize) -> Self::Hub {
        self.ours().hub(senders)
    }

    fn channel(&self, hub: &mut Self::Hub, senders: usize) -> (Vec<Sender<u64>>, WatchedInlet) {
        let (senders, inlet) = self.ours().channel(hub, senders);
        let inlet = WatchedInlet {
            progress: inlet.receiver.progress(),
            by: self.by,
            inlet,
        };
        (senders, inlet)
    }
}

impl Sink for WatchedInlet {
    fn recv(&mut self) -> Option<u64> {
        self.inlet.recv()
    }

    fn receive(&mut self, tally: &mut Tally) {
        if let By::OneWhoWaits = self.by {
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
}

/// Batches on one side, and draining on the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batches {
    pub(crate) driver: Driver,
}

/// How many messages are in a batch.
const BATCH: usize = 64;

/// A sender that sends batches; what is left it sends when it is dropped.
#[derive(Debug)]
pub(crate) struct Batching {
    sender: Sender<u64>,
    batch: Vec<u64>,
}

impl Batches {
    fn ours(self) -> Ours {
        Ours {
            driver: self.driver,
            receiving: Receiving::Drained,
        }
    }
}

impl Peer for Batches {
    type Hub = Hub<Serializing>;
    type Source = Batching;
    type Sink = Inlet;

    fn name(&self) -> String {
        format!("ours, {}, batches of {BATCH}, drain", self.driver)
    }

    fn hub(&self, senders: usize) -> Self::Hub {
        self.ours().hub(senders)
    }

    fn channel(&self, hub: &mut Self::Hub, senders: usize) -> (Vec<Batching>, Inlet) {
        let (senders, inlet) = self.ours().channel(hub, senders);
        let batching = senders.into_iter().map(|sender| Batching {
            sender,
            batch: Vec::with_capacity(BATCH),
        });
        (batching.collect(), inlet)
    }
}

impl Source for Batching {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        self.batch.push(value);
        self.batch.len() < BATCH || self.sender.send_batch(self.batch.drain(..)).is_ok()
    }
}

impl Drop for Batching {
    fn drop(&mut self) {
        // If the receiver is gone, so is the use of it.
        let _ = self.sender.send_batch(self.batch.drain(..));
    }
}

/// Tasks instead of threads, each run by a thread that does nothing else.
#[cfg(feature = "async")]
pub(crate) mod tasks {
    use clocked_lanes::{Receiver, Sender, Serializing};
    use pollster::block_on;

    use crate::common::driver::Driver;
    use crate::common::ours::{Hub, Ours, Receiving};
    use crate::common::peer::{Peer, Sink, Source};
    use crate::common::tally::Tally;

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Tasks {
        pub(crate) driver: Driver,
    }

    #[derive(Debug)]
    pub(crate) struct Sending(Sender<u64>);

    #[derive(Debug)]
    pub(crate) struct Receives(Receiver<u64>);

    impl Peer for Tasks {
        type Hub = Hub<Serializing>;
        type Source = Sending;
        type Sink = Receives;

        fn name(&self) -> String {
            format!("ours, {}, tasks", self.driver)
        }

        fn hub(&self, senders: usize) -> Self::Hub {
            let ours = Ours {
                driver: self.driver,
                receiving: Receiving::Messages,
            };
            ours.hub(senders)
        }

        fn channel(&self, hub: &mut Self::Hub, senders: usize) -> (Vec<Sending>, Receives) {
            let (senders, receiver) = hub.channel(senders);
            (
                senders.into_iter().map(Sending).collect(),
                Receives(receiver),
            )
        }
    }

    impl Source for Sending {
        #[inline]
        fn send(&mut self, value: u64) -> bool {
            block_on(self.0.send_async(value)).is_ok()
        }
    }

    impl Sink for Receives {
        fn recv(&mut self) -> Option<u64> {
            let message = block_on(self.0.recv_message_async());
            Some(message.ok()?.1)
        }

        fn receive(&mut self, tally: &mut Tally) {
            block_on(async {
                while !tally.is_complete() {
                    let message = self.0.recv_message_async().await;
                    tally.count(message.expect("the senders have not sent everything").1);
                }
            });
        }
    }
}
