//! What a message costs, with a raw channel beside it.
//!
//! ```text
//! cargo bench --bench dispatch
//! cargo bench --bench dispatch --features async -- pairs_4
//! ```
//!
//! | group | who sends to whom |
//! |---|---|
//! | `pairs_1`, `pairs_2`, `pairs_4` | so many threads to as many others, each pair on a channel of its own, one dispatcher |
//! | `fan_in_16_to_1`, `fan_in_64_to_4` | so many threads to so many others |
//! | `broadcast_1_to_8` | one thread to eight others, which all receive each message; what is counted is what they receive |
//! | `round_trip` | two threads to each other, one message to and fro; what is counted is round trips |
//! | `levels` | three threads to two others, through one dispatcher, and through three levels of them |
//! | `idle_receivers`, `idle_senders` | one thread to one other, beside no or 1,000 receivers or senders that are alive and unused |
//! | `stalled_receiver` | one thread to one other, beside an unused channel or one whose receiver is full and does not receive |
//!
//! Messages are `u64`, every capacity is 256. An iteration is a whole run; read the throughput, which is
//! messages received per second over all receivers, and not the time, since runs have different numbers of
//! messages. `crossbeam` is one bounded channel for each receiver: one hop and no numbers.
//!
//! The groups measure one after the other, so a machine with other things to do favours the one or
//! the other. For ratios, and for other peers, use `cargo bench --bench peers`, which takes turns.

mod common;
mod subjects;

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};

use common::driver::Driver;
use common::ours::{Ours, Receiving};
use common::peer::Subject;
use common::workload::{Beside, Shape};
use subjects::broadcast::{self, ToAll};
#[cfg(feature = "async")]
use subjects::coordination::tasks::Tasks;
use subjects::coordination::{Batches, By, Watched};
use subjects::crossbeam::Crossbeam;
use subjects::forwarding::{Forwards, Numbering};
use subjects::levels::{Count, Levels};
use subjects::round_trip::RoundTrip;

/// How many idle receivers or senders there are.
const IDLE: usize = 1_000;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    for pairs in [1, 2, 4] {
        channels(
            &mut criterion,
            &format!("pairs_{pairs}"),
            Shape::pairs(pairs),
        );
    }
    for (senders, receivers) in [(16, 1), (64, 4)] {
        let name = format!("fan_in_{senders}_to_{receivers}");
        let senders = senders / receivers;
        channels(&mut criterion, &name, Shape { receivers, senders });
    }
    broadcast(&mut criterion);
    round_trip(&mut criterion);
    levels(&mut criterion);
    let beside = |receivers, senders, stalled| Beside {
        receivers,
        senders,
        stalled,
    };
    let none = ("none", beside(0, 0, 0));
    let receivers = [none, ("1000", beside(IDLE, 0, 0))];
    company(&mut criterion, "idle_receivers", receivers);
    let senders = [none, ("1000", beside(0, IDLE, 0))];
    company(&mut criterion, "idle_senders", senders);
    let stalled = [("unused", beside(1, 0, 0)), ("stalled", beside(0, 0, 1))];
    company(&mut criterion, "stalled_receiver", stalled);
    criterion.final_summary();
}

fn channels(criterion: &mut Criterion, name: &str, shape: Shape) {
    let mut group = group(criterion, name);
    let mut measure =
        |subject: &dyn Subject| measure(&mut group, subject, "", shape, Beside::default());
    for driver in Driver::ALL {
        for receiving in [Receiving::Messages, Receiving::Drained] {
            measure(&Ours { driver, receiving });
        }
        measure(&Batches { driver });
        for by in [By::One, By::OneWhoWaits] {
            measure(&Watched { driver, by });
        }
        #[cfg(feature = "async")]
        measure(&Tasks { driver });
        for numbering in [Numbering::Frontier, Numbering::Dense] {
            measure(&Forwards { driver, numbering });
        }
    }
    measure(&Crossbeam);
    group.finish();
}

fn broadcast(criterion: &mut Criterion) {
    let mut group = group(criterion, "broadcast_1_to_8");
    for driver in Driver::ALL {
        for receiving in [Receiving::Messages, Receiving::Drained] {
            let subject = ToAll(broadcast::Ours { driver, receiving });
            measure(&mut group, &subject, "", Shape::pairs(8), Beside::default());
        }
    }
    group.finish();
}

fn round_trip(criterion: &mut Criterion) {
    let mut group = group(criterion, "round_trip");
    let mut measure = |subject: &dyn Subject| {
        measure(&mut group, subject, "", Shape::pairs(1), Beside::default());
    };
    for driver in Driver::ALL {
        let receiving = Receiving::Messages;
        measure(&RoundTrip(Ours { driver, receiving }));
    }
    measure(&RoundTrip(Crossbeam));
    group.finish();
}

fn levels(criterion: &mut Criterion) {
    let mut group = group(criterion, "levels");
    for driver in Driver::ALL {
        for count in [Count::One, Count::Three] {
            let subject = Levels { driver, count };
            measure(&mut group, &subject, "", Shape::pairs(3), Beside::default());
        }
    }
    group.finish();
}

/// One pair, in different company.
fn company(criterion: &mut Criterion, name: &str, companies: [(&str, Beside); 2]) {
    let mut group = group(criterion, name);
    for (company, beside) in companies {
        for driver in Driver::ALL {
            let receiving = Receiving::Messages;
            let ours = Ours { driver, receiving };
            measure(&mut group, &ours, company, Shape::pairs(1), beside);
        }
        measure(&mut group, &Crossbeam, company, Shape::pairs(1), beside);
    }
    group.finish();
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> Group<'a> {
    let mut group = criterion.benchmark_group(name);
    // Runs are long and all alike.
    group.sampling_mode(SamplingMode::Flat);
    group
}

/// Measures one subject. `parameter` tells it apart where it comes more than once.
fn measure(
    group: &mut Group<'_>,
    subject: &dyn Subject,
    parameter: &str,
    shape: Shape,
    beside: Beside,
) {
    let workload = subject.workload(shape, beside);
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
