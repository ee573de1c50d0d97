//! S12: the engine dies, at each of its points in turn, while everybody is at it.
//!
//! Points are there with `RUSTFLAGS="--cfg clocked_lanes_faults"` only (`src/fault.rs`), and this file with them.
#![cfg(all(clocked_lanes_faults, not(loom)))]

mod common {
    pub(crate) mod counted;
    pub(crate) mod crowd;
    pub(crate) mod eventually;
    pub(crate) mod heap;
    pub(crate) mod settled;
    pub(crate) mod watchdog;
}

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clocked_lanes::{
    Broadcaster, Builder, ChannelError, DisconnectReason, Dispatcher, ForwardError, Forwarding,
    Order, Progress, Receiver, Select, SendError, Sender,
};

use common::counted::{Counted, Tally};
use common::crowd::threads_called;
use common::eventually::eventually;
use common::settled::settled;
use common::watchdog::watched;

/// How many points in a row nobody dies at before it is taken that the last one has been passed. The last ones are
/// passed when everybody has gone, and nobody sees whether it dies there.
const BEYOND: u32 = 50;

const DIED: Option<DisconnectReason> = Some(DisconnectReason::DispatcherDied);

/// Deaths at which nothing is compared yet: what is allocated once for a process is there after them.
const WARM_UP: u64 = 50;
/// What may be left after all deaths, in bytes.
const SLACK: usize = 4_096;

/// One test at a time, as memory is counted for all.
static TURN: Mutex<()> = Mutex::new(());

/// Runs a program, with the engine dying at a later point each time, until it is through with all of them.
fn at_each_point(is_inline: bool, program: fn(Builder<Counted>, &Tally) -> bool) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    watched(move || {
        let tally = Tally::default();
        let mut before = 0;
        let mut deaths = 0;
        let mut survived = 0;
        for point in 0.. {
            let name = format!("dies at {point}");
            let builder = Dispatcher::builder().thread_name(&name);
            let builder = builder.capacity(2).lane_capacity(2);
            let builder = if is_inline { builder.inline() } else { builder };
            if program(builder, &tally) {
                deaths += 1;
                survived = 0;
            } else {
                survived += 1;
            }
            // Nobody has a handle any more: nothing is left, neither a value nor a thread.
            tally.all_dropped();
            eventually(|| threads_called(&name) == 0);
            if point == WARM_UP {
                before = settled();
            }
            if survived == BEYOND {
                println!("{deaths} deaths at {point} points");
                break;
            }
        }
        assert!(deaths > 100, "{deaths} deaths");
        eventually(|| settled() < before + SLACK);
    });
}

/// Receives to the end, in several ways. Numbers rise up to there.
fn receive_all(mut rx: Receiver<Counted>) -> Receiver<Counted> {
    let mut last = rx.observed();
    for round in 0_u64.. {
        let event = match round % 4 {
            0 => rx.recv().ok(),
            1 => rx.recv_timeout(Duration::MAX).ok(),
            2 => {
                let mut select = Select::new();
                select.recv(&rx);
                select.ready();
                drop(select);
                rx.recv().ok()
            }
            _ => next_as_task(&mut rx),
        };
        let Some(event) = event else { break };
        // In `Frontier`, several sources may use one number.
        assert!(event.seq() >= last, "{} comes after {last}", event.seq());
        last = event.seq();
    }
    assert!(rx.recv().is_err() && rx.try_recv_message().is_err() && rx.is_disconnected());
    rx
}

#[cfg(feature = "async")]
fn next_as_task(rx: &mut Receiver<Counted>) -> Option<clocked_lanes::Event<Counted>> {
    pollster::block_on(rx.recv_async()).ok()
}

#[cfg(not(feature = "async"))]
fn next_as_task(rx: &mut Receiver<Counted>) -> Option<clocked_lanes::Event<Counted>> {
    rx.iter().next()
}

/// Sends in every way, until it has sent enough or that is an error.
fn send_all(tx: &Sender<Counted>, tally: &Tally) -> Result<(), SendError<Counted>> {
    for n in 0..2 {
        tx.send(tally.value(n))?;
        tx.send_sequenced(tally.value(n))?;
        let batch = [tally.value(n), tally.value(n)];
        if tx.send_batch_sequenced(batch).is_err() {
            tx.send(tally.value(n))?;
        }
        #[cfg(feature = "async")]
        pollster::block_on(tx.send_async(tally.value(n)))?;
    }
    Ok(())
}

fn broadcast_all(tx: &Broadcaster<Counted>, tally: &Tally) -> Result<(), SendError<Counted>> {
    tx.send(tally.value(0))?;
    tx.clone().send_sequenced(tally.value(0))?;
    tx.send(tally.value(0))
}

/// Forwards in every way, numbers from `first` on, every fourth.
fn forward_all(
    tx: &Sender<Counted, Forwarding>,
    first: u64,
    tally: &Tally,
) -> Result<(), Box<dyn Error>> {
    for seq in (first..).step_by(4).take(6) {
        tx.forward(seq, tally.value(seq))?;
        // What others leave behind does not come from here.
        tx.advance(seq)?;
    }
    let next = tx.frontier().get() + 4;
    tx.forward_empty(next)?;
    tx.advance(next + 3)?;
    Ok(())
}

