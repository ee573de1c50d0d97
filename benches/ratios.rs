//! How much faster or slower than the peers, side by side in one process.
//!
//! ```text
//! cargo bench --bench ratios
//! cargo bench --bench ratios -- --rounds 31
//! cargo bench --bench ratios -- --quick idle
//! cargo bench --bench ratios --features async -- coordination
//! ```
//!
//! In every round each subject has one run, in turn: A B C, A B C, … What else the machine does at the
//! time is then much the same for the runs of a round, and the ratios within rounds mean more than the
//! rates. Shown are medians over the rounds, and for ratios also the quartiles: `1.23 (1.10-1.31)` is a
//! median of 1.23, and the middle half of the rounds is from 1.10 to 1.31.
//!
//! - *Against the peers*: rates in million messages per second over all pairs; the columns with
//!   `/ it` divide the rates of our variants by that of the subject in the row.
//! - *Against serializing*: the rates of forwarding, divided by that of serializing on the same shape.
//! - *Against one level*: the rate of three senders to two leaves through three levels of dispatchers, divided
//!   by that of the same messages through one serializing dispatcher.
//! - *Coordination, against a receiver that nobody watches*: the rates with a `Progress`, with batches and, with
//!   `--features async`, of tasks, divided by that of a sender and a receiver that send and receive one by one.
//! - *Against itself*: the rate of one pair alone, the rate of the same pair in company, and the latter
//!   divided by the former. 1.00 means that the company costs nothing. For `crossbeam`, whose channels have
//!   nothing in common, the ratio shows how much of the others is noise.
//!
//! Messages are `u64`, every capacity is 256, each sending and each receiving half has a thread of its
//! own. Upstream comes to a halt beside a stalled receiver; it has two seconds, once, to show otherwise.

mod common;

use std::fmt;
use std::time::Duration;

use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};

#[cfg(feature = "async")]
use common::coordination::tasks::Tasks;
use common::coordination::{Batches, Watched};
use common::forwarding::Forwards;
use common::levels::Levels;
use common::ours::{Ours, Receiving};
use common::peer::Subject;
use common::raw_crossbeam::RawCrossbeam;
use common::upstream::Upstream;
use common::workload::{Beside, Workload};

const MESSAGES: Ours = Ours {
    receiving: Receiving::Messages,
};
const DRAINED: Ours = Ours {
    receiving: Receiving::Drained,
};

/// Our variants; each gets a column.
const OURS: [&dyn Subject; 2] = [&MESSAGES, &DRAINED];
/// What they are compared with.
const PEERS: [&dyn Subject; 2] = [&RawCrossbeam, &Upstream];

const ROUNDS: usize = 15;
const QUICK_ROUNDS: usize = 3;
/// By how much runs are shorter with `--quick`,
const QUICK: u64 = 10;
/// as long as each pair passes so many messages, several times what its channel holds.
const LEAST: u64 = 2_000;
/// How many channels are idle.
const IDLE: usize = 1_000;
/// How long a peer has that may hang.
const LIMIT: Duration = Duration::from_secs(2);

/// Compares with the peers, side by side.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many rounds [default: 15; 3 with --quick]
    #[arg(long)]
    rounds: Option<usize>,
    /// Short runs, to see that everything works
    #[arg(long)]
    quick: bool,
    /// Only tables with one of these in the title
    filters: Vec<String>,
    /// Passed by `cargo bench`; without it, as in `cargo test --benches`, one quick round is run
    #[arg(long, hide = true)]
    bench: bool,
    /// As without `--bench`
    #[arg(long, hide = true)]
    test: bool,
}

/// How long everything is to go on.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    divisor: u64,
}

impl Arguments {
    fn effort(&self) -> Effort {
        let is_test = self.test || !self.bench;
        let default = match (is_test, self.quick) {
            (true, _) => 1,
            (_, true) => QUICK_ROUNDS,
            _ => ROUNDS,
        };
        Effort {
            rounds: self.rounds.unwrap_or(default).max(1),
            divisor: if self.quick || is_test { QUICK } else { 1 },
        }
    }

    fn wants(&self, title: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| title.contains(filter))
    }
}

