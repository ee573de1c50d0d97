//! There and back again: how long it takes until a message is there.

use std::thread;
use std::time::Instant;

use crate::common::peer::{Peer, Sink, Source, Subject};
use crate::common::run::{join, spawn};
use crate::common::workload::{Beside, Outcome, Shape, Workload};

/// A round trip takes so many times as long as a message of many, about.
const AS_LONG: u64 = 40;

/// Two threads that send one message to and fro, over two channels. The rate is that of round trips.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoundTrip<P>(pub(crate) P);

impl<P: Peer> Subject for RoundTrip<P> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn workload(&self, _shape: Shape, _beside: Beside) -> Workload {
        let beside = Beside::default();
        let shape = Shape::pairs(1);
        Workload {
            shape,
            messages: self.0.messages(shape, beside) / AS_LONG,
            beside,
            limit: None,
        }
    }

    fn run(&self, workload: &Workload) -> Outcome {
        let mut hub = self.0.hub(2);
        let (there, mut arrivals) = self.0.channel(&mut hub, 1);
        let (back, mut returns) = self.0.channel(&mut hub, 1);
        drop(hub);
        let ends = there.into_iter().next().zip(back.into_iter().next());
        let (mut there, mut back) = ends.expect("a channel has the sender asked for");

        let messages = workload.messages;
        let echo = spawn("echo", move || {
            while let Some(value) = arrivals.recv() {
                assert!(back.send(value), "who waits for it is gone");
            }
        });
        // The first trip has the echo started.
        let mut trip = |value| {
            assert!(there.send(value), "the echo is gone");
            assert_eq!(returns.recv(), Some(value), "it came back wrong");
        };
        trip(0);
        thread::yield_now();
        let start = Instant::now();
        (1..=messages).for_each(&mut trip);
        let elapsed = start.elapsed();
        drop(there);
        join(echo);
        assert!(returns.recv().is_none(), "more came back than was sent");
        Outcome {
            received: messages,
            elapsed,
        }
    }
}