/// What fails, fails because the engine has died.
#[track_caller]
fn fails_by_death<E>(outcome: Result<(), E>, reason: impl Fn() -> Option<DisconnectReason>) {
    // A lane that the engine was about to take in is closed a moment before it is known why.
    outcome.unwrap_or_else(|_| eventually(|| reason() == DIED));
}

/// Waits for a number that may come or not, as others join and leave.
fn wait_for_progress(progress: &Progress) {
    if let Err(error) = progress.wait_for(15) {
        // Its owner has dropped it by then, or not.
        let reasons = [
            DisconnectReason::DispatcherDied,
            DisconnectReason::ReceiverGone,
        ];
        assert!(reasons.contains(&error.reason), "{error:?}");
    }
}

/// Receivers and senders come and go. What they send is left behind.
fn come_and_go<M>(dispatcher: &Dispatcher<Counted, M>, mut send: impl FnMut(&Sender<Counted, M>)) {
    let mut passing = || {
        let (tx, rx) = dispatcher.channel("passing")?;
        send(&tx);
        let more = dispatcher.sender("passing")?;
        let (clone, broadcaster) = (tx.clone(), dispatcher.broadcaster());
        send(&clone);
        Ok::<_, ChannelError>((tx, rx, more, clone, broadcaster))
    };
    for order in 0..4 {
        match passing() {
            Ok((tx, rx, more, clone, broadcaster)) => match order {
                0 => drop((rx, tx, more, clone, broadcaster)),
                1 => drop((broadcaster, tx, more, clone, rx)),
                2 => rx.close(),
                _ => {
                    drop((tx, more, broadcaster, clone));
                    receive_all(rx);
                }
            },
            Err(error) => assert_eq!(error, ChannelError::DispatcherDied),
        }
    }
}

/// Everybody is at it: receivers, senders that find space and one that does not, a broadcaster, one who waits for a
/// number, and some who come and go. Returns whether the engine has died.
fn serializing(builder: Builder<Counted>, tally: &Tally) -> bool {
    let dispatcher = builder.build().unwrap();
    let everybody = dispatcher.broadcaster();
    let all = ["a", "b", "full"].map(|name| dispatcher.channel(name).ok());
    if let [Some((a, for_a)), Some((b, for_b)), Some((full, never))] = all {
        let progress = for_a.progress();
        // Kept, so that it is not their leaving that senders see.
        let _receivers = thread::scope(|scope| {
            let receiving = [for_a, for_b].map(|rx| scope.spawn(|| receive_all(rx)));
            scope.spawn(move || fails_by_death(send_all(&a, tally), || a.disconnect_reason()));
            scope.spawn(move || fails_by_death(send_all(&b, tally), || b.disconnect_reason()));
            scope.spawn(move || wait_for_progress(&progress));
            scope.spawn(|| come_and_go(&dispatcher, |tx| drop(tx.try_send(tally.value(0)))));
            let blocked = scope.spawn(|| {
                let refused = (0..).find_map(|n| full.send(tally.value(n)).err());
                assert!(refused.is_some());
            });
            eventually(|| (never.len() >= 2 && full.is_full()) || full.is_disconnected());
            scope.spawn(move || {
                let outcome = broadcast_all(&everybody, tally);
                fails_by_death(outcome, || everybody.disconnect_reason());
            });
            drop(never);
            blocked.join().unwrap();
            receiving.map(|thread| thread.join().unwrap())
        });
    }
    match dispatcher.channel("probe") {
        Ok((tx, _rx))
            if tx.send_sequenced(tally.value(0)).is_ok() && tx.disconnect_reason().is_none() =>
        {
            false
        }
        Ok((tx, rx)) => {
            refuses(&tx, tally);
            assert_eq!(receive_all(rx).disconnect_reason(), DIED);
            has_died(&dispatcher);
            true
        }
        Err(error) => {
            assert_eq!(error, ChannelError::DispatcherDied);
            has_died(&dispatcher);
            true
        }
    }
}

/// Every way to send is an error, and gives the value back.
fn refuses(tx: &Sender<Counted>, tally: &Tally) {
    let soon = Instant::now() + Duration::from_secs(3_600);
    // Why is known a moment before or after its lane is closed.
    eventually(|| {
        let refused = tx.try_send(tally.value(0)).err();
        refused.is_some_and(|error| error.is_disconnected()) && tx.disconnect_reason() == DIED
    });
    assert_eq!(tx.send(tally.value(1)).unwrap_err().into_inner().id, 1);
    assert!(tx.try_send(tally.value(2)).unwrap_err().is_disconnected());
    assert!(tx.send_timeout(tally.value(3), Duration::MAX).is_err());
    assert!(tx.send_deadline(tally.value(4), soon).is_err());
    assert!(tx.send_sequenced(tally.value(5)).is_err());
    let batch = || [6, 7].map(|id| tally.value(id));
    assert!(tx.send_batch(batch()).is_err());
    assert!(tx.send_batch_sequenced(batch()).is_err());
    assert!(tx.clone().send(tally.value(8)).is_err());
    assert_eq!(tx.wait_closed(), DisconnectReason::DispatcherDied);
    #[cfg(feature = "async")]
    assert!(pollster::block_on(tx.send_async(tally.value(9))).is_err());
}