fn main() {
    let arguments = Arguments::parse();
    let effort = arguments.effort();
    for (title, pairs) in [("1 to 1", 1), ("4 to 4", 4)] {
        if arguments.wants(title) {
            println!(
                "{title}, against the peers\n{}\n",
                against_peers(effort, pairs)
            );
        }
    }
    for (title, pairs) in [("forwarding, 1 to 1", 1), ("forwarding, 4 to 4", 4)] {
        if arguments.wants(title) {
            println!(
                "{title}, against serializing\n{}\n",
                forwarding(effort, pairs)
            );
        }
    }
    let title = "levels: one serializing dispatcher, and two levels below it";
    if arguments.wants(title) {
        println!("{title}, against one level\n{}\n", levels(effort));
    }
    for (title, pairs) in [("coordination, 1 to 1", 1), ("coordination, 4 to 4", 4)] {
        if arguments.wants(title) {
            println!(
                "{title}, against a receiver that nobody watches\n{}\n",
                coordination(effort, pairs)
            );
        }
    }
    let title = "idle: one pair beside 1,000 idle receivers";
    if arguments.wants(title) {
        println!("{title}, against itself\n{}\n", beside_idle(effort));
    }
    let title = "stalled: one pair beside a stalled receiver";
    if arguments.wants(title) {
        println!("{title}, against itself\n{}\n", beside_stalled(effort));
    }
}

/// One subject at one kind of work.
struct Case<'a> {
    subject: &'a dyn Subject,
    workload: Workload,
}

/// The rate in each round, in messages per second.
struct Rates(Vec<f64>);

/// Where the middle of some figures is, and their middle half.
struct Spread {
    lower: f64,
    median: f64,
    upper: f64,
}

impl<'a> Case<'a> {
    fn new(subject: &'a dyn Subject, pairs: usize, beside: Beside) -> Self {
        Self {
            subject,
            workload: subject.workload(pairs, beside),
        }
    }

    /// One run; its rate.
    fn run(&self, divisor: u64) -> f64 {
        let messages = self.workload.messages;
        let workload = Workload {
            messages: messages.min(LEAST.max(messages / divisor)),
            ..self.workload
        };
        let outcome = self.subject.run(&workload);
        // With a time limit it may have been less.
        assert!(outcome.received == workload.total() || workload.limit.is_some());
        outcome.received as f64 / outcome.elapsed.as_secs_f64()
    }
}

/// Has the cases take turns, round after round. The results are in the order of the cases.
fn take_turns(effort: Effort, cases: &[Case<'_>]) -> Vec<Rates> {
    let mut rates: Vec<Rates> = cases.iter().map(|_| Rates(Vec::new())).collect();
    for _ in 0..effort.rounds {
        for (case, rates) in cases.iter().zip(&mut rates) {
            rates.0.push(case.run(effort.divisor));
        }
    }
    rates
}

impl Rates {
    fn spread(&self) -> Spread {
        Spread::of(self.0.clone())
    }

    /// The ratios to the others, round by round.
    fn over(&self, others: &Self) -> Spread {
        let ratios = self.0.iter().zip(&others.0);
        Spread::of(ratios.map(|(ours, other)| ours / other).collect())
    }
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        // Between the two figures nearest to that place, in proportion.
        let at = |share: f64| {
            let place = share * (figures.len() - 1) as f64;
            let (low, high) = (
                figures[place.floor() as usize],
                figures[place.ceil() as usize],
            );
            low + (high - low) * place.fract()
        };
        Self {
            lower: at(0.25),
            median: at(0.5),
            upper: at(0.75),
        }
    }

    fn millions(&self) -> String {
        digits(self.median / 1e6)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [lower, median, upper] = [self.lower, self.median, self.upper].map(digits);
        write!(f, "{median} ({lower}-{upper})")
    }
}

/// Three digits, or as many more as there are before the point.
fn digits(figure: f64) -> String {
    let decimals = match figure {
        _ if figure >= 100.0 => 0,
        _ if figure >= 10.0 => 1,
        _ if figure >= 0.1 || figure == 0.0 => 2,
        _ => 4,
    };
    format!("{figure:.decimals$}")
}

