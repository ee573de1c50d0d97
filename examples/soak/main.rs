//! Endurance: random traffic for as long as you like, with every promise checked as it goes.
//!
//! A *round* is a dispatcher from its first handle to its last, with about a million messages. Drivers and modes take
//! turns, and the rest is drawn: capacities from 1 to 1,024, up to four receivers that stay and three threads that send to
//! all of them and broadcast, a receiver that stalls. Senders and broadcasters are replaced by clones and by
//! others of their name, receivers come and leave with everything full, and `Clone`, `Drop` and iterators panic now
//! and then. (Only the engine's death has to be arranged for in its build: `tests/death.rs`.)
//!
//! Receivers check what they get as they go. At the end of a round every message is accounted for, on its lane and by its
//! number, all values are dropped, no thread is left, and memory is where it was.
//!
//! ```text
//! cargo run --release --example soak -- --minutes 30
//! cargo run --release --example soak -- --help
//! ```
//!
//! A promise that is broken is exit status 1, and printed with the seed.

// The crates that read options and show progress are not there in a build for loom.
#[cfg(not(loom))]
mod failure;
#[cfg(not(loom))]
mod forwarding;
#[cfg(not(loom))]
mod hand;
#[cfg(not(loom))]
#[path = "../../tests/common/heap.rs"]
mod heap;
#[cfg(not(loom))]
mod ledger;
#[cfg(not(loom))]
mod plan;
#[cfg(not(loom))]
mod program;
#[cfg(not(loom))]
mod receiver;
#[cfg(not(loom))]
mod round;
#[cfg(not(loom))]
mod serializing;
#[cfg(not(loom))]
mod value;

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    program::main()
}

#[cfg(loom)]
fn main() {}
