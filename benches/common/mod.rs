//! What the benches have in common: the work that is measured, and this crate at it.
//!
//! A [`Peer`](peer::Peer) is a way of getting messages from one thread to another; each has a file of its
//! own, the peers that not every bench measures in `benches/subjects` and `benches/peers`. A
//! [`Workload`](workload::Workload) says how many threads send how much to how many others, and who else is
//! there. [`Subject::run`](peer::Subject::run) puts the two together.
//!
//! The time of a run is that from the moment the first thread is past the starting barrier until the
//! last message was received. Setting up, disconnecting and joining is not in it. Every receiver
//! checks that it gets exactly the messages sent to it, each sender's in order, and then the end of the
//! channel, so a run that loses something fails and is not fast.

mod crowd;
pub(crate) mod driver;
pub(crate) mod ours;
pub(crate) mod peer;
pub(crate) mod run;
pub(crate) mod tally;
pub(crate) mod workload;

/// The capacity of every channel: of lanes and inboxes of ours, and the bound of the peers.
pub(crate) const CAPACITY: usize = 256;
