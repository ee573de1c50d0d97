//! Runs a program on threads, and has what they saw checked.

use std::time::{Duration, Instant};
use std::{fs, thread};

use clocked_lanes::{
    Broadcaster, Dispatcher, Event, Progress, Receiver, RecvError, RecvTimeoutError,
    SendBatchError, SendError, SendTimeoutError, Sender, TryRecvError, TrySendError,
};

use super::Program;
use super::history::{Inbox, Lane, check};
use crate::handle::on;
use crate::serializing::{Op, Receive, Send, Task};
use crate::value::{Ledger, VALUES, Value};

/// How many operations of a program are run.
const OPS: usize = 64;
/// How many threads send.
const THREADS: usize = 2;
/// How many values each of them can make.
const SHARE: usize = VALUES / THREADS;
/// From here on the first receiver stays.
const STAYS: u8 = 16;
/// Longer than anything takes.
const LIMIT: Duration = Duration::from_secs(5);
const MOMENT: Duration = Duration::from_micros(20);

enum Handle {
    One(Sender<Value>),
    All(Broadcaster<Value>),
}

/// A thread that sends, with the lanes that are its own.
struct Sending<'a> {
    ledger: &'a Ledger,
    /// The next value, and the end of them.
    ids: std::ops::Range<u16>,
    capacity: usize,
    handles: Vec<(usize, Handle)>,
    /// Of all lanes that it has had.
    lanes: Vec<Lane>,
    /// Of all receivers.
    progress: Vec<Progress>,
}

pub(super) fn run(program: &Program) {
    let Program {
        is_inline,
        leaves_after,
        program,
    } = program;
    let before = threads();
    let capacity = usize::from(program.capacity % 4) + 1;
    let ledger = Ledger::new();
    let builder = Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(usize::from(program.lane_capacity % 4) + 1);
    let builder = if *is_inline {
        builder.inline()
    } else {
        builder
    };
    let dispatcher = builder.build().expect("a dispatcher");
    let (mut lanes, mut receivers) = (Vec::new(), Vec::new());
    for (r, name) in ["a", "b", "c"]
        .into_iter()
        .take(usize::from(program.receivers % 3) + 1)
        .enumerate()
    {
        let (tx, rx) = dispatcher.channel(name).expect("the name is free");
        receivers.push(rx);
        if program.senders >> r & 1 == 1 {
            lanes.push((Some(r), Handle::One(tx.clone())));
        }
        lanes.push((Some(r), Handle::One(tx)));
    }
    for _ in 0..program.broadcasters % 3 {
        lanes.push((None, Handle::All(dispatcher.broadcaster())));
    }
    let count = lanes.len();
    let progress: Vec<Progress> = receivers.iter().map(Receiver::progress).collect();
    let mut sending: Vec<Sending<'_>> = (0..THREADS)
        .map(|t| Sending {
            ledger: &ledger,
            ids: (t * SHARE) as u16..((t + 1) * SHARE) as u16,
            capacity,
            handles: Vec::new(),
            lanes: Vec::new(),
            progress: progress.clone(),
        })
        .collect();
    for (l, (target, handle)) in lanes.into_iter().enumerate() {
        sending[l % THREADS].join(target, handle);
    }
    let ops = &program.ops[..program.ops.len().min(OPS)];
    let (lanes, inboxes) = thread::scope(|scope| {
        let receiving: Vec<_> = receivers
            .into_iter()
            .enumerate()
            .map(|(r, rx)| {
                let styles = ops.iter().filter_map(|op| match op {
                    Op::Receive { receiver, how } if usize::from(*receiver) % 3 == r => Some(*how),
                    _ => None,
                });
                let styles: Vec<Receive> = styles.collect();
                let most = if r == 0 && *leaves_after < STAYS {
                    usize::from(*leaves_after)
                } else {
                    usize::MAX
                };
                scope.spawn(move || receive(&rx, &styles, most))
            })
            .collect();
        let sending: Vec<_> = sending
            .into_iter()
            .enumerate()
            .map(|(t, mut sending)| {
                scope.spawn(move || {
                    for op in ops {
                        sending.op(op, t, count);
                    }
                    sending.lanes
                })
            })
            .collect();
        let lanes: Vec<Lane> = sending
            .into_iter()
            .flat_map(|thread| thread.join().expect("no panic"))
            .collect();
        let inboxes: Vec<Inbox> = receiving
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect();
        (lanes, inboxes)
    });
    let clock = dispatcher.clock();
    assert_eq!(clock.seq.get(), clock.dispatched, "C3: the clock is a pair");
    check(&lanes, &inboxes, clock.dispatched);
    drop(dispatcher);
    // What nobody receives is dropped by the dispatcher's thread, which ends a moment after the last handle.
    eventually("a value is not dropped", || ledger.left(VALUES).is_none());
    eventually("a thread is left behind", || threads() <= before);
}

