//! How the cost of a message changes with the number of pairs, and with that of handles that are idle.
//!
//! ```text
//! cargo bench --bench scaling
//! cargo bench --bench scaling -- --rounds 21 pairs
//! ```
//!
//! Subjects and sizes take turns (see `benches/rounds`). Shown are medians over the rounds, and in brackets the
//! quartiles. `target/scaling` has them in `scaling.csv`, and a picture in `scaling.svg`.
//!
//! - *pairs*: so many senders, each to a receiver of its own, all of one dispatcher.
//! - *idle receivers*: one pair beside so many channels that are alive and unused.
//! - *idle senders*: one pair beside so many senders to one further receiver, alive and unused.

#[path = "../common/mod.rs"]
mod common;
#[path = "../subjects/crossbeam.rs"]
mod crossbeam;
#[path = "../rounds/mod.rs"]
mod rounds;

mod chart;
mod curve;

use std::error::Error;
use std::fs;
use std::path::Path;

use clap::Parser;

use common::driver::Driver;
use common::ours::{Ours, Receiving};
use common::workload::{Beside, Shape};
use crossbeam::Crossbeam;
use curve::{Curves, Sizes};
use rounds::Case;
use rounds::arguments::Arguments;

/// As many as take some minutes on two cores.
const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let effort = arguments.effort(ROUNDS);
    let mut all = Vec::new();
    for sizes in [
        Sizes {
            title: "pairs",
            counts: vec![1, 2, 4, 8, 16, 32, 64],
            of: |count| (Shape::pairs(count), Beside::default()),
        },
        Sizes {
            title: "idle receivers",
            counts: vec![0, 10, 100, 1_000, 10_000],
            of: |receivers| {
                let beside = Beside {
                    receivers,
                    ..Beside::default()
                };
                (Shape::pairs(1), beside)
            },
        },
        Sizes {
            title: "idle senders",
            counts: vec![0, 10, 100, 1_000, 10_000],
            of: |senders| {
                let beside = Beside {
                    senders,
                    ..Beside::default()
                };
                (Shape::pairs(1), beside)
            },
        },
    ] {
        if arguments.wants(sizes.title) {
            let curves = Curves::measure(&sizes, effort, cases);
            println!("{}\n{}\n", sizes.title, curves.table());
            all.push(curves);
        }
    }
    // Cargo's folder for temporary files is in the one for everything that is built.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let folder = target.expect("it is in another").join("scaling");
    fs::create_dir_all(&folder)?;
    curve::write(&folder.join("scaling.csv"), &all)?;
    chart::draw(&folder.join("scaling.svg"), &all)?;
    println!("All of it is in {}.", folder.display());
    Ok(())
}

/// Who is measured.
fn cases((shape, beside): (Shape, Beside)) -> Vec<Case> {
    let mut cases = Vec::new();
    for driver in Driver::ALL {
        for receiving in [Receiving::Messages, Receiving::Drained] {
            cases.push(Case::new(Ours { driver, receiving }, shape, beside));
        }
    }
    cases.push(Case::new(Crossbeam, shape, beside));
    cases
}