fn against_peers(effort: Effort, pairs: usize) -> Table {
    let subjects = [&OURS[..], &PEERS].concat();
    let cases: Vec<Case<'_>> = subjects
        .iter()
        .map(|&subject| Case::new(subject, pairs, Beside::Nobody))
        .collect();
    let rates = take_turns(effort, &cases);

    let mut header = vec!["".to_owned(), "million/s".to_owned()];
    header.extend(OURS.map(|ours| format!("{} / it", ours.name())));
    let mut table = table(header);
    for (i, subject) in subjects.iter().enumerate() {
        let mut row = vec![subject.name().to_owned(), rates[i].spread().millions()];
        row.extend((0..OURS.len()).map(|ours| {
            if ours == i {
                "-".to_owned()
            } else {
                rates[ours].over(&rates[i]).to_string()
            }
        }));
        table.add_row(row);
    }
    table
}

fn forwarding(effort: Effort, pairs: usize) -> Table {
    let subjects: [&dyn Subject; 3] = [&MESSAGES, &Forwards::Frontier, &Forwards::Dense];
    against_first(effort, &subjects, pairs, "of serializing")
}

fn coordination(effort: Effort, pairs: usize) -> Table {
    let subjects: &[&dyn Subject] = &[
        &MESSAGES,
        &Watched::ByOne,
        &Watched::ByOneWhoWaits,
        &DRAINED,
        &Batches,
        #[cfg(feature = "async")]
        &Tasks,
        &RawCrossbeam,
    ];
    against_first(effort, subjects, pairs, "of nobody watching")
}

fn levels(effort: Effort) -> Table {
    let subjects: [&dyn Subject; 2] = [&Levels::One, &Levels::Three];
    against_first(effort, &subjects, 3, "of one level")
}

/// The rates, and what part of the first one's they are.
fn against_first(effort: Effort, subjects: &[&dyn Subject], pairs: usize, ratio: &str) -> Table {
    let cases: Vec<Case<'_>> = subjects
        .iter()
        .map(|&subject| Case::new(subject, pairs, Beside::Nobody))
        .collect();
    let rates = take_turns(effort, &cases);
    let header = ["", "million/s", ratio];
    let mut table = table(header.map(str::to_owned).to_vec());
    for (subject, rate) in subjects.iter().zip(&rates) {
        table.add_row([
            subject.name().to_owned(),
            rate.spread().millions(),
            rate.over(&rates[0]).to_string(),
        ]);
    }
    table
}

fn beside_idle(effort: Effort) -> Table {
    let subjects = [&OURS[..], &PEERS].concat();
    against_itself(effort, &subjects, Beside::Nobody, Beside::Idle(IDLE))
}

fn beside_stalled(effort: Effort) -> Table {
    let subjects = [&OURS[..], &[&RawCrossbeam]].concat();
    let mut table = against_itself(effort, &subjects, Beside::Idle(1), Beside::Stalled);

    let upstream = |beside| {
        let mut case = Case::new(&Upstream, 1, beside);
        case.workload.limit = Some(LIMIT);
        case.run(effort.divisor)
    };
    let (alone, beside) = (upstream(Beside::Idle(1)), upstream(Beside::Stalled));
    table.add_row([
        format!("{}, 1 round", Upstream.name()),
        digits(alone / 1e6),
        digits(beside / 1e6),
        digits(beside / alone),
    ]);
    table
}

fn against_itself(
    effort: Effort,
    subjects: &[&dyn Subject],
    alone: Beside,
    company: Beside,
) -> Table {
    let cases: Vec<Case<'_>> = subjects
        .iter()
        .flat_map(|&subject| [alone, company].map(|beside| Case::new(subject, 1, beside)))
        .collect();
    let rates = take_turns(effort, &cases);

    let header = ["", "alone, million/s", "in company", "ratio"];
    let mut table = table(header.map(str::to_owned).to_vec());
    for (subject, rates) in subjects.iter().zip(rates.chunks(2)) {
        table.add_row([
            subject.name().to_owned(),
            rates[0].spread().millions(),
            rates[1].spread().millions(),
            rates[1].over(&rates[0]).to_string(),
        ]);
    }
    table
}

fn table(header: Vec<String>) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
