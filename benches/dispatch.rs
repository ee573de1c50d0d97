//! What a message costs, with the peers beside it.
//!
//! ```text
//! cargo bench --bench dispatch
//! ```
//!
//! | group | who sends to whom |
//! |---|---|
//! | `one_to_one` | one thread to one other |
//! | `pairs_4` | four threads to four others, each pair on a channel of its own, one dispatcher |
//! | `levels` | three threads to two others, through one dispatcher, and through three levels of them |
//! | `idle_receivers` | one thread to one other, beside no or 1,000 channels that are alive and unused |
//! | `stalled_receiver` | one thread to one other, beside an unused channel or one whose receiver is full and does not receive |
//!
//! Messages are `u64`, every capacity is 256. An iteration is a whole run; read the throughput, which is
//! messages received per second over all pairs, and not the time, since slow peers send fewer
//! messages in a run. `crossbeam` is one bounded channel for each pair: one hop and no numbers.
//!
//! The groups measure one after the other, so a machine with other things to do favours the one or
//! the other. For ratios use `cargo bench --bench ratios`, which takes turns.

mod common;

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};

#[cfg(feature = "async")]
use common::coordination::tasks::Tasks;
use common::coordination::{Batches, Watched};
use common::forwarding::Forwards;
use common::levels::Levels;
use common::ours::{Ours, Receiving};
use common::peer::Subject;
use common::raw_crossbeam::RawCrossbeam;
use common::upstream::Upstream;
use common::workload::Beside;

const MESSAGES: Ours = Ours {
    receiving: Receiving::Messages,
};
const DRAINED: Ours = Ours {
    receiving: Receiving::Drained,
};

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    one_to_one(&mut criterion);
    pairs_4(&mut criterion);
    levels(&mut criterion);
    idle_receivers(&mut criterion);
    stalled_receiver(&mut criterion);
    criterion.final_summary();
}

fn one_to_one(criterion: &mut Criterion) {
    let mut group = group(criterion, "one_to_one");
    for subject in [
        &MESSAGES as &dyn Subject,
        &DRAINED,
        &Batches,
        &Watched::ByOne,
        &Watched::ByOneWhoWaits,
        #[cfg(feature = "async")]
        &Tasks,
        &Forwards::Frontier,
        &Forwards::Dense,
        &RawCrossbeam,
        &Upstream,
    ] {
        measure(&mut group, subject, "", 1, Beside::Nobody);
    }
    group.finish();
}

fn pairs_4(criterion: &mut Criterion) {
    let mut group = group(criterion, "pairs_4");
    for subject in [
        &MESSAGES as &dyn Subject,
        &DRAINED,
        &Batches,
        &Watched::ByOne,
        &Watched::ByOneWhoWaits,
        #[cfg(feature = "async")]
        &Tasks,
        &Forwards::Frontier,
        &Forwards::Dense,
        &RawCrossbeam,
        &Upstream,
    ] {
        measure(&mut group, subject, "", 4, Beside::Nobody);
    }
    group.finish();
}

fn levels(criterion: &mut Criterion) {
    let mut group = group(criterion, "levels");
    for subject in [Levels::One, Levels::Three] {
        measure(&mut group, &subject, "", 3, Beside::Nobody);
    }
    group.finish();
}

fn idle_receivers(criterion: &mut Criterion) {
    let mut group = group(criterion, "idle_receivers");
    // Making and taking down 1,000 channels of upstream takes longer than the run.
    group.measurement_time(Duration::from_secs(5));
    for idle in [0, 1_000] {
        for subject in [&MESSAGES as &dyn Subject, &Upstream] {
            measure(
                &mut group,
                subject,
                &idle.to_string(),
                1,
                Beside::Idle(idle),
            );
        }
    }
    group.finish();
}

fn stalled_receiver(criterion: &mut Criterion) {
    let mut group = group(criterion, "stalled_receiver");
    // Without upstream, whose other pair gets nothing through and never ends.
    for (company, beside) in [("unused", Beside::Idle(1)), ("stalled", Beside::Stalled)] {
        for subject in [&MESSAGES as &dyn Subject, &RawCrossbeam] {
            measure(&mut group, subject, company, 1, beside);
        }
    }
    group.finish();
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> Group<'a> {
    let mut group = criterion.benchmark_group(name);
    // Runs are long and all alike.
    group.sampling_mode(SamplingMode::Flat);
    group
}

/// Measures one peer. `parameter` tells it apart where it comes more than once.
fn measure(
    group: &mut Group<'_>,
    subject: &dyn Subject,
    parameter: &str,
    pairs: usize,
    beside: Beside,
) {
    let workload = subject.workload(pairs, beside);
    let run = || {
        let outcome = subject.run(&workload);
        assert_eq!(outcome.received, workload.total());
        outcome.elapsed
    };
    let id = match parameter {
        "" => BenchmarkId::from_parameter(subject.name()),
        _ => BenchmarkId::new(subject.name(), parameter),
    };
    group
        .throughput(Throughput::Elements(workload.total()))
        .bench_function(id, |bencher| {
            bencher.iter_custom(|iterations| (0..iterations).map(|_| run()).sum());
        });
}
