//! One sender to all receivers.

use clocked_lanes::Broadcaster;

use crate::common::driver::Driver;
use crate::common::ours::{Hub, Inlet, Receiving};
use crate::common::peer::{Sink, Source, Subject};
use crate::common::run::{Wiring, run};
use crate::common::workload::{Beside, Outcome, Shape, Workload};

/// A way of getting messages from one thread to several others.
pub(crate) trait Broadcast {
    /// What sends.
    type Source: Source;
    /// What receives.
    type Sink: Sink;

    /// What it is called in results.
    fn name(&self) -> String;

    /// Makes a sender to so many receivers.
    fn connect(&self, receivers: usize) -> (Self::Source, Vec<Self::Sink>);

    /// How many messages all receivers receive together if they are so many, for a run that is long enough to measure.
    fn deliveries(&self, _receivers: usize) -> u64 {
        1_600_000
    }
}

/// A broadcast as a subject: of the shape only the number of receivers counts, and what is counted is what is
/// received by all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToAll<B>(pub(crate) B);

impl<B: Broadcast> Subject for ToAll<B> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn workload(&self, shape: Shape, _beside: Beside) -> Workload {
        Workload {
            shape: Shape::pairs(shape.receivers),
            messages: self.0.deliveries(shape.receivers) / shape.receivers as u64,
            beside: Beside::default(),
            limit: None,
        }
    }

    fn run(&self, workload: &Workload) -> Outcome {
        let (source, sinks) = self.0.connect(workload.shape.receivers);
        let wiring = Wiring {
            sources: vec![(0, source)],
            sinks: sinks.into_iter().map(|sink| (sink, 1)).collect(),
        };
        run(wiring, (), workload)
    }
}

/// This crate, with a [`Broadcaster`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ours {
    pub(crate) driver: Driver,
    pub(crate) receiving: Receiving,
}

impl Broadcast for Ours {
    type Source = Broadcaster<u64>;
    type Sink = Inlet;

    fn name(&self) -> String {
        let driver = self.driver;
        match self.receiving {
            Receiving::Messages => format!("ours, {driver}"),
            Receiving::Drained => format!("ours, {driver}, drain"),
        }
    }

    fn connect(&self, receivers: usize) -> (Broadcaster<u64>, Vec<Inlet>) {
        let dispatcher = self.driver.builder().build();
        let dispatcher = dispatcher.expect("the capacities are valid, and a thread can be started");
        let broadcaster = dispatcher.broadcaster();
        let mut hub = Hub::new(dispatcher);
        // A receiver needs no sender of its own as long as there is a broadcaster.
        let inlet = |_| Inlet::new(hub.channel(1).1, self.receiving, false);
        (broadcaster, (0..receivers).map(inlet).collect())
    }
}

impl Source for Broadcaster<u64> {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        Self::send(self, value).is_ok()
    }
}
