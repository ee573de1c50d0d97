//! What the benches have in common: the peers that are measured and the work that they do.
//!
//! A [`Peer`](peer::Peer) is a way of getting messages from one thread to another; each has a file of its
//! own. A [`Workload`](workload::Workload) says how many pairs of threads send how much to each other,
//! and who else is there. [`Subject::run`](peer::Subject::run) puts the two together.
//!
//! The time of a run is that from the moment the first thread is past the starting barrier until the
//! last message was received. Setting up, disconnecting and joining is not in it. Every receiver
//! checks that it gets exactly the messages sent to it, in order, and then the end of the channel, so a
//! run that loses something fails and is not fast.

pub(crate) mod coordination;
mod crowd;
pub(crate) mod forwarding;
pub(crate) mod levels;
pub(crate) mod ours;
pub(crate) mod peer;
pub(crate) mod raw_crossbeam;
mod tally;
pub(crate) mod upstream;
pub(crate) mod workload;

/// The capacity of every channel: of lanes and inboxes of ours, and the bound of the peers.
const CAPACITY: usize = 256;