/// Waits for something that comes without this thread.
fn eventually(otherwise: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "{otherwise}");
        thread::yield_now();
    }
}

/// How many threads this process has, where the operating system tells.
fn threads() -> Option<usize> {
    fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

impl Sending<'_> {
    fn join(&mut self, target: Option<usize>, handle: Handle) {
        self.handles.push((self.lanes.len(), handle));
        self.lanes.push(Lane {
            target,
            sent: Vec::new(),
        });
    }

    /// Does what is for one of its lanes. There are `count` over all threads, of which this is the `t`th.
    fn op(&mut self, op: &Op, t: usize, count: usize) {
        let (Op::Send { lane, .. }
        | Op::Batch { lane, .. }
        | Op::Task { lane, .. }
        | Op::Cancel { lane }) = op
        else {
            return thread::yield_now();
        };
        let l = usize::from(*lane) % count;
        if l % THREADS != t || self.handles.is_empty() {
            return;
        }
        let i = l / THREADS % self.handles.len();
        match op {
            Op::Send { how, .. } => self.send(i, *how),
            Op::Batch { len, .. } => self.batch(i, usize::from(len % 6)),
            Op::Task {
                what: Task::Send, ..
            } => self.send(i, Send::Blocking),
            Op::Task {
                what: Task::Sequenced,
                ..
            } => self.sequenced(i),
            Op::Task {
                what: Task::Batch { len },
                ..
            } => {
                self.batch_sequenced(i, 1 + usize::from(*len) % self.capacity);
            }
            _ => self.replace(i),
        }
    }

    fn values(&mut self, len: usize) -> Option<(std::ops::Range<u16>, Vec<Value>)> {
        let len = len as u16;
        if self.ids.len() < usize::from(len) {
            return None;
        }
        let bundle = self.ids.start..self.ids.start + len;
        self.ids.start += len;
        let values = bundle.clone().map(|id| self.ledger.value(id)).collect();
        Some((bundle, values))
    }

    fn send(&mut self, i: usize, how: Send) {
        let Some((bundle, mut values)) = self.values(1) else {
            return;
        };
        let value = values.remove(0);
        let (l, handle) = &self.handles[i];
        let back = on!(handle, tx => match how {
            Send::Try => tx.try_send(value).map_err(TrySendError::into_inner),
            Send::Blocking => tx.send(value).map_err(SendError::into_inner),
            Send::Timeout => tx.send_timeout(value, MOMENT).map_err(SendTimeoutError::into_inner),
            Send::Deadline => tx.send_deadline(value, Instant::now() + MOMENT).map_err(SendTimeoutError::into_inner),
        });
        match back {
            Ok(()) => self.lanes[*l].sent.push((bundle, None)),
            Err(value) => assert_eq!(value.id(), bundle.start),
        }
    }

    fn batch(&mut self, i: usize, len: usize) {
        let Some((bundle, values)) = self.values(len) else {
            return;
        };
        let (l, handle) = &self.handles[i];
        match on!(handle, tx => tx.send_batch(values)) {
            Ok(()) => self.lanes[*l].sent.push((bundle, None)),
            Err(error) => {
                assert_eq!(
                    matches!(error, SendBatchError::TooLarge(_)),
                    len > self.capacity
                );
                assert!(error.into_inner().iter().map(Value::id).eq(bundle));
            }
        }
    }

    fn sequenced(&mut self, i: usize) {
        let Some((bundle, mut values)) = self.values(1) else {
            return;
        };
        let value = values.remove(0);
        let (l, handle) = &self.handles[i];
        match on!(handle, tx => tx.send_sequenced(value)) {
            Ok(number) => {
                let lane = &mut self.lanes[*l];
                lane.sent.push((bundle, Some(number.get())));
                // Whoever it is for gets there, unless it leaves.
                if let Ok(seq) = self.progress[lane.target.unwrap_or(0)].wait_for(number) {
                    assert!(seq >= number, "C1: it has got to {seq} and not to {number}");
                }
            }
            Err(SendError(value)) => assert_eq!(value.id(), bundle.start),
        }
    }

    fn batch_sequenced(&mut self, i: usize, len: usize) {
        let Some((bundle, values)) = self.values(len) else {
            return;
        };
        let (l, handle) = &self.handles[i];
        match on!(handle, tx => tx.send_batch_sequenced(values)) {
            Ok(numbers) => {
                assert_eq!(numbers.end().get() - numbers.start().get() + 1, len as u64);
                self.lanes[*l]
                    .sent
                    .push((bundle, Some(numbers.start().get())));
            }
            Err(error) => assert!(error.into_inner().iter().map(Value::id).eq(bundle)),
        }
    }

    /// A clone takes a handle's place.
    fn replace(&mut self, i: usize) {
        let (l, handle) = &self.handles[i];
        let target = self.lanes[*l].target;
        let clone = match handle {
            Handle::One(tx) => Handle::One(tx.clone()),
            Handle::All(tx) => Handle::All(tx.clone()),
        };
        self.handles.swap_remove(i);
        self.join(target, clone);
    }
}

