//! What is measured.

use std::time::Duration;

use crate::broadcasters::{AsyncBroadcast, ByBus, Tokio};
use crate::clock_reads::{ClockReads, Of};
use crate::common::driver::Driver;
use crate::common::ours::{Ours, Receiving};
use crate::common::peer::{Peer, Subject};
use crate::common::workload::{Beside, Shape};
use crate::comparison::{Compare, Entry, Work};
use crate::locked::Locked;
use crate::queues::{Flume, Kanal, Std};
use crate::relay::Relay;
use crate::rings::{Disruptor, Waiting};
use crate::rounds::Case;
use crate::subjects::broadcast::{self, ToAll};
#[cfg(feature = "async")]
use crate::subjects::coordination::tasks::Tasks;
use crate::subjects::coordination::{Batches, By, Watched};
use crate::subjects::crossbeam::Crossbeam;
use crate::subjects::forwarding::{Forwards, Numbering};
use crate::subjects::levels::{Count, Levels};
use crate::subjects::round_trip::RoundTrip;
use crate::upstream::Upstream;

/// How many idle receivers or senders there are.
const IDLE: usize = 1_000;
/// How many pairs there are where each sender has a receiver of its own.
const PAIRS: [usize; 3] = [1, 2, 4];
/// How long a peer has that may hang.
const LIMIT: Duration = Duration::from_secs(2);

/// All of it, in the order in which it is shown.
pub(crate) fn all() -> Vec<Work> {
    let pairs = PAIRS.map(|n| (n, n)).into_iter();
    let shapes = pairs.chain([(16, 1), (64, 4)]);
    let mut works: Vec<Work> = shapes.map(|(n, m)| channels(n, m)).collect();
    works.push(to_all());
    works.extend([1, 4].map(batches));
    works.push(round_trip());
    let receivers = Beside {
        receivers: IDLE,
        ..Beside::default()
    };
    let senders = Beside {
        senders: IDLE,
        ..Beside::default()
    };
    works.push(idle("receivers", receivers));
    works.push(idle("senders", senders));
    works.push(stalled());
    works.extend([(1, 1), (4, 4), (4, 1)].map(|(n, m)| forwarding(n, m)));
    works.push(levels());
    works.extend([1, 4].map(coordination));
    works.push(clock());
    works
}

/// Whether this is what a work of pairs is called.
pub(crate) fn are_pairs(title: &str) -> bool {
    PAIRS.iter().any(|&n| title == channels_title(n, n))
}

fn channels_title(senders: usize, receivers: usize) -> String {
    format!("{senders} to {receivers}")
}

fn messages(driver: Driver) -> Ours {
    let receiving = Receiving::Messages;
    Ours { driver, receiving }
}

fn drained(driver: Driver) -> Ours {
    let receiving = Receiving::Drained;
    Ours { driver, receiving }
}

/// So many senders, to so many receivers.
fn shape(senders: usize, receivers: usize) -> Shape {
    Shape {
        receivers,
        senders: senders / receivers,
    }
}

/// Entries of one shape, with nobody beside.
struct Entries {
    shape: Shape,
    entries: Vec<Entry>,
}

impl Entries {
    fn new(shape: Shape) -> Self {
        let entries = Vec::new();
        Self { shape, entries }
    }

    fn add(&mut self, subject: impl Subject + 'static) {
        self.entries.push(Entry {
            name: subject.name(),
            case: Case::new(subject, self.shape, Beside::default()),
        });
    }

    /// Ours, of which there are so many so far, divided by each.
    fn ours_by_each(self, title: String, unit: &'static str, ours: usize) -> Work {
        Work {
            title,
            unit,
            entries: self.entries,
            compare: Compare::OursByEach(ours),
        }
    }

    /// Each divided by the first of the same driver; all drivers have as many.
    fn each_by_first(self, title: String, what: &'static str) -> Work {
        let count = self.entries.len();
        let of_a_driver = count / Driver::ALL.len();
        let firsts = (0..count).map(|i| i - i % of_a_driver).collect();
        Work {
            title,
            unit: "messages",
            entries: self.entries,
            compare: Compare::EachBy(what, firsts),
        }
    }
}

fn channels(senders: usize, receivers: usize) -> Work {
    let mut entries = Entries::new(shape(senders, receivers));
    for driver in Driver::ALL {
        entries.add(messages(driver));
        entries.add(drained(driver));
    }
    let ours = entries.entries.len();
    entries.add(Crossbeam);
    entries.add(Relay);
    entries.add(Locked);
    entries.add(Std);
    entries.add(Flume);
    entries.add(Kanal);
    entries.add(Disruptor(Waiting::Spins));
    entries.add(Disruptor(Waiting::Yields));
    entries.add(Upstream);
    entries.ours_by_each(channels_title(senders, receivers), "messages", ours)
}

fn to_all() -> Work {
    let mut entries = Entries::new(Shape::pairs(8));
    for driver in Driver::ALL {
        for receiving in [Receiving::Messages, Receiving::Drained] {
            entries.add(ToAll(broadcast::Ours { driver, receiving }));
        }
    }
    let ours = entries.entries.len();
    entries.add(ToAll(Tokio));
    entries.add(ToAll(AsyncBroadcast));
    entries.add(ToAll(ByBus));
    entries.add(ToAll(Disruptor(Waiting::Spins)));
    entries.add(ToAll(Disruptor(Waiting::Yields)));
    entries.ours_by_each("broadcast, 1 to 8".to_owned(), "deliveries", ours)
}

