//! How much faster or slower than the peers, side by side in one process.
//!
//! ```text
//! cargo bench --bench peers
//! cargo bench --bench peers -- --rounds 31
//! cargo bench --bench peers -- --quick idle
//! cargo bench --bench peers --features async -- coordination
//! ```
//!
//! Subjects take turns (see `benches/rounds`). Shown are medians over the rounds, and for ratios also the
//! quartiles: `1.23 (1.10-1.31)` is a median of 1.23, and the middle half of the rounds is from 1.10 to 1.31.
//! `target/peers` has the rates of all rounds in `results.json`, and a picture of the ratios in `ratios.svg`; that in
//! `pairs.svg` is of the first three works.
//!
//! - *N to M*, *broadcast*, *batches* and *round trip*: the columns with `/ it` divide the rates of our variants by
//!   that of the subject in the row.
//! - *forwarding*: the rates divided by that of serializing on the same shape.
//! - *levels*: the rate of three senders to two leaves through three levels of dispatchers, divided
//!   by that of the same messages through one serializing dispatcher.
//! - *coordination*: the rates with a `Progress`, and with `--features async` of tasks, divided by that of a
//!   receiver that nobody watches.
//! - *idle* and *stalled*: the rate of a pair in company, divided by that of the same pair without. 1.00 means that the
//!   company costs nothing. For `crossbeam`, whose channels have nothing in common, the ratio shows how much of
//!   the others is noise.
//! - *clock*: how often a thread can look at the clock in a second of its processor time, divided by how often at
//!   an `AtomicU64`.
//!
//! Messages are `u64`, every capacity is 256, each sending and each receiving half has a thread of its
//! own. Upstream comes to a halt beside a stalled receiver; it has two seconds to show otherwise.

#[path = "../common/mod.rs"]
mod common;
#[path = "../rounds/mod.rs"]
mod rounds;
#[path = "../subjects/mod.rs"]
mod subjects;

mod broadcasters;
mod chart;
mod clock_reads;
mod comparison;
mod locked;
mod queues;
mod relay;
mod results;
mod rings;
mod upstream;
mod works;

use std::error::Error;
use std::path::Path;

use clap::Parser;

use rounds::arguments::Arguments;

/// As many as take less than ten minutes on two cores.
const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let effort = arguments.effort(ROUNDS);
    let mut results = Vec::new();
    for work in works::all() {
        if arguments.wants(&work.title) {
            let result = work.measure(effort);
            println!("{}\n{}\n", result.title, result.table());
            results.push(result);
        }
    }
    // Cargo's folder for temporary files is in the one for everything that is built.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let folder = target.expect("it is in another").join("peers");
    results::write(&folder, effort, &results)?;
    chart::draw(&folder.join("ratios.svg"), results.iter())?;
    // The one in the README.
    let pairs = results.iter().filter(|it| works::are_pairs(&it.title));
    chart::draw(&folder.join("pairs.svg"), pairs)?;
    println!("All of it is in {}.", folder.display());
    Ok(())
}
