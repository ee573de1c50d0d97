//! Shows that the models can fail.
//!
//! ```text
//! cargo test --test mutations
//! cargo test --test mutations -- --longest 10 ring.rs waiter.rs
//! cargo test --test mutations -- --all ring.rs
//! ```
//!
//! Every atomic ordering, every fence, every wake-up and every second look in `src/` is a *site*. One at a
//! time, an ordering is made one step weaker, or a fence, wake-up or look is left out, and the models
//! are run until one fails. A site that no model needs is a survivor. It has its argument beside the
//! line, with the words "no model shows", or the run fails; it fails too if a model does show what the
//! line says none does. Those that take long are not asked, unless `--longest-explained` has them be.
//!
//! All this is done in a copy of the crate in which each site has a switch, so that it is built once.

mod models;
mod scratch;
mod sites;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use models::Models;
use scratch::Mutant;

/// Weakens the crate's orderings, fences and wake-ups one at a time, and tells which models notice.
#[derive(Parser)]
#[command(bin_name = "cargo test --test mutations --")]
struct Args {
    /// Only files whose path below src/ contains one of these.
    files: Vec<String>,
    /// Run every model on every mutant, not only until one fails.
    #[arg(long)]
    all: bool,
    /// Leave out models that take longer than this by themselves, in seconds.
    #[arg(long, default_value_t = 600)]
    longest: u64,
    /// The same for sites whose lines say that no model shows them: each model that is run on one is run in full.
    #[arg(long, default_value_t = 5)]
    longest_explained: u64,
    /// Only list the sites.
    #[arg(long)]
    list: bool,
    /// How many models run at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

struct Verdict<'a> {
    mutant: &'a Mutant,
    caught_by: Vec<String>,
    out_of_time: Vec<String>,
}

impl Verdict<'_> {
    fn text(&self) -> String {
        match (self.caught_by.as_slice(), self.mutant.site.is_explained) {
            ([], true) => "survives, as its line explains".to_owned(),
            ([], false) if self.out_of_time.is_empty() => "SURVIVES".to_owned(),
            ([], false) => format!("UNDECIDED, out of time: {}", self.out_of_time.join(", ")),
            (names, true) => format!("{}; ITS LINE SAYS THAT NONE DOES", names.join(", ")),
            (names, false) => names.join(", "),
        }
    }

    fn is_as_it_should_be(&self) -> bool {
        self.caught_by.is_empty() == self.mutant.site.is_explained
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutations");
    let mut mutants = scratch::make(Path::new(env!("CARGO_MANIFEST_DIR")), &copy);
    mutants.retain(|mutant| {
        let is_meant = args.files.iter().any(|part| mutant.file.contains(part));
        args.files.is_empty() || is_meant
    });
    if args.list {
        for mutant in &mutants {
            println!("{}:{}  {}", mutant.file, mutant.site.line, mutant.site.what);
        }
        return ExitCode::SUCCESS;
    }

    let (in_roster, mutants): (Vec<_>, Vec<_>) = mutants
        .iter()
        .partition(|mutant| mutant.file == "roster.rs");
    let (in_inline, elsewhere): (Vec<_>, Vec<_>) = mutants
        .into_iter()
        .partition(|mutant| ["driver/baton.rs", "driver/inline.rs"].contains(&&*mutant.file));
    let verdicts = try_all(&copy, "--cfg loom", "", &elsewhere, &args);
    let (mut verdicts, survivors): (Vec<_>, Vec<_>) =
        verdicts.into_iter().partition(Verdict::is_as_it_should_be);
    // Every model of a whole dispatch runs without a thread, too, and what is there for that may be missed in
    // those only.
    let mut again = in_inline;
    again.extend(survivors.iter().map(|verdict| verdict.mutant));
    let inline = "--cfg loom --cfg clocked_lanes_inline";
    verdicts.extend(try_all(&copy, inline, "", &again, &args));
    // The orderings of the roster are those of its epochs, which loom sees into on request.
    let both = "--cfg loom --cfg crossbeam_loom";
    verdicts.extend(try_all(&copy, both, "roster::", &in_roster, &args));
    report(&verdicts)
}

/// Runs the models whose names begin with `prefix`, built with `rustflags`, on the mutants.
fn try_all<'a>(
    copy: &Path,
    rustflags: &str,
    prefix: &str,
    mutants: &[&'a Mutant],
    args: &Args,
) -> Vec<Verdict<'a>> {
    if mutants.is_empty() {
        return Vec::new();
    }
    let program = scratch::build(copy, rustflags);
    let names = models::names(&program, prefix);
    let limit = Duration::from_secs(args.longest);
    let measured = in_parallel("models", args.jobs, &names, |name| {
        models::measure(&program, name.clone(), limit)
    });
    for (name, measured) in names.iter().zip(&measured) {
        if measured.is_none() {
            println!("left out, for time: {name}");
        }
    }
    let models = Models::new(program, measured.into_iter().flatten().collect());
    in_parallel("mutants", args.jobs, mutants, |mutant| {
        let longest = if mutant.site.is_explained {
            Duration::from_secs(args.longest_explained)
        } else {
            limit
        };
        let (caught_by, out_of_time) = models.try_on(mutant.number, longest, args.all);
        let verdict = Verdict {
            mutant,
            caught_by,
            out_of_time,
        };
        // A whole run takes long. So that something is known of one that is stopped.
        let site = &mutant.site;
        println!(
            "{}:{} {}: {}",
            mutant.file,
            site.line,
            site.what,
            verdict.text()
        );
        verdict
    })
}

/// Does the same with each item, with several at a time, and shows how far it has got.
fn in_parallel<'a, I: Sync, R: Send>(
    what: &'static str,
    jobs: usize,
    items: &'a [I],
    work: impl Fn(&'a I) -> R + Sync,
) -> Vec<R> {
    let style = ProgressStyle::with_template("{prefix} {pos}/{len} {elapsed}")
        .expect("the template is well-formed");
    let bar = ProgressBar::new(items.len() as u64)
        .with_style(style)
        .with_prefix(what);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(n) else { return };
                    let result = work(item);
                    bar.inc(1);
                    done.lock().expect("no worker panics").push((n, result));
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut done = done.into_inner().expect("no worker panics");
    done.sort_by_key(|&(n, _)| n);
    done.into_iter().map(|(_, result)| result).collect()
}

fn report(verdicts: &[Verdict<'_>]) -> ExitCode {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["site", "weakened", "caught by"]);
    for verdict in verdicts {
        let site = &verdict.mutant.site;
        table.add_row([
            format!("{}:{}", verdict.mutant.file, site.line),
            site.what.clone(),
            verdict.text(),
        ]);
    }
    println!("{table}");
    let caught = verdicts.iter().filter(|v| !v.caught_by.is_empty()).count();
    let wrong = verdicts.iter().filter(|v| !v.is_as_it_should_be()).count();
    println!(
        "{} mutants: {caught} caught, {} explained, {wrong} not as they should be",
        verdicts.len(),
        verdicts.len() - caught - wrong,
    );
    if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
