//! What it costs to look at the clock while it goes on.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cpu_time::ThreadTime;
use crossbeam_utils::CachePadded;

use crate::common::driver::Driver;
use crate::common::ours::{Ours, Receiving};
use crate::common::peer::{Peer, Source, Subject};
use crate::common::run::{join, spawn};
use crate::common::workload::{Beside, Outcome, Shape, Workload};

/// How many reads there are between two looks at the time.
const READS: u64 = 1_000;
/// How many reads a run has.
const ALL_READS: u64 = 10_000_000;

/// A thread that looks as often as it can, beside a sender and a receiver at full speed.
///
/// What is measured is the processor time of that thread, as others want the cores as well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockReads {
    pub(crate) driver: Driver,
    pub(crate) of: Of,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    /// `Dispatcher::clock`: two words that belong together.
    Clock,
    /// An `AtomicU64`, in which the receiver puts the number of each message.
    Atomic,
}

impl Subject for ClockReads {
    fn name(&self) -> String {
        let driver = self.driver;
        match self.of {
            Of::Clock => format!("ours, {driver}, clock()"),
            Of::Atomic => format!("ours, {driver}, AtomicU64 beside it"),
        }
    }

    /// So many reads; with one pair, which sends as long as there are any.
    fn workload(&self, _shape: Shape, _beside: Beside) -> Workload {
        Workload {
            shape: Shape::pairs(1),
            messages: ALL_READS,
            beside: Beside::default(),
            limit: None,
        }
    }

    fn run(&self, workload: &Workload) -> Outcome {
        let ours = Ours {
            driver: self.driver,
            receiving: Receiving::Messages,
        };
        let mut hub = ours.hub(1);
        let (mut sources, inlet) = ours.channel(&mut hub, 1);
        let seen = Arc::new(CachePadded::new(AtomicU64::new(0)));
        let stop = Arc::new(AtomicBool::new(false));

        let enough = Arc::clone(&stop);
        let sender = spawn("sender", move || {
            let source = &mut sources[0];
            while !enough.load(Ordering::Relaxed) {
                assert!(source.send(0), "the receiver is gone");
            }
        });
        let shown = Arc::clone(&seen);
        let receiver = spawn("receiver", move || {
            while let Ok((seq, _)) = inlet.receiver.recv_message() {
                shown.store(seq.get(), Ordering::Release);
            }
        });

        let start = ThreadTime::now();
        let mut last = 0;
        let mut reads = 0;
        while reads < workload.messages {
            for _ in 0..READS {
                let now = match self.of {
                    Of::Clock => {
                        let clock = hub.dispatcher.clock();
                        assert_eq!(clock.seq.get(), clock.dispatched, "not a consistent pair");
                        clock.dispatched
                    }
                    Of::Atomic => seen.load(Ordering::Acquire),
                };
                assert!(black_box(now) >= last, "the clock went back");
                last = now;
            }
            reads += READS;
        }
        let elapsed = start.elapsed();
        stop.store(true, Ordering::Relaxed);
        join(sender);
        join(receiver);
        Outcome {
            received: reads,
            elapsed,
        }
    }
}
