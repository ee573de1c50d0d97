//! Several threads each keep a part of the statistics, and all parts are read as of the same moment.
//!
//! The input is a year of departures from New York. Each airport has a thread that feeds its flights in,
//! and each of several *views* is a thread that tallies the flights of some carriers (or destinations).
//! To report, one wants the sum of the views. But every thread runs at its own pace: at any instant
//! one view has fallen behind and another has run ahead, and with a plain channel to each there is no
//! order that flights of different channels have in common. "All views as of the same moment" then means
//! nothing, unless everybody is stopped.
//!
//! A clocked dispatch numbers the flights of all channels in one order, and gives "as of" a meaning: after
//! flight number so-and-so. A marker that is broadcast has one number too. A view that meets the
//! marker numbered `m` has got all its flights below `m` and none above, whenever that happens to be.
//! So the copies that the views make of their totals at that point are parts of one whole, a *cut*, and
//! nobody had to stop for it.
//!
//! The program holds the library to that. Numbers start at 1 and have no gaps, so below the `k`-th
//! marker, if its number is `m`, there are `m - k` flights: the totals of the cut must add up to this.
//! And once all is done one thread goes through the flights again in the order of their numbers, and
//! each view must have been at every cut exactly where this plain count is. A difference is exit status 1.
//!
//! ```text
//! cargo run --release --example views                   # a sample of 20,000 flights
//! cargo run --release --example views -- flights.csv.gz
//! cargo run --release --example views -- --help
//! ```
//!
//! Read `dispatch.rs` first: it is the part that uses the library.

// The crates that read options and files and draw tables are not there in a build for loom.
#[cfg(not(loom))]
mod check;
#[cfg(not(loom))]
mod dispatch;
#[cfg(not(loom))]
mod flight;
#[cfg(not(loom))]
mod input;
#[cfg(not(loom))]
mod program;
#[cfg(not(loom))]
mod tables;
#[cfg(not(loom))]
mod tally;

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    program::main()
}

#[cfg(loom)]
fn main() {}
