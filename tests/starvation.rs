//! S8 with numbers: how many messages a receiver takes before it is somebody's turn, while everybody has more to send.
//!
//! Counted in messages and not in time, so it is the same on any machine. No lane is ever empty when the engine looks: it
//! holds more than the inbox has space for, and is filled up again before the receiver goes on. `-- --nocapture` prints a
//! table.
#![cfg(not(loom))]

mod common {
    pub(crate) mod eventually;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use clocked_lanes::{Broadcaster, Dispatcher, Receiver, Sender};

use common::eventually::eventually;
use common::rounds::rounds;
use common::watchdog::watched;

/// How a dispatch is loaded.
#[derive(Clone, Copy)]
struct Load {
    receivers: usize,
    /// To each receiver.
    senders: usize,
    broadcasters: usize,
}

/// What it is loaded with.
#[derive(Clone, Copy)]
struct Sizes {
    capacity: u64,
    /// How many messages a receiver takes before lanes are filled up again.
    burst: u64,
}

const SIZES: [Sizes; 5] = [
    Sizes {
        capacity: 1,
        burst: 1,
    },
    Sizes {
        capacity: 2,
        burst: 1,
    },
    Sizes {
        capacity: 2,
        burst: 2,
    },
    Sizes {
        capacity: 256,
        burst: 1,
    },
    Sizes {
        capacity: 256,
        burst: 256,
    },
];

/// Whose message it is: of a receiver's own sender, or of a broadcaster.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Sender(usize),
    Broadcaster(usize),
}

/// How long those wait who have something to send, in messages that their receiver takes meanwhile.
#[derive(Clone, Copy, Default)]
struct Longest {
    sender: u64,
    broadcaster: u64,
}

/// A receiver, with when it last had a message of whom.
struct Path {
    senders: Vec<Sender<Of>>,
    rx: Receiver<Of>,
    taken: u64,
    of_senders: Vec<u64>,
    of_broadcasters: Vec<u64>,
}

impl Path {
    fn fill(&self) {
        for (s, tx) in self.senders.iter().enumerate() {
            while tx.try_send(Of::Sender(s)).is_ok() {}
        }
    }

    fn take(&mut self, longest: &mut Longest) {
        let (_, of) = self.rx.recv_message().unwrap();
        let (last, longest) = match of {
            Of::Sender(s) => (&mut self.of_senders[s], &mut longest.sender),
            Of::Broadcaster(b) => (&mut self.of_broadcasters[b], &mut longest.broadcaster),
        };
        // Those in between. Up to its first turn nothing is said: the first of them are sent one after the other, while
        // the engine is at it, and who is first may have another turn before the last has joined in.
        if *last > 0 {
            *longest = (*longest).max(self.taken - *last);
        }
        self.taken += 1;
        *last = self.taken;
    }

    /// How long those wait who have not had their turn again by now.
    fn still(&self, longest: &mut Longest) {
        for last in &self.of_senders {
            longest.sender = longest.sender.max(self.taken - last);
        }
        for last in &self.of_broadcasters {
            longest.broadcaster = longest.broadcaster.max(self.taken - last);
        }
    }
}

fn fill_broadcasts(everybody: &[Broadcaster<Of>]) {
    for (b, broadcaster) in everybody.iter().enumerate() {
        while broadcaster.try_send(Of::Broadcaster(b)).is_ok() {}
    }
}

/// Loads a dispatch until every receiver has taken so many messages.
fn run(is_inline: bool, load: Load, sizes: Sizes, messages: u64) -> Longest {
    let capacity = usize::try_from(sizes.capacity).unwrap();
    let builder = Dispatcher::builder().capacity(capacity);
    let builder = builder.lane_capacity(2 * capacity + 1);
    let builder = if is_inline { builder.inline() } else { builder };
    let dispatcher = builder.build().unwrap();
    let mut paths: Vec<Path> = (0..load.receivers)
        .map(|n| {
            let (tx, rx) = dispatcher.channel(format!("{n}")).unwrap();
            let mut senders = vec![tx];
            while senders.len() < load.senders {
                senders.push(senders[0].clone());
            }
            Path {
                senders,
                rx,
                taken: 0,
                of_senders: vec![0; load.senders],
                of_broadcasters: vec![0; load.broadcasters],
            }
        })
        .collect();
    let everybody: Vec<_> = (0..load.broadcasters)
        .map(|_| dispatcher.broadcaster())
        .collect();
    let mut longest = Longest::default();
    while paths[0].taken < messages {
        paths.iter().for_each(Path::fill);
        fill_broadcasts(&everybody);
        for path in &mut paths {
            // So much is there: everybody has more to send.
            eventually(|| path.rx.len() as u64 >= sizes.burst);
            (0..sizes.burst).for_each(|_| path.take(&mut longest));
        }
    }
    paths.iter().for_each(|path| path.still(&mut longest));
    longest
}

/// How long somebody may wait, and why.
type Limit = fn(Sizes) -> u64;

/// Runs a load with both drivers and all sizes, and checks that nobody waits for longer than `limit` says.
#[track_caller]
fn check(what: &'static str, load: Load, measure: fn(Longest) -> u64, limit: Limit) {
    watched(move || {
        println!("{what}: the longest wait, in messages");
        println!("  driver  capacity  burst  measured  at most");
        for is_inline in [false, true] {
            for sizes in SIZES {
                let limit = limit(sizes);
                let longest = measure(run(is_inline, load, sizes, rounds(2 * limit + 1_000)));
                let driver = if is_inline { "inline" } else { "thread" };
                let Sizes { capacity, burst } = sizes;
                println!("  {driver}  {capacity:8}  {burst:5}  {longest:8}  {limit:7}");
                assert!(
                    longest <= limit,
                    "{what}: {longest} messages, and {limit} at most"
                );
            }
        }
    });
}

/// Each of the others may fill the inbox when it is its turn.
#[test]
fn s8_one_lane_among_64() {
    let load = Load {
        receivers: 1,
        senders: 64,
        broadcasters: 0,
    };
    check(
        "one full lane among 64",
        load,
        |it| it.sender,
        |sizes| 64 * sizes.capacity,
    );
}

/// A broadcast that has its turn waits until the slowest receiver has taken the one before, with an inbox full of messages
/// before that. By then another one is as far ahead, and has its inbox full again, and so it may have once more by when
/// the engine looks.
fn for_a_broadcast(sizes: Sizes) -> u64 {
    3 * sizes.capacity + sizes.burst
}

#[test]
fn s8_a_broadcast_under_saturating_messages() {
    let load = Load {
        receivers: 4,
        senders: 2,
        broadcasters: 1,
    };
    check(
        "a broadcast to 4 receivers with 2 full lanes each",
        load,
        |it| it.broadcaster,
        for_a_broadcast,
    );
}

/// After a broadcast it is the receiver's own messages' turn.
#[test]
fn s8_a_message_under_saturating_broadcasts() {
    let load = Load {
        receivers: 4,
        senders: 1,
        broadcasters: 8,
    };
    check(
        "a message beside 8 broadcasters with full lanes",
        load,
        |it| it.sender,
        |_| 1,
    );
}

/// Broadcasters take turns, and after each broadcast it is the others' turn.
#[test]
fn s8_one_broadcaster_among_64() {
    let load = Load {
        receivers: 2,
        senders: 1,
        broadcasters: 64,
    };
    check(
        "one broadcaster with a full lane among 64",
        load,
        |it| it.broadcaster,
        |sizes| 64 * for_a_broadcast(sizes),
    );
}