/// Receives until the end, or until there were so many events, in the ways given, one after the other.
fn receive(rx: &Receiver<Value>, styles: &[Receive], most: usize) -> Inbox {
    let mut events = Vec::new();
    let mut has_stayed = false;
    for style in styles.iter().chain([&Receive::Blocking]).cycle() {
        if events.len() >= most {
            break;
        }
        let outcome = match style {
            Receive::Try => rx.try_recv(),
            Receive::Blocking => rx.recv().map_err(|RecvError| TryRecvError::Disconnected),
            Receive::Timeout => rx.recv_timeout(MOMENT).map_err(|error| match error {
                RecvTimeoutError::Timeout => TryRecvError::Empty,
                RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
            }),
            Receive::TryMessage => rx
                .try_recv_message()
                .map(|(seq, value)| Event::Message { seq, value }),
            Receive::Message => {
                let message = rx
                    .recv_message()
                    .map_err(|RecvError| TryRecvError::Disconnected);
                message.map(|(seq, value)| Event::Message { seq, value })
            }
            Receive::Drain { most } => {
                let drained = rx.drain(usize::from(most % 6));
                events.extend(drained.map(|event| {
                    (
                        event.seq().get(),
                        event.into_message().map(|(_, value)| value.id()),
                    )
                }));
                continue;
            }
            Receive::Poll => rx.iter().next().ok_or(TryRecvError::Disconnected),
        };
        match outcome {
            Ok(event) => events.push((
                event.seq().get(),
                event.into_message().map(|(_, value)| value.id()),
            )),
            Err(TryRecvError::Empty) => thread::yield_now(),
            Err(TryRecvError::Disconnected) => {
                has_stayed = true;
                break;
            }
        }
        assert!(
            events
                .last()
                .is_none_or(|(number, _)| rx.observed().get() >= *number),
            "S4"
        );
    }
    Inbox { events, has_stayed }
}
