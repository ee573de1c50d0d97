//! A peer: one way of getting messages from one thread to another.
//!
//! To measure one more, implement the three traits below and enter it where a bench lists its
//! subjects.

use super::crowd::Crowd;
use super::run::{Wiring, run};
use super::tally::Tally;
use super::workload::{Beside, Outcome, Shape, Workload};

/// How many messages a fast peer sends in a run, over all senders. Takes one or two tenths of a second: at the
/// start threads may share a core for a while, and in shorter runs that counts for much.
const MESSAGES: u64 = 1_600_000;

/// A way of getting messages from one thread to another.
pub(crate) trait Peer {
    /// What channels have in common: a dispatcher, where there is such a thing.
    type Hub;
    /// What sends.
    type Source: Source;
    /// What receives.
    type Sink: Sink;

    /// What it is called in results.
    fn name(&self) -> String;

    /// Makes what the channels of a run have in common. So many senders will send.
    fn hub(&self, senders: usize) -> Self::Hub;

    /// Makes a receiver and so many senders to it.
    fn channel(&self, hub: &mut Self::Hub, senders: usize) -> (Vec<Self::Source>, Self::Sink);

    /// How many messages all senders send together, for a run that is long enough to measure.
    fn messages(&self, shape: Shape, beside: Beside) -> u64 {
        let _ = (shape, beside);
        MESSAGES
    }
}

/// The sending half of a peer's channel.
pub(crate) trait Source: Send + 'static {
    /// Sends a message, waiting while the channel is full. Returns `false` if the receiver is known to be gone.
    fn send(&mut self, value: u64) -> bool;
}

/// The receiving half of a peer's channel.
pub(crate) trait Sink: Send + 'static {
    /// Receives a message, waiting for it; `None` at the end of the channel.
    fn recv(&mut self) -> Option<u64>;

    /// Receives, as a user of this peer would, until `tally` is complete.
    fn receive(&mut self, tally: &mut Tally) {
        while !tally.is_complete() {
            tally.count(self.recv().expect("the senders have not sent everything"));
        }
    }
}

/// A peer whose types do not matter any more, or something else that messages go through.
pub(crate) trait Subject {
    /// What it is called in results.
    fn name(&self) -> String;

    /// The usual work for it.
    fn workload(&self, shape: Shape, beside: Beside) -> Workload;

    /// Does the work.
    ///
    /// # Panics
    ///
    /// If messages are lost, or arrive twice or out of order; or if it hangs, and the workload has no limit.
    fn run(&self, workload: &Workload) -> Outcome;
}

impl<P: Peer> Subject for P {
    fn name(&self) -> String {
        Peer::name(self)
    }

    fn workload(&self, shape: Shape, beside: Beside) -> Workload {
        Workload {
            shape,
            messages: self.messages(shape, beside) / shape.all_senders() as u64,
            beside,
            limit: None,
        }
    }

    fn run(&self, workload: &Workload) -> Outcome {
        let Shape { receivers, senders } = workload.shape;
        let mut hub = self.hub(workload.shape.all_senders());
        let mut wiring = Wiring::default();
        for _ in 0..receivers {
            let (sources, sink) = self.channel(&mut hub, senders);
            wiring.sources.extend(sources.into_iter().enumerate());
            wiring.sinks.push((sink, senders));
        }
        let crowd = Crowd::new(self, &mut hub, workload.beside);
        // A dispatcher may go before its channels.
        drop(hub);
        run(wiring, crowd, workload)
    }
}
