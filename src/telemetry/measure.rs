//! Metrics, by way of the facade `metrics`.

use std::sync::Arc;
use std::time::Instant;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

use super::Listener;

const RECEIVERS: &str = "clocked_lanes_receivers";
const RECEIVERS_JOINED: &str = "clocked_lanes_receivers_joined_total";
const RECEIVERS_LEFT: &str = "clocked_lanes_receivers_left_total";
const SENDERS: &str = "clocked_lanes_senders";
const SENDERS_JOINED: &str = "clocked_lanes_senders_joined_total";
const SENDERS_LEFT: &str = "clocked_lanes_senders_left_total";
const SENDS_BLOCKED: &str = "clocked_lanes_sends_blocked_total";
const SEND_BLOCKED: &str = "clocked_lanes_send_blocked_seconds";
const RECEIVES_PARKED: &str = "clocked_lanes_receives_parked_total";
const RECEIVE_PARKED: &str = "clocked_lanes_receive_parked_seconds";
const ENGINE_DEATHS: &str = "clocked_lanes_engine_deaths_total";

/// Tells of a dispatcher by metrics.
///
/// They are looked up each time, and not kept, so that a recorder which is installed later is found.
#[derive(Clone)]
pub(super) struct Measure {
    dispatcher: Arc<str>,
}

/// The time a call waits, and where it goes.
pub(super) struct Wait {
    since: Instant,
    into: Histogram,
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.into.record(self.since.elapsed());
    }
}

/// Kinds of sources, as a label.
fn kind(target: Option<&str>) -> &'static str {
    match target {
        Some(_) => "sender",
        None => "broadcaster",
    }
}

impl Measure {
    fn counter(&self, name: &'static str) -> Counter {
        counter!(name, "dispatcher" => Arc::clone(&self.dispatcher))
    }

    fn gauge(&self, name: &'static str) -> Gauge {
        gauge!(name, "dispatcher" => Arc::clone(&self.dispatcher))
    }

    /// With a label for the kind of source.
    fn counter_of(&self, name: &'static str, target: Option<&str>) -> Counter {
        counter!(name, "dispatcher" => Arc::clone(&self.dispatcher), "kind" => kind(target))
    }

    fn gauge_of(&self, name: &'static str, target: Option<&str>) -> Gauge {
        gauge!(name, "dispatcher" => Arc::clone(&self.dispatcher), "kind" => kind(target))
    }
}

impl Listener for Measure {
    type Wait = Wait;

    fn new(dispatcher: &str) -> Self {
        let count = Unit::Count;
        describe_gauge!(RECEIVERS, count, "Receivers that are there");
        describe_counter!(RECEIVERS_JOINED, count, "Receivers that have joined");
        describe_counter!(RECEIVERS_LEFT, count, "Receivers that have left");
        describe_gauge!(SENDERS, count, "Senders and broadcasters that are there");
        describe_counter!(
            SENDERS_JOINED,
            count,
            "Senders and broadcasters that have joined"
        );
        describe_counter!(
            SENDERS_LEFT,
            count,
            "Senders and broadcasters that have left"
        );
        describe_counter!(
            SENDS_BLOCKED,
            count,
            "Sends that found their lane full and waited"
        );
        describe_histogram!(
            SEND_BLOCKED,
            Unit::Seconds,
            "How long sends waited for space"
        );
        describe_counter!(
            RECEIVES_PARKED,
            count,
            "Receives that found nothing and parked"
        );
        describe_histogram!(
            RECEIVE_PARKED,
            Unit::Seconds,
            "How long receives were parked"
        );
        describe_counter!(ENGINE_DEATHS, count, "Dispatchers whose thread has died");
        Self {
            dispatcher: Arc::from(dispatcher),
        }
    }

    fn receiver_joined(&self, _receiver: &str) {
        self.counter(RECEIVERS_JOINED).increment(1);
        self.gauge(RECEIVERS).increment(1.0);
    }

    fn receiver_left(&self, _receiver: &str) {
        self.counter(RECEIVERS_LEFT).increment(1);
        self.gauge(RECEIVERS).decrement(1.0);
    }

    fn source_joined(&self, _id: u64, target: Option<&str>) {
        self.counter_of(SENDERS_JOINED, target).increment(1);
        self.gauge_of(SENDERS, target).increment(1.0);
    }

    fn source_left(&self, _id: u64, target: Option<&str>) {
        self.counter_of(SENDERS_LEFT, target).increment(1);
        self.gauge_of(SENDERS, target).decrement(1.0);
    }

    fn send_blocked(&self, _id: u64, target: Option<&str>) -> Wait {
        self.counter_of(SENDS_BLOCKED, target).increment(1);
        let dispatcher = Arc::clone(&self.dispatcher);
        Wait {
            since: Instant::now(),
            into: histogram!(SEND_BLOCKED, "dispatcher" => dispatcher, "kind" => kind(target)),
        }
    }

    fn receive_parked(&self, _receiver: &str) -> Wait {
        self.counter(RECEIVES_PARKED).increment(1);
        Wait {
            since: Instant::now(),
            into: histogram!(RECEIVE_PARKED, "dispatcher" => Arc::clone(&self.dispatcher)),
        }
    }

    fn engine_died(&self) {
        self.counter(ENGINE_DEATHS).increment(1);
    }
}
