//! What machines read.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::comparison::Comparison;
use crate::rounds::arguments::Effort;

/// Everything that was measured in a run.
#[derive(Serialize)]
struct Results<'a> {
    version: &'static str,
    rounds: usize,
    /// Runs were so many times shorter than they should be.
    divisor: u64,
    comparisons: &'a [Comparison],
}

/// Writes `results.json`.
pub(crate) fn write(folder: &Path, effort: Effort, comparisons: &[Comparison]) -> io::Result<()> {
    let results = Results {
        version: env!("CARGO_PKG_VERSION"),
        rounds: effort.rounds,
        divisor: effort.divisor,
        comparisons,
    };
    fs::create_dir_all(folder)?;
    let text = serde_json::to_string_pretty(&results)?;
    fs::write(folder.join("results.json"), text)
}
