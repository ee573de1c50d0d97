//! Traffic of a dispatch in which messages arrive numbered.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use clocked_lanes::{Dispatcher, Forwarding, Order, Sender};

use crate::failure::fail;
use crate::hand::{Hand, Out, Sent, Shared};
use crate::round::Mode;
use crate::value::Value;

/// How many messages are forwarded in a row.
const BURST: u64 = 64;

impl Mode for Forwarding {
    fn send(mut hand: Hand<'_, Self>) -> Vec<Sent> {
        let is_dense = matches!(hand.plan.order, Some(Order::Dense { .. }));
        let mut left = hand.share;
        let mut time = hand.plan.start;
        while left > 0 {
            let path = hand.rng.usize(..hand.senders.len());
            left = left.saturating_sub(1);
            match hand.rng.u32(..64) {
                0 => hand.replace(path),
                1 => hand.replace_broadcaster(),
                2 if hand.plan.has_passing => pass_by(&mut hand, is_dense, &mut time),
                3..8 => burst(&mut hand, None, is_dense, &mut time, &mut left),
                _ => burst(&mut hand, Some(path), is_dense, &mut time, &mut left),
            }
        }
        hand.into_sent()
    }

    fn stall(out: &mut Out<Sender<Value, Self>>) {
        loop {
            let number = out.source.frontier().get() + 1;
            let value = out.next();
            if out.source.try_forward(number, value).is_err() {
                out.take_back(1);
                return Self::retire(&out.source);
            }
        }
    }

    /// It will send nothing, and holds nobody back.
    fn retire(sender: &Sender<Value, Self>) {
        if sender.advance(u64::MAX).is_err() {
            fail("F2", "a promise was refused");
        }
    }

    fn last_number(dispatcher: &Dispatcher<Value, Self>, shared: &Shared) -> u64 {
        if let Ok(rejected) = dispatcher.rejects().try_recv() {
            fail("F1 and F3", &format!("{} was rejected", rejected.seq));
        }
        match dispatcher.snapshot().order {
            // Every source has promised that nothing more will come.
            Some(Order::Frontier) => u64::MAX,
            _ => shared.next_number.load(Ordering::SeqCst) - 1,
        }
    }
}

type Forward<'a> = Hand<'a, Forwarding>;

/// Forwards some messages to one receiver, or to all.
fn burst(
    hand: &mut Forward<'_>,
    path: Option<usize>,
    is_dense: bool,
    time: &mut u64,
    left: &mut u64,
) {
    if path.is_none() && hand.broadcaster.is_none() {
        return;
    }
    let count = hand.rng.u64(1..BURST);
    *left = left.saturating_sub(count);
    // Clones start where their parents are.
    let step = hand.rng.u64(1..4);
    let end = *time + count * step;
    if !is_dense {
        // The others are not waited for meanwhile: otherwise two threads could wait for each other.
        for (p, out) in hand.senders.iter().enumerate() {
            if Some(p) != path {
                _ = out.source.advance(end);
            }
        }
        if let (Some(out), Some(_)) = (&hand.broadcaster, path) {
            _ = out.source.advance(end);
        }
    }
    for _ in 0..count {
        *time += step;
        let number = match is_dense {
            true => hand.shared.next_number.fetch_add(1, Ordering::SeqCst),
            false => *time,
        };
        let is_sent = match path {
            Some(p) if is_dense && hand.rng.u32(..64) == 0 => {
                hand.senders[p].source.forward_empty(number).is_ok()
            }
            Some(p) => {
                let out = &mut hand.senders[p];
                let value = out.next();
                out.source.forward(number, value).is_ok()
            }
            None => hand.broadcaster.as_mut().is_some_and(|out| {
                let value = out.next();
                out.source.forward(number, value).is_ok()
            }),
        };
        if !is_sent {
            fail("S9, S12 and F3", &format!("{number} was refused"));
        }
    }
}

/// A receiver comes, gets a little and goes.
fn pass_by(hand: &mut Forward<'_>, is_dense: bool, time: &mut u64) {
    let (mut out, rx, mut ledger) = hand.passing();
    let mut unused = None;
    for _ in 0..hand.rng.u32(..20) {
        let mut value = out.next();
        if hand.plan.has_faults && hand.rng.u32(..16) == 0 {
            value.arm();
        }
        let number = match is_dense {
            true => hand.shared.next_number.fetch_add(1, Ordering::SeqCst),
            // It has started where the clocks are.
            false => out.source.frontier().get() + 1,
        };
        if let Err(error) = out.source.try_forward(number, value) {
            error.into_inner().defuse();
            out.take_back(1);
            unused = is_dense.then_some(number);
            break;
        }
    }
    for event in rx.try_iter().take(hand.rng.usize(..8)) {
        ledger.enter(event);
    }
    _ = catch_unwind(AssertUnwindSafe(|| drop(rx)));
    drop(out);
    // Somebody has to fill the number in, when the receiver does not hold up others any more.
    if let Some(number) = unused {
        if hand.senders[0].source.forward_empty(number).is_err() {
            fail("S9 and S12", &format!("{number} was refused"));
        }
    }
    *time += 1;
}
