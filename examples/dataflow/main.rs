//! A small dataflow graph over the flights, in which a join is right only because of the clock.
//!
//! ```text
//!           ┌─▶ by carrier ─────┐
//! parse ────┤                   ├─▶ join
//!           └─▶ by destination ─┘
//! ```
//!
//! Each flight is numbered by its row. Of each flight, the one operator knows how many its carrier has had before,
//! and how late they were; the other one knows the same of its destination. The join wants, of each flight, both
//! sides *at the same number*: how the carrier compares with the destination, on average, just then. The operators
//! are fast or slow as they like, and leave out what has nothing to tell (the first flight of a carrier or to a
//! destination), so neither of them can be waited for, message by message. But when the clock of the join is at
//! `n`, both sides of `n` have come, or never will.
//!
//! Checks itself against a computation in one thread, and exits with 1 if they differ.

#[cfg(not(loom))]
mod graph;

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    graph::main()
}

// The dispatch works inside a model only, then.
#[cfg(loom)]
fn main() {}
