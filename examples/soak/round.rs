//! A dispatcher, from its first handle to its last.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clocked_lanes::{Dispatcher, Forwarding, Sender, Serializing};
use fastrand::Rng;

use crate::failure::fail;
use crate::hand::{Hand, Out, Sent, Shared};
use crate::ledger::{Ledger, Numbers};
use crate::plan::Plan;
use crate::receiver::receive;
use crate::value::{Value, alive};

/// Far longer than anything takes.
const LIMIT: Duration = Duration::from_secs(30);

const THREAD_NAME: &str = "soak-engine";

/// What differs between the modes.
pub(crate) trait Mode: Sized {
    /// Sends until it has sent its share.
    fn send(hand: Hand<'_, Self>) -> Vec<Sent>;

    /// Fills a lane and an inbox.
    fn stall(out: &mut Out<Sender<Value, Self>>);

    /// The sender will send nothing.
    fn retire(sender: &Sender<Value, Self>);

    /// The number that every receiver gets to, when everybody has sent what there was.
    fn last_number(dispatcher: &Dispatcher<Value, Self>, shared: &Shared) -> u64;
}

/// Runs a round. Returns how many handles were made.
pub(crate) fn run(plan: &Plan, received: &AtomicU64, tick: impl FnMut()) -> u64 {
    let builder = plan.builder(THREAD_NAME);
    let joins = match plan.order {
        None => {
            let dispatcher = builder.build().expect("a dispatcher");
            round::<Serializing>(plan, &dispatcher, received, tick)
        }
        Some(order) => {
            let dispatcher = builder.forwarding(order).build().expect("a dispatcher");
            round::<Forwarding>(plan, &dispatcher, received, tick)
        }
    };
    wait_until("S10", || match alive() {
        0 => Ok(()),
        alive => Err(format!(
            "{alive} values are left, or dropped twice if that is below 0"
        )),
    });
    wait_until("S10", || match is_thread_left() {
        false => Ok(()),
        true => Err("the thread is left".to_owned()),
    });
    joins
}

fn round<M: Mode>(
    plan: &Plan,
    dispatcher: &Dispatcher<Value, M>,
    received: &AtomicU64,
    mut tick: impl FnMut(),
) -> u64 {
    let shared = Shared::new(plan.start);
    let channels = (0..plan.paths).map(|p| dispatcher.channel(format!("path {p}")));
    let (senders, receivers): (Vec<_>, Vec<_>) = channels.map(|it| it.expect("a new name")).unzip();
    let stalled = plan.has_stalled.then(|| {
        let (tx, rx) = dispatcher.channel("stalled").expect("a new name");
        let mut out = shared.out(tx, Some(plan.paths));
        M::stall(&mut out);
        (out, rx)
    });
    let progress: Vec<_> = receivers.iter().map(|rx| rx.progress()).collect();
    let mut rng = Rng::with_seed(plan.seed);
    let hands: Vec<_> = (0..plan.senders)
        .map(|_| Hand {
            plan,
            rng: rng.fork(),
            dispatcher,
            senders: (senders.iter().enumerate())
                .map(|(p, tx)| shared.out(tx.clone(), Some(p)))
                .collect(),
            broadcaster: (plan.has_broadcasts).then(|| shared.out(dispatcher.broadcaster(), None)),
            progress: progress.clone(),
            shared: &shared,
            share: plan.messages / plan.senders as u64,
            left: Vec::new(),
        })
        .collect();
    senders.iter().for_each(M::retire);
    let (mut sent, ledgers) = thread::scope(|scope| {
        let receiving: Vec<_> = (receivers.into_iter())
            .map(|rx| {
                let seed = rng.u64(..);
                scope.spawn(move || receive(plan, &rx, seed, received))
            })
            .collect();
        let sending: Vec<_> = (hands.into_iter())
            .map(|hand| scope.spawn(|| M::send(hand)))
            .collect();
        let mut watch = Watch::new(dispatcher);
        while !sending.iter().all(|thread| thread.is_finished()) {
            watch.look(plan, received.load(Ordering::Relaxed));
            tick();
            thread::sleep(Duration::from_millis(2));
        }
        let sent: Vec<_> = sending.into_iter().flat_map(join).collect();
        // Without any further send.
        let last = M::last_number(dispatcher, &shared);
        for progress in &progress {
            if let Err(error) = progress.wait_for_timeout(last, LIMIT) {
                fail(
                    "S5",
                    &format!(
                        "{last} is not observed: {error:?}\n{}",
                        dispatcher.snapshot()
                    ),
                );
            }
        }
        drop(senders);
        (sent, receiving.into_iter().map(join).collect::<Vec<_>>())
    });
    let mut ledgers = ledgers;
    if let Some((out, rx)) = stalled {
        sent.push(out.into_sent());
        ledgers.push(receive(plan, &rx, 0, received));
    }
    settle_accounts(plan, dispatcher, &sent, &ledgers);
    shared.joins.into_inner()
}

/// Looks at the dispatch while it is at work.
struct Watch<'a, M> {
    dispatcher: &'a Dispatcher<Value, M>,
    last: clocked_lanes::Clock,
    received: u64,
    since: Instant,
}

