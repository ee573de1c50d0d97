//! The program around the dispatch: options, input, output.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use indicatif::{HumanCount, ProgressBar};

use crate::check::{Verdict, check};
use crate::dispatch::{self, Run};
use crate::flight::{Flight, ShardKey, Sharding};
use crate::input;
use crate::tables::{ENOUGH_DEPARTURES, busiest_routes, worst_delays};

/// How many malformed rows are named; the others are only counted.
const NAMED: u64 = 10;

/// Tallies flights in several threads, and checks that all of them can be read as of the same moment
#[derive(Parser)]
#[command(name = "views")]
struct Options {
    /// A .csv or .csv.gz file, or `-` for standard input; without it, a sample of 20,000 flights
    path: Option<PathBuf>,
    /// How many views there are, each a thread
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    views: u16,
    /// How many flights are sent from one cut to the next
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// What decides which view a flight belongs to
    #[arg(long, value_name = "KEY", value_enum, default_value_t = ShardKey::Carrier)]
    shard: ShardKey,
}

pub(crate) fn main() -> ExitCode {
    match tally(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn tally(options: &Options) -> Result<(), Box<dyn Error>> {
    let flights = read(options)?;
    let sharding = Sharding {
        key: options.shard,
        views: options.views.into(),
    };
    let every = usize::try_from(options.every)?;
    let cuts = flights.len().div_ceil(every);

    // Draws nothing if standard error is not a terminal.
    let bar = ProgressBar::new((flights.len() + cuts) as u64);
    let run = dispatch::run(&flights, sharding, every, &bar);
    bar.finish_and_clear();
    let run = run?;

    let verdict =
        check(&flights, sharding, cuts, &run).map_err(|what| format!("mismatch: {what}"))?;
    match io::stdout().write_all(summary(&run, &verdict).as_bytes()) {
        // Who reads it has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Reads the input, and names malformed rows on standard error.
fn read(options: &Options) -> Result<Vec<Flight>, Box<dyn Error>> {
    let path = options.path.as_deref();
    let name = match path {
        None => "the sample".to_owned(),
        Some(path) if path == "-" => "standard input".to_owned(),
        Some(path) => path.display().to_string(),
    };
    let mut malformed = 0;
    let text = input::read(path).map_err(|error| format!("{name}: {error}"))?;
    let flights = input::parse(&text, |row| {
        malformed += 1;
        if malformed <= NAMED {
            complain(format_args!("{name}, line {}: {}", row.line, row.reason));
        }
    });
    if malformed > 0 {
        complain(format_args!(
            "{name}: {} left out",
            count(malformed, "malformed row")
        ));
    }
    flights.map_err(|error| format!("{name}: {error}").into())
}

fn summary(run: &Run, verdict: &Verdict) -> String {
    let tallies = &verdict.tallies;
    let flights = tallies.totals.flights;
    let cuts = verdict.cuts;
    let late = worst_delays(tallies).map_or_else(
        || format!("No route has {ENOUGH_DEPARTURES} departures."),
        |table| format!("{table}\n(of routes with at least {ENOUGH_DEPARTURES} departures)"),
    );
    let messages = flights + cuts;
    let rate = messages as f64 / run.elapsed.as_secs_f64();
    format!(
        "{}, {}, every view agreed\n\n{}\n\n{late}\n\n\
         {} in {:.1?}: {} a second; {} had flights on both sides\n",
        count(flights, "flight"),
        count(cuts, "cut"),
        busiest_routes(tallies),
        count(messages, "message"),
        run.elapsed,
        HumanCount(rate as u64),
        count(verdict.cuts_within, "cut"),
    )
}

fn count(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", HumanCount(n))
}

/// Writes to standard error; if that cannot be done there is nobody to tell.
fn complain(message: impl Display) {
    let _ = writeln!(io::stderr(), "views: {message}");
}
