//! Traffic of a dispatch that gives the numbers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use clocked_lanes::{Dispatcher, Sender, Serializing, TrySendError};

use crate::failure::fail;
use crate::hand::{Hand, Out, Sent, Shared};
use crate::round::Mode;
use crate::value::{Value, inject};

/// How many messages are sent in a row.
const BURST: u64 = 64;

impl Mode for Serializing {
    fn send(mut hand: Hand<'_, Self>) -> Vec<Sent> {
        let mut left = hand.share;
        while left > 0 {
            let path = hand.rng.usize(..hand.senders.len());
            left = left.saturating_sub(match hand.rng.u32(..256) {
                0 => {
                    hand.replace(path);
                    1
                }
                1 => {
                    hand.replace_broadcaster();
                    1
                }
                2 if hand.plan.has_passing => pass_by(&mut hand),
                3 if hand.plan.has_faults => batch_that_panics(&mut hand, path),
                4..8 => sequenced(&mut hand, path),
                8..16 => batch(&mut hand, path),
                16..32 => impatient(&mut hand, path),
                32..64 => broadcast(&mut hand),
                _ => burst(&mut hand, path),
            });
        }
        hand.into_sent()
    }

    fn stall(out: &mut Out<Sender<Value, Self>>) {
        loop {
            let value = out.next();
            if out.source.try_send(value).is_err() {
                out.take_back(1);
                return;
            }
        }
    }

    fn retire(_: &Sender<Value, Self>) {}

    fn last_number(dispatcher: &Dispatcher<Value, Self>, _: &Shared) -> u64 {
        dispatcher.clock().seq.get()
    }
}

type Serial<'a> = Hand<'a, Serializing>;

/// A send failed though its receiver is there.
fn lost(what: &str) -> ! {
    fail("S9 and S12", what);
}

fn burst(hand: &mut Serial<'_>, path: usize) -> u64 {
    let out = &mut hand.senders[path];
    for _ in 0..BURST {
        let value = out.next();
        if out.source.send(value).is_err() {
            lost("send");
        }
    }
    BURST
}

fn impatient(hand: &mut Serial<'_>, path: usize) -> u64 {
    let out = &mut hand.senders[path];
    let value = out.next();
    let timeout = Duration::from_micros(hand.rng.u64(..50));
    match hand.rng.bool() {
        true => match out.source.try_send(value) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => out.take_back(1),
            Err(TrySendError::Disconnected(_)) => lost("try_send"),
        },
        false => match out.source.send_timeout(value, timeout) {
            Ok(()) => {}
            Err(error) if error.is_timeout() => out.take_back(1),
            Err(_) => lost("send_timeout"),
        },
    }
    1
}

/// C2 and C1: who knows the number of a message can wait for it.
fn sequenced(hand: &mut Serial<'_>, path: usize) -> u64 {
    let out = &mut hand.senders[path];
    let value = out.next();
    let Ok(seq) = out.source.send_sequenced(value) else {
        lost("send_sequenced");
    };
    let progress = &hand.progress[path];
    if hand.rng.bool() {
        match progress.wait_for(seq) {
            Ok(observed) if observed >= seq && progress.observed() >= seq => {}
            other => fail("C1", &format!("{other:?} for {seq}")),
        }
    }
    1
}

fn batch(hand: &mut Serial<'_>, path: usize) -> u64 {
    // It is never larger than an inbox.
    let most = hand.plan.capacity.min(32) as u32;
    let size = hand.rng.u32(1..=most);
    let out = &mut hand.senders[path];
    let values = out.batch(size);
    if hand.rng.bool() {
        if out.source.send_batch(values).is_err() {
            lost("send_batch");
        }
    } else {
        match out.source.send_batch_sequenced(values) {
            Ok(range) if range.end().get() - range.start().get() + 1 == u64::from(size) => {}
            Ok(range) => fail("C2", &format!("{range:?} for a batch of {size}")),
            Err(_) => lost("send_batch_sequenced"),
        }
    }
    u64::from(size)
}

/// Its iterator panics before the batch is whole. Nothing is sent.
fn batch_that_panics(hand: &mut Serial<'_>, path: usize) -> u64 {
    let out = &mut hand.senders[path];
    let values = out.batch(3);
    out.take_back(3);
    let mut values = values.into_iter();
    let values = std::iter::from_fn(|| Some(values.next().unwrap_or_else(|| inject())));
    let sent = catch_unwind(AssertUnwindSafe(|| out.source.send_batch(values)));
    if sent.is_ok() {
        fail("S11", "a batch was sent though its iterator panics");
    }
    1
}

fn broadcast(hand: &mut Serial<'_>) -> u64 {
    let Some(out) = &mut hand.broadcaster else {
        return 1;
    };
    let count = hand.rng.u64(1..8);
    for _ in 0..count {
        let value = out.next();
        let is_sent = match hand.rng.u32(..8) {
            0 => out.source.send_sequenced(value).is_ok(),
            _ => out.source.send(value).is_ok(),
        };
        if !is_sent {
            lost("a broadcast");
        }
    }
    count
}

/// A receiver comes, gets a little and goes, with its inbox and its lane full or not.
fn pass_by(hand: &mut Serial<'_>) -> u64 {
    let (mut out, rx, mut ledger) = hand.passing();
    let more = out.source.clone();
    for _ in 0..hand.rng.u32(..20) {
        let mut value = out.next();
        if hand.plan.has_faults && hand.rng.u32(..16) == 0 {
            value.arm();
        }
        if let Err(error) = out.source.try_send(value) {
            error.into_inner().defuse();
            out.take_back(1);
        }
    }
    for event in rx.try_iter().take(hand.rng.usize(..8)) {
        ledger.enter(event);
    }
    drop(more);
    // What is left in its inbox may panic here, and what is in its lane panics where it is seen by nobody.
    _ = catch_unwind(AssertUnwindSafe(|| drop(rx)));
    1
}