fn batches(pairs: usize) -> Work {
    let mut entries = Entries::new(Shape::pairs(pairs));
    for driver in Driver::ALL {
        entries.add(Batches { driver });
    }
    let ours = entries.entries.len();
    for driver in Driver::ALL {
        entries.add(messages(driver));
    }
    entries.add(Crossbeam);
    entries.ours_by_each(format!("batches, {pairs} to {pairs}"), "messages", ours)
}

fn round_trip() -> Work {
    let mut entries = Entries::new(Shape::pairs(1));
    for driver in Driver::ALL {
        entries.add(RoundTrip(messages(driver)));
    }
    let ours = entries.entries.len();
    entries.add(RoundTrip(Crossbeam));
    entries.add(RoundTrip(Relay));
    entries.add(RoundTrip(Locked));
    entries.add(RoundTrip(Std));
    entries.add(RoundTrip(Flume));
    entries.add(RoundTrip(Kanal));
    entries.add(RoundTrip(Disruptor(Waiting::Spins)));
    entries.add(RoundTrip(Disruptor(Waiting::Yields)));
    entries.add(RoundTrip(Upstream));
    entries.ours_by_each("round trip, 1 to 1".to_owned(), "round trips", ours)
}

/// One pair in company, beside the same without.
struct Company {
    alone: Beside,
    company: Beside,
    entries: Vec<Entry>,
    others: Vec<usize>,
}

impl Company {
    fn new(alone: Beside, company: Beside) -> Self {
        Self {
            alone,
            company,
            entries: Vec::new(),
            others: Vec::new(),
        }
    }

    fn add(&mut self, subject: impl Peer + Copy + 'static, limit: Option<Duration>) {
        let alone = self.entries.len();
        let runs = [(self.alone, "alone"), (self.company, "in company")];
        for (beside, how) in runs {
            let mut case = Case::new(subject, Shape::pairs(1), beside);
            case.workload.limit = limit;
            self.entries.push(Entry {
                name: format!("{}, {how}", Peer::name(&subject)),
                case,
            });
            self.others.push(alone);
        }
    }

    fn work(self, title: String) -> Work {
        Work {
            title,
            unit: "messages",
            entries: self.entries,
            compare: Compare::EachBy("of it alone", self.others),
        }
    }
}

fn idle(who: &str, company: Beside) -> Work {
    let mut both = Company::new(Beside::default(), company);
    for driver in Driver::ALL {
        both.add(messages(driver), None);
        both.add(drained(driver), None);
    }
    both.add(Crossbeam, None);
    both.add(Locked, None);
    both.add(Upstream, None);
    both.work(format!("idle: one pair beside 1,000 idle {who}"))
}

fn stalled() -> Work {
    let alone = Beside {
        receivers: 1,
        ..Beside::default()
    };
    let company = Beside {
        stalled: 1,
        ..Beside::default()
    };
    let mut both = Company::new(alone, company);
    for driver in Driver::ALL {
        both.add(messages(driver), None);
        both.add(drained(driver), None);
    }
    both.add(Crossbeam, None);
    both.add(Upstream, Some(LIMIT));
    both.work("stalled: one pair beside a stalled receiver".to_owned())
}

fn forwarding(senders: usize, receivers: usize) -> Work {
    let mut entries = Entries::new(shape(senders, receivers));
    for driver in Driver::ALL {
        entries.add(messages(driver));
        for numbering in [Numbering::Frontier, Numbering::Dense] {
            entries.add(Forwards { driver, numbering });
        }
    }
    entries.each_by_first(
        format!("forwarding, {senders} to {receivers}"),
        "of serializing",
    )
}

fn levels() -> Work {
    let mut entries = Entries::new(Shape::pairs(3));
    for driver in Driver::ALL {
        for count in [Count::One, Count::Three] {
            entries.add(Levels { driver, count });
        }
    }
    let title = "levels: one serializing dispatcher, and two levels below it";
    entries.each_by_first(title.to_owned(), "of one level")
}

fn coordination(pairs: usize) -> Work {
    let mut entries = Entries::new(Shape::pairs(pairs));
    for driver in Driver::ALL {
        entries.add(messages(driver));
        for by in [By::One, By::OneWhoWaits] {
            entries.add(Watched { driver, by });
        }
        #[cfg(feature = "async")]
        entries.add(Tasks { driver });
    }
    entries.each_by_first(
        format!("coordination, {pairs} to {pairs}"),
        "of nobody watching",
    )
}

fn clock() -> Work {
    let mut entries = Entries::new(Shape::pairs(1));
    for driver in Driver::ALL {
        for of in [Of::Atomic, Of::Clock] {
            entries.add(ClockReads { driver, of });
        }
    }
    let mut work = entries.each_by_first("clock".to_owned(), "of an AtomicU64");
    work.unit = "reads";
    work
}
