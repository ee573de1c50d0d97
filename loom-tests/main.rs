//! Models: every interleaving of a few threads, over the crate's own types.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release
//! ```
//!
//! With `--cfg clocked_lanes_inline` besides, the models of the whole dispatch are of one without a thread.
//!
//! Each model prints how many executions it explored. Models of a primitive explore all of them;
//! models of the whole dispatch explore those with a bounded number of preemptions, which
//! `LOOM_MAX_PREEMPTIONS` overrides.

#![cfg(loom)]

mod clock_cell;
mod dispatch;
mod explore;
mod forwarding;
mod inbox;
mod inline;
mod lane;
mod progress;
mod registration;
mod ring;
mod roster;
mod select;
mod shutdown;
mod signal_list;
mod waiter;
mod waiting;

// What `lane` is about here; elsewhere it is about the real one.
use clocked_lanes::models::channel;
use loom::thread;
