//! The `disruptor`, as a peer: a ring for each receiver, or one that all receivers read.
//!
//! It has no way to block: who waits polls, and does so spinning or yielding. (Its own strategies of waiting, which are
//! those of threads that it starts, are to spin and to sleep for a given time.) A thread that spins keeps a core from
//! the one that it waits for, if there are more threads than cores, so those runs are short.

use std::hint::spin_loop;
use std::thread::yield_now;

use disruptor::{
    BusySpin, EventPoller, MultiConsumerBarrier, MultiProducer, MultiProducerBarrier, Polling,
    Producer, SingleConsumerBarrier, SingleProducer, SingleProducerBarrier, build_multi_producer,
    build_single_producer,
};

use crate::common::CAPACITY;
use crate::common::peer::{Peer, Sink, Source};
use crate::common::tally::Tally;
use crate::common::workload::{Beside, Shape};
use crate::subjects::broadcast::Broadcast;

/// The `disruptor`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disruptor(pub(crate) Waiting);

/// What is done between one look and the next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Waiting {
    Spins,
    Yields,
}

/// A producer, and how it waits for space.
pub(crate) struct Publisher<P> {
    producer: P,
    waiting: Waiting,
}

/// The producer of a ring for one receiver.
pub(crate) enum ToOne {
    Single(Publisher<SingleProducer<u64, SingleConsumerBarrier>>),
    Multi(Publisher<MultiProducer<u64, SingleConsumerBarrier>>),
}

/// A poller, and how it waits for messages.
pub(crate) struct Poller<B> {
    poller: EventPoller<u64, B>,
    waiting: Waiting,
}

/// The poller of a ring for one receiver.
pub(crate) enum FromOne {
    Single(Poller<SingleProducerBarrier>),
    Multi(Poller<MultiProducerBarrier>),
}

impl Waiting {
    #[inline]
    fn pause(self) {
        match self {
            Self::Spins => spin_loop(),
            Self::Yields => yield_now(),
        }
    }

    /// How many messages are enough to measure, between so many threads.
    fn messages(self, threads: usize) -> u64 {
        match self {
            Self::Spins if threads > 2 => 8_000,
            Self::Spins | Self::Yields => 1_600_000,
        }
    }
}

impl Disruptor {
    fn name(self) -> String {
        match self.0 {
            Waiting::Spins => "disruptor, spinning".to_owned(),
            Waiting::Yields => "disruptor, yielding".to_owned(),
        }
    }

    fn publisher<P>(self, producer: P) -> Publisher<P> {
        let waiting = self.0;
        Publisher { producer, waiting }
    }

    fn poller<B>(self, poller: EventPoller<u64, B>) -> Poller<B> {
        let waiting = self.0;
        Poller { poller, waiting }
    }
}

impl Peer for Disruptor {
    type Hub = ();
    type Source = ToOne;
    type Sink = FromOne;

    fn name(&self) -> String {
        Self::name(*self)
    }

    fn hub(&self, _senders: usize) {}

    fn channel(&self, _hub: &mut (), senders: usize) -> (Vec<ToOne>, FromOne) {
        if senders == 1 {
            let builder = build_single_producer(CAPACITY, || 0, BusySpin);
            let (poller, builder) = builder.new_event_poller();
            let source = ToOne::Single(self.publisher(builder.build()));
            (vec![source], FromOne::Single(self.poller(poller)))
        } else {
            let builder = build_multi_producer(CAPACITY, || 0, BusySpin);
            let (poller, builder) = builder.new_event_poller();
            let producers = vec![builder.build(); senders].into_iter();
            let sources = producers.map(|producer| ToOne::Multi(self.publisher(producer)));
            (sources.collect(), FromOne::Multi(self.poller(poller)))
        }
    }

    fn messages(&self, shape: Shape, _beside: Beside) -> u64 {
        self.0.messages(shape.receivers + shape.all_senders())
    }
}

impl Broadcast for Disruptor {
    type Source = Publisher<SingleProducer<u64, MultiConsumerBarrier>>;
    type Sink = Poller<SingleProducerBarrier>;

    fn name(&self) -> String {
        Self::name(*self)
    }

    fn connect(&self, receivers: usize) -> (Self::Source, Vec<Self::Sink>) {
        let builder = build_single_producer(CAPACITY, || 0, BusySpin).with_multi_consumer();
        let mut pollers = Vec::new();
        let builder = (0..receivers).fold(builder, |builder, _| {
            let (poller, builder) = builder.new_event_poller();
            pollers.push(self.poller(poller));
            builder
        });
        (self.publisher(builder.build()), pollers)
    }

    fn deliveries(&self, receivers: usize) -> u64 {
        self.0.messages(1 + receivers)
    }
}

impl<P: Producer<u64> + Send + 'static> Source for Publisher<P> {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        while self.producer.try_publish(|slot| *slot = value).is_err() {
            self.waiting.pause();
        }
        // It does not know whether the receiver is gone.
        true
    }
}

impl Source for ToOne {
    #[inline]
    fn send(&mut self, value: u64) -> bool {
        match self {
            Self::Single(publisher) => publisher.send(value),
            Self::Multi(publisher) => publisher.send(value),
        }
    }
}

/// What both kinds of a poller have: a barrier is nothing that one can name.
macro_rules! sink {
    ($barrier:ty) => {
        impl Sink for Poller<$barrier> {
            fn recv(&mut self) -> Option<u64> {
                loop {
                    match self.poller.take(1) {
                        Ok(mut events) => return (&mut events).next().copied(),
                        Err(Polling::Shutdown) => return None,
                        Err(Polling::NoEvents) => self.waiting.pause(),
                    }
                }
            }

            fn receive(&mut self, tally: &mut Tally) {
                while !tally.is_complete() {
                    match self.poller.poll() {
                        Ok(mut events) => (&mut events).for_each(|&value| tally.count(value)),
                        Err(Polling::Shutdown) => panic!("the senders have not sent everything"),
                        Err(Polling::NoEvents) => self.waiting.pause(),
                    }
                }
            }
        }
    };
}

sink!(SingleProducerBarrier);
sink!(MultiProducerBarrier);

impl Sink for FromOne {
    fn recv(&mut self) -> Option<u64> {
        match self {
            Self::Single(poller) => poller.recv(),
            Self::Multi(poller) => poller.recv(),
        }
    }

    fn receive(&mut self, tally: &mut Tally) {
        match self {
            Self::Single(poller) => poller.receive(tally),
            Self::Multi(poller) => poller.receive(tally),
        }
    }
}
