//! What the threads have done and seen, and whether that can be: S1 to S4.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// What was sent on a lane.
#[derive(Debug)]
pub(super) struct Lane {
    /// The receiver; `None` for a broadcaster's lane.
    pub(super) target: Option<usize>,
    /// What was accepted, in order: messages that go together, and their first number if the sender was told.
    pub(super) sent: Vec<(Range<u16>, Option<u64>)>,
}

/// What a receiver has seen.
#[derive(Debug)]
pub(super) struct Inbox {
    /// The events: numbers, with the message if it was one.
    pub(super) events: Vec<(u64, Option<u16>)>,
    /// It has stayed until it was disconnected.
    pub(super) has_stayed: bool,
}

/// Checks it. `clock` is how many numbers were given.
pub(super) fn check(lanes: &[Lane], inboxes: &[Inbox], clock: u64) {
    let mut messages = BTreeMap::new();
    for (r, inbox) in inboxes.iter().enumerate() {
        let numbers: Vec<u64> = inbox.events.iter().map(|event| event.0).collect();
        assert!(
            numbers.is_sorted_by(|a, b| a < b),
            "S3, S4: receiver {r} has {numbers:?}"
        );
        assert!(
            numbers.last().is_none_or(|last| *last <= clock),
            "S4: receiver {r} is ahead of the clock"
        );
        for (number, id) in &inbox.events {
            if let Some(id) = id {
                assert_eq!(
                    *messages.entry(*number).or_insert(*id),
                    *id,
                    "S1: {number} was given twice"
                );
            }
        }
        check_delivery(lanes, r, inbox);
    }
    let numbers: HashMap<u16, u64> = messages.iter().map(|(number, id)| (*id, *number)).collect();
    assert_eq!(
        numbers.len(),
        messages.len(),
        "S1: a message has two numbers"
    );
    let mut sent = 0;
    for (l, lane) in lanes.iter().enumerate() {
        let mut last = 0;
        for (bundle, told) in &lane.sent {
            sent += bundle.len() as u64;
            for (k, id) in bundle.clone().enumerate() {
                let Some(number) = numbers.get(&id) else {
                    continue;
                };
                assert!(*number > last, "S2: lane {l} is out of order at {number}");
                assert!(
                    k == 0 || last == 0 || *number == last + 1,
                    "C2: a batch of lane {l} is torn at {number}"
                );
                assert!(
                    told.is_none_or(|first| first + k as u64 == *number),
                    "C2: {number} was told otherwise"
                );
                last = *number;
            }
        }
    }
    if inboxes.iter().all(|inbox| inbox.has_stayed) {
        assert_eq!(
            (sent, messages.len() as u64),
            (clock, clock),
            "S1: a number for each message"
        );
    }
    assert!(clock <= sent);
}

/// S3: a receiver has got what was sent to it, each lane's messages in their order. One that has left has got the
/// first of them.
fn check_delivery(lanes: &[Lane], r: usize, inbox: &Inbox) {
    let mut got: Vec<u16> = inbox.events.iter().filter_map(|event| event.1).collect();
    for (l, lane) in lanes
        .iter()
        .enumerate()
        .filter(|(_, lane)| lane.target.is_none_or(|to| to == r))
    {
        let sent: Vec<u16> = lane
            .sent
            .iter()
            .flat_map(|(bundle, _)| bundle.clone())
            .collect();
        let here: Vec<u16> = got.iter().copied().filter(|id| sent.contains(id)).collect();
        assert!(
            sent.starts_with(&here),
            "S3: receiver {r} has {here:?} of lane {l}: {sent:?}"
        );
        assert!(
            !inbox.has_stayed || here.len() == sent.len(),
            "S3: receiver {r} misses some of lane {l}"
        );
        got.retain(|id| !sent.contains(id));
    }
    assert!(
        got.is_empty(),
        "S3: receiver {r} has {got:?}, which are not for it"
    );
}
