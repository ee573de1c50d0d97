//! Rounds: how the subjects of a table take turns, and what comes of it.
//!
//! In every round each subject has one run, in turn: A B C, A B C, … What else the machine does at the
//! time is then much the same for the runs of a round, and the ratios within rounds mean more than the
//! rates.

pub(crate) mod arguments;
pub(crate) mod spread;

use crate::common::peer::Subject;
use crate::common::workload::{Beside, Shape, Workload};
use arguments::Effort;
use spread::Spread;

/// In short runs each sender sends so many messages all the same, several times what its channel holds, if it
/// sends more in long ones.
const LEAST: u64 = 1_000;

/// One subject at one kind of work.
pub(crate) struct Case {
    pub(crate) subject: Box<dyn Subject>,
    pub(crate) workload: Workload,
}

/// The rate in each round, in messages per second.
#[derive(Clone, Debug)]
pub(crate) struct Rates(pub(crate) Vec<f64>);

impl Case {
    pub(crate) fn new(subject: impl Subject + 'static, shape: Shape, beside: Beside) -> Self {
        Self {
            workload: subject.workload(shape, beside),
            subject: Box::new(subject),
        }
    }

    /// One run; its rate.
    pub(crate) fn run(&self, divisor: u64) -> f64 {
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
pub(crate) fn take_turns(effort: Effort, cases: &[Case]) -> Vec<Rates> {
    let mut rates: Vec<Rates> = cases.iter().map(|_| Rates(Vec::new())).collect();
    for _ in 0..effort.rounds {
        for (case, rates) in cases.iter().zip(&mut rates) {
            rates.0.push(case.run(effort.divisor));
        }
    }
    rates
}

impl Rates {
    pub(crate) fn spread(&self) -> Spread {
        Spread::of(self.0.clone())
    }

    /// The ratios to the others, round by round.
    pub(crate) fn over(&self, others: &Self) -> Spread {
        let ratios = self.0.iter().zip(&others.0);
        Spread::of(ratios.map(|(ours, other)| ours / other).collect())
    }
}