/// Nobody joins any more, and who looks is told something.
fn has_died<M>(dispatcher: &Dispatcher<Counted, M>) {
    let error = dispatcher.channel("late").unwrap_err();
    assert_eq!(error, ChannelError::DispatcherDied);
    assert!(dispatcher.sender("late").is_err());
    assert_eq!(dispatcher.broadcaster().disconnect_reason(), DIED);
    _ = dispatcher.clock();
    assert!(!dispatcher.snapshot().to_string().is_empty());
}

fn frontier(builder: Builder<Counted>, tally: &Tally) -> bool {
    forwarding(builder.forwarding(Order::Frontier), tally)
}

fn dense(builder: Builder<Counted>, tally: &Tally) -> bool {
    forwarding(builder.forwarding(Order::Dense { window: 8 }), tally)
}

/// As [`serializing`]; the sources take turns with the numbers, and what comes too late goes to one who waits for it.
fn forwarding(builder: Builder<Counted, Forwarding>, tally: &Tally) -> bool {
    let dispatcher = builder.build().unwrap();
    let rejects = dispatcher.rejects();
    let rejected = thread::spawn(move || rejects.iter().count());
    let everybody = dispatcher.broadcaster();
    let all = ["a", "b", "full"].map(|name| dispatcher.channel(name).ok());
    if let [Some((a, for_a)), Some((b, for_b)), Some((full, never))] = all {
        let progress = for_a.progress();
        // Kept, so that it is not their leaving that senders see.
        let _receivers = thread::scope(|scope| {
            let receiving = [for_a, for_b].map(|rx| scope.spawn(|| receive_all(rx)));
            scope
                .spawn(move || fails_by_death(forward_all(&a, 1, tally), || a.disconnect_reason()));
            scope
                .spawn(move || fails_by_death(forward_all(&b, 2, tally), || b.disconnect_reason()));
            scope.spawn(move || wait_for_progress(&progress));
            scope.spawn(|| {
                come_and_go(&dispatcher, |tx| {
                    _ = tx.try_forward(tx.frontier().get() + 1, tally.value(0));
                });
            });
            let blocked = scope.spawn(|| {
                let mut numbers = (3_u64..).step_by(4);
                let refused = numbers.find_map(|n| full.forward(n, tally.value(n)).err());
                assert!(matches!(refused, Some(ForwardError::Disconnected(_))));
            });
            eventually(|| full.is_full() || full.is_disconnected());
            scope.spawn(move || {
                let outcome = (4..).step_by(4).take(4).try_for_each(|n| {
                    everybody.forward(n, tally.value(n)).map_err(drop)?;
                    everybody.advance(n).map_err(drop)
                });
                fails_by_death(outcome, || everybody.disconnect_reason());
            });
            drop(never);
            blocked.join().unwrap();
            receiving.map(|thread| thread.join().unwrap())
        });
    }
    let died = match dispatcher.channel("probe") {
        Ok((tx, rx)) => {
            // Whether it is alive is known when it has delivered something.
            let next = tx.frontier().get() + 1;
            _ = tx.forward(next, tally.value(next));
            let died = rx.recv_message().is_err() || tx.is_disconnected();
            if died {
                let rx = receive_all(rx);
                assert_eq!(rx.disconnect_reason(), DIED);
                eventually(|| tx.advance(next).is_err());
                assert!(tx.forward(next + 1, tally.value(0)).is_err());
                assert!(tx.try_forward(next + 2, tally.value(0)).is_err());
                assert!(tx.advance(next + 3).is_err() && tx.forward_empty(next + 4).is_err());
                fails_by_death(Err(()), || tx.disconnect_reason());
            }
            died
        }
        Err(error) => {
            assert_eq!(error, ChannelError::DispatcherDied);
            true
        }
    };
    if died {
        has_died(&dispatcher);
        // It ends.
        dispatcher.rejects().iter().for_each(drop);
    }
    drop(dispatcher);
    rejected.join().unwrap();
    died
}

#[test]
fn s12_serializing() {
    at_each_point(false, serializing);
}

#[test]
fn s12_serializing_inline() {
    at_each_point(true, serializing);
}

#[test]
fn s12_frontier() {
    at_each_point(false, frontier);
}

#[test]
fn s12_frontier_inline() {
    at_each_point(true, frontier);
}

#[test]
fn s12_dense() {
    at_each_point(false, dense);
}

#[test]
fn s12_dense_inline() {
    at_each_point(true, dense);
}
