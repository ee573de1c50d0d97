//! What is measured besides sending and receiving one by one, and a raw channel to compare with.

pub(crate) mod broadcast;
pub(crate) mod coordination;
pub(crate) mod crossbeam;
pub(crate) mod forwarding;
pub(crate) mod levels;
pub(crate) mod round_trip;
