//! The options, the progress and the summary.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use crate::failure::{fail, set_scene};
use crate::heap::allocated;
use crate::plan::Plan;
use crate::round;
use crate::value::FAULTS;

/// After how many rounds memory is where it stays: every driver has had every mode.
const WARM_UP: u64 = 12;

/// What may be allocated at the end that was not before, in bytes. More than that is a leak, of whatever size: it is the
/// same after a minute and after a day.
const SLACK: usize = 8 << 10;

/// Random traffic on both drivers and in all modes, with handles that come and go and user code that panics. Every promise
/// is checked as it goes; exits with 1 if one is broken.
#[derive(Parser)]
struct Options {
    /// For how long.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// What decides all that is drawn. A failure tells the seed of its round, with which that is the first one; how threads
    /// take turns is not in it.
    #[arg(long)]
    seed: Option<u64>,
    /// Which round to begin with, as a failure tells.
    #[arg(long, default_value_t = 0)]
    round: u64,
    /// How many messages a round sends, roughly.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
}

pub(crate) fn main() -> ExitCode {
    let options = Options::parse();
    let mut seeds = fastrand::Rng::new();
    let mut seed = options.seed.unwrap_or_else(|| seeds.u64(..));
    println!("seed {seed}");
    let bar = ProgressBar::no_length();
    bar.set_style(ProgressStyle::with_template("{elapsed_precise} {msg}").expect("a template"));

    let began = Instant::now();
    let time = Duration::from_secs_f64(options.minutes * 60.0);
    let received = AtomicU64::new(0);
    let at_start = allocated();
    let mut warm = at_start;
    let mut joins = 0;
    let mut rounds = 0;
    let mut last = (began, 0);
    while began.elapsed() < time {
        let round = options.round + rounds;
        let plan = Plan::new(round, seed, options.messages);
        set_scene(format!("--seed {seed} --round {round}: {plan:?}"));
        joins += round::run(&plan, &received, || {
            let (then, before) = last;
            if then.elapsed() > Duration::from_millis(500) {
                let now = received.load(Ordering::Relaxed);
                let rate = (now - before) as f64 / then.elapsed().as_secs_f64() / 1e6;
                let (messages, at) = (HumanCount(now), HumanBytes(allocated() as u64));
                bar.set_message(format!("{messages} messages, {rate:.2} M/s, {at}, {plan}"));
                bar.tick();
                last = (Instant::now(), now);
            }
        });
        rounds += 1;
        seed = seed.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        if rounds == WARM_UP {
            warm = allocated();
        } else if rounds > WARM_UP && allocated() > warm + SLACK {
            let more = HumanBytes((allocated() - warm) as u64);
            fail("S10", &format!("{more} more than after {WARM_UP} rounds"));
        }
    }
    bar.finish_and_clear();
    let seconds = began.elapsed().as_secs_f64();
    let messages = received.into_inner();
    println!("rounds   {}", HumanCount(rounds));
    println!("messages {}", HumanCount(messages));
    println!(
        "rate     {:.0} messages/s over {seconds:.0} s",
        messages as f64 / seconds
    );
    println!("joins    {}", HumanCount(joins));
    println!("faults   {}", HumanCount(FAULTS.load(Ordering::Relaxed)));
    let [start, warm, end] = [at_start, warm, allocated()].map(|bytes| HumanBytes(bytes as u64));
    println!("memory   {start} at the start, {warm} after {WARM_UP} rounds, {end} at the end");
    println!("Every promise was kept.");
    ExitCode::SUCCESS
}
