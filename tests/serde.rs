//! Numbers, clocks and snapshots as JSON and back.
#![cfg(not(loom))]

mod common {
    pub(crate) mod watchdog;
}

use std::fmt::Debug;

use clocked_lanes::{Clock, Dispatcher, Order, Seq, Snapshot};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use common::watchdog::watched;

/// Checks that a value is written as `expected`, and is the same when read back.
#[track_caller]
fn is_written_as<V>(value: &V, expected: &Value)
where
    V: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), *expected);
    assert_eq!(serde_json::from_str::<V>(&text).unwrap(), *value);
}

#[test]
fn a_number_is_a_plain_number() {
    is_written_as(&Seq::from(7), &json!(7));
    is_written_as(&Seq::MAX, &json!(u64::MAX));
    let clock = Clock {
        seq: Seq::from(7),
        dispatched: 5,
    };
    is_written_as(&clock, &json!({ "seq": 7, "dispatched": 5 }));
    is_written_as(&Order::Frontier, &json!("Frontier"));
    let dense = Order::Dense { window: 8 };
    is_written_as(&dense, &json!({ "Dense": { "window": 8 } }));
}

#[test]
fn a_snapshot_is_the_same_when_read_back() {
    watched(|| {
        let builder = Dispatcher::<u32>::builder().start_after(Seq::from(41));
        let dispatcher = builder.forwarding(Order::Frontier).build().unwrap();
        let (_tx, _rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        everybody.advance(50).unwrap();
        let written = json!({
            "clock": { "seq": 41, "dispatched": 0 },
            "order": "Frontier",
            "receivers": [{
                "name": "a",
                "len": 0,
                "capacity": 256,
                "observed": 41,
                "senders": 1,
                "clock": 41,
                "lag": 0,
                "held_back_by": [1],
            }],
            "senders": [
                {
                    "id": 1,
                    "target": "a",
                    "len": 0,
                    "capacity": 256,
                    "frontier": 41,
                    "rejected": 0,
                    "blocked_on": [],
                },
                {
                    "id": 2,
                    "target": null,
                    "len": 0,
                    "capacity": 256,
                    "frontier": 50,
                    "rejected": 0,
                    "blocked_on": [],
                },
            ],
        });
        is_written_as(&dispatcher.snapshot(), &written);
        let empty = Dispatcher::<u32>::new().snapshot();
        let text = serde_json::to_string(&empty).unwrap();
        assert_eq!(serde_json::from_str::<Snapshot>(&text).unwrap(), empty);
    });
}
