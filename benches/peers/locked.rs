//! A lock around a counter, and a `crossbeam-channel` for each receiver, as a peer: what one would write.
//!
//! A message gets its number and its place in the channel under the lock, so that numbers are dense, and rise at each
//! receiver. A full channel must not hold the lock: it is tried again.

use std::sync::{Arc, Mutex};
use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::common::CAPACITY;
use crate::common::peer::{Peer, Sink, Source};

/// Lock, number, `try_send`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Locked;

/// A sender that numbers its messages.
#[derive(Clone, Debug)]
pub(crate) struct Numbering {
    last: Arc<Mutex<u64>>,
    sender: Sender<(u64, u64)>,
}

/// A receiver that checks that the numbers rise.
#[derive(Debug)]
pub(crate) struct Numbered {
    last: u64,
    receiver: Receiver<(u64, u64)>,
}

impl Peer for Locked {
    type Hub = Arc<Mutex<u64>>;
    type Source = Numbering;
    type Sink = Numbered;

    fn name(&self) -> String {
        "lock, number, crossbeam".to_owned()
    }

    fn hub(&self, _senders: usize) -> Self::Hub {
        Arc::default()
    }

    fn channel(&self, hub: &mut Self::Hub, senders: usize) -> (Vec<Numbering>, Numbered) {
        let (sender, receiver) = bounded(CAPACITY);
        let last = Arc::clone(hub);
        let sender = Numbering { last, sender };
        (vec![sender; senders], Numbered { last: 0, receiver })
    }
}

impl Source for Numbering {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        loop {
            let mut last = self.last.lock().expect("nobody panics under the lock");
            match self.sender.try_send((*last + 1, value)) {
                Ok(()) => {
                    *last += 1;
                    return true;
                }
                Err(TrySendError::Full(_)) => {}
                Err(TrySendError::Disconnected(_)) => return false,
            }
            drop(last);
            thread::yield_now();
        }
    }
}

impl Sink for Numbered {
    #[inline]
    fn recv(&mut self) -> Option<u64> {
        let (number, value) = self.receiver.recv().ok()?;
        assert!(number > self.last, "{number} came after {}", self.last);
        self.last = number;
        Some(value)
    }
}
