//! Two `crossbeam-channel`s with a thread between them, as a peer: the two hops of a dispatcher with a thread, and
//! nothing that is done on the way.

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::common::CAPACITY;
use crate::common::peer::Peer;
use crate::common::run::spawn;

/// A bounded `crossbeam-channel`, a thread that relays, and another one, for each receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relay;

impl Peer for Relay {
    type Hub = ();
    type Source = Sender<u64>;
    type Sink = Receiver<u64>;

    fn name(&self) -> String {
        "crossbeam, relay, crossbeam".to_owned()
    }

    fn hub(&self, _senders: usize) {}

    fn channel(&self, _hub: &mut (), senders: usize) -> (Vec<Sender<u64>>, Receiver<u64>) {
        let (sender, inner) = bounded(CAPACITY);
        let (outer, receiver) = bounded(CAPACITY);
        // Ends with the senders, or with the receiver.
        spawn("relay", move || {
            for value in inner {
                if outer.send(value).is_err() {
                    return;
                }
            }
        });
        (vec![sender; senders], receiver)
    }
}
