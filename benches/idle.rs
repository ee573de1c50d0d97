//! What it costs when nothing happens: processor time, with 100 receivers that wait.
//!
//! ```text
//! cargo bench --bench idle
//! cargo bench --bench idle -- --seconds 60
//! ```

#[path = "common/driver.rs"]
mod driver;

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::Parser;
use clocked_lanes::{Dispatcher, Order};
use comfy_table::{CellAlignment, Table, presets};
use cpu_time::ProcessTime;

use driver::Driver;

const CAPACITY: usize = 256;
const RECEIVERS: usize = 100;
/// What is left of the beginning is over then.
const SETTLE: Duration = Duration::from_millis(500);

/// Processor time with 100 receivers that wait.
#[derive(Debug, Parser)]
struct Arguments {
    /// For how long to watch each
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Passed by `cargo bench`; without it, as in `cargo test --benches`, a moment is enough
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let seconds = if arguments.bench {
        arguments.seconds
    } else {
        0.1
    };
    let span = Duration::from_secs_f64(seconds);
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header([
        "",
        "processor time",
        "of a core, in percent",
    ]);
    let mut add = |name: String, (used, elapsed): (Duration, Duration)| {
        let percent = 100.0 * used.as_secs_f64() / elapsed.as_secs_f64();
        table.add_row([name, format!("{used:.2?}"), format!("{percent:.3}")]);
    };
    add("sleeping threads".to_owned(), with_sleepers(span));
    for driver in Driver::ALL {
        let dispatcher = driver.builder().build().expect("it can be built");
        add(
            format!("{driver}, serializing"),
            with_receivers(&dispatcher, span),
        );
        for order in [Order::Frontier, Order::Dense { window: CAPACITY }] {
            let dispatcher = driver.builder().forwarding(order).build();
            let dispatcher = dispatcher.expect("it can be built");
            add(
                format!("{driver}, {order:?}"),
                with_receivers(&dispatcher, span),
            );
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{RECEIVERS} receivers that wait, for {seconds} seconds\n{table}");
}

/// As many threads that have nothing to do with a dispatcher.
fn with_sleepers(span: Duration) -> (Duration, Duration) {
    let (wake, woken) = crossbeam_channel::bounded::<()>(0);
    let threads = (0..RECEIVERS).map(|_| {
        let woken = woken.clone();
        thread::spawn(move || woken.recv().map_or((), drop))
    });
    let threads = threads.collect();
    let used = watch(span);
    drop(wake);
    join(threads);
    used
}

fn with_receivers<M>(dispatcher: &Dispatcher<u64, M>, span: Duration) -> (Duration, Duration) {
    let channels = (0..RECEIVERS).map(|n| dispatcher.channel(n.to_string()));
    let (senders, receivers): (Vec<_>, Vec<_>) = channels
        .map(|channel| channel.expect("the names differ"))
        .unzip();
    let threads = receivers.into_iter().map(|receiver| {
        thread::spawn(move || assert!(receiver.recv_message().is_err(), "nothing was sent"))
    });
    let threads = threads.collect();
    let used = watch(span);
    drop(senders);
    join(threads);
    used
}

/// The processor time of the process, and how long it was.
fn watch(span: Duration) -> (Duration, Duration) {
    thread::sleep(SETTLE);
    let (used, start) = (ProcessTime::now(), Instant::now());
    thread::sleep(span);
    (used.elapsed(), start.elapsed())
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("it does not panic");
    }
}
