//! What is asked for on the command line.

use clap::Parser;

/// By how much runs are shorter with `--quick`.
const QUICK: u64 = 20;
const QUICK_ROUNDS: usize = 1;

/// Subjects take turns, round after round.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// How many rounds [default: as many as take some minutes; 1 with --quick]
    #[arg(long)]
    rounds: Option<usize>,
    /// Short runs, to see that everything works
    #[arg(long)]
    quick: bool,
    /// Only what has one of these in its title
    filters: Vec<String>,
    /// Passed by `cargo bench`; without it, as in `cargo test --benches`, one quick round is run
    #[arg(long, hide = true)]
    bench: bool,
    /// As without `--bench`
    #[arg(long, hide = true)]
    test: bool,
}

/// How long everything is to go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) divisor: u64,
}

impl Arguments {
    /// What that means, for a bench that has so many rounds unless told.
    pub(crate) fn effort(&self, rounds: usize) -> Effort {
        let is_quick = self.quick || self.test || !self.bench;
        let rounds = if is_quick { QUICK_ROUNDS } else { rounds };
        Effort {
            rounds: self.rounds.unwrap_or(rounds).max(1),
            divisor: if is_quick { QUICK } else { 1 },
        }
    }

    /// Whether this is among what is asked for.
    pub(crate) fn wants(&self, title: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| title.contains(filter))
    }
}
