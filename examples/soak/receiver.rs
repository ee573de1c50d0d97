//! A thread that receives to the end.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use clocked_lanes::{DisconnectReason, Event, Receiver, RecvTimeoutError, Select, TryRecvError};
use fastrand::Rng;

use crate::failure::fail;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::value::{Injected, Value, panic_after};

/// How many clones there are before one panics, at most.
const CLONES: u32 = 50_000;

/// Receives in every way until there is nothing more to come.
pub(crate) fn receive(
    plan: &Plan,
    rx: &Receiver<Value>,
    seed: u64,
    received: &AtomicU64,
) -> Ledger {
    let mut ledger = Ledger::new(rx.name(), plan.order, true, rx.observed().get());
    let mut rng = Rng::with_seed(seed);
    let mut has_fuse = false;
    loop {
        if plan.has_faults && !has_fuse {
            panic_after(rng.u32(..CLONES));
            has_fuse = true;
        }
        let before = ledger.count();
        let taken = catch_unwind(AssertUnwindSafe(|| take(plan, rx, &mut ledger, &mut rng)));
        received.fetch_add(ledger.count() - before, Ordering::Relaxed);
        match taken {
            Ok(true) => {}
            Ok(false) => break,
            // The message is still there.
            Err(payload) if payload.is::<Injected>() => has_fuse = false,
            Err(payload) => resume_unwind(payload),
        }
    }
    if rx.disconnect_reason() != Some(DisconnectReason::SendersGone) || rx.recv().is_ok() {
        fail(
            "S9",
            &format!("{}: {:?}", rx.name(), rx.disconnect_reason()),
        );
    }
    ledger
}

/// Receives something. Returns `false` at the end.
fn take(plan: &Plan, rx: &Receiver<Value>, ledger: &mut Ledger, rng: &mut Rng) -> bool {
    let mut enter = |event: Event<Value>| ledger.enter(event);
    match rng.u32(..64) {
        0 => thread::sleep(Duration::from_micros(rng.u64(..300))),
        1 => {
            // A broadcast has a place beyond the capacity.
            let (len, most) = (rx.len(), plan.capacity + 1);
            if len > most {
                fail(
                    "S7",
                    &format!("{}: {len} messages in a place for {most}", rx.name()),
                );
            }
        }
        2..8 => {
            let mut select = Select::new();
            select.recv(rx);
            select.ready();
        }
        8..16 => rx.try_iter().take(16).for_each(&mut enter),
        16..20 => match rx.recv_timeout(Duration::from_micros(100)) {
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => {}
            Ok(event) => enter(event),
        },
        // Not one that waits for a message: it would sleep through the last tick, which it is asked for.
        20..24 => match rx.try_recv_message() {
            Ok((seq, value)) => enter(Event::Message { seq, value }),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return false,
        },
        _ => {
            rx.drain(1_024).for_each(&mut enter);
            match rx.recv() {
                Ok(event) => enter(event),
                Err(_) => return false,
            }
        }
    }
    true
}