impl<'a, M> Watch<'a, M> {
    fn new(dispatcher: &'a Dispatcher<Value, M>) -> Self {
        Self {
            dispatcher,
            last: dispatcher.clock(),
            received: 0,
            since: Instant::now(),
        }
    }

    fn look(&mut self, plan: &Plan, received: u64) {
        let clock = self.dispatcher.clock();
        let goes_back = clock.seq < self.last.seq || clock.dispatched < self.last.dispatched;
        let is_torn = plan.order.is_none() && clock.seq.get() - plan.start != clock.dispatched;
        if goes_back || is_torn {
            fail("C3", &format!("{clock:?} after {:?}", self.last));
        }
        self.last = clock;
        if received != self.received {
            self.received = received;
            self.since = Instant::now();
        } else if self.since.elapsed() > LIMIT {
            let snapshot = self.dispatcher.snapshot();
            fail(
                "S6, S8 or S5",
                &format!("nothing moves for {LIMIT:?}\n{snapshot}"),
            );
        }
    }
}

/// Everything that was sent has arrived, where it was sent to, once, and its numbers are those there are.
fn settle_accounts<M>(
    plan: &Plan,
    dispatcher: &Dispatcher<Value, M>,
    sent: &[Sent],
    ledgers: &[Ledger],
) {
    for Sent { lane, path, count } in sent {
        let of_whom: &[Ledger] = match path {
            None => ledgers,
            // It has gone.
            Some(usize::MAX) => &[],
            Some(path) => std::slice::from_ref(&ledgers[*path]),
        };
        for ledger in of_whom {
            let got = ledger.count_of(*lane);
            if got != *count {
                fail(
                    "S3 and S9",
                    &format!("{got} of {count} messages of lane {lane}"),
                );
            }
        }
    }
    let digest = ledgers[0].digest;
    if ledgers.iter().any(|ledger| ledger.digest != digest) {
        fail("B1 and B3", "broadcasts are not the same for all");
    }
    let clock = dispatcher.clock();
    if plan.order.is_none() {
        let own = ledgers.iter().map(|ledger| ledger.own);
        let got = own.fold(ledgers[0].broadcasts, Numbers::plus);
        let all = Numbers::between(plan.start, clock.seq.get());
        // What a receiver leaves behind has numbers, too.
        let is_dense = if plan.has_passing {
            got.count <= all.count
        } else {
            got == all
        };
        if !is_dense {
            fail("S1", &format!("{got:?}, {clock:?}"));
        }
    }
}

/// The result of a thread, which has not failed.
fn join<R>(thread: thread::ScopedJoinHandle<'_, R>) -> R {
    match thread.join() {
        Ok(result) => result,
        Err(_) => fail("S11", "a thread panicked"),
    }
}

fn wait_until(promise: &str, look: impl Fn() -> Result<(), String>) {
    let began = Instant::now();
    while let Err(otherwise) = look() {
        if began.elapsed() > LIMIT {
            fail(promise, &otherwise);
        }
        thread::yield_now();
    }
}

/// Whether the thread of a dispatcher is there, where that can be told.
fn is_thread_left() -> bool {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.into_iter().any(|name| name.trim_end() == THREAD_NAME)
}
