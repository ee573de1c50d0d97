//! How many instructions a message takes.
//!
//! ```text
//! cargo bench --bench instructions
//! cargo bench --bench instructions -- --save-baseline=before
//! cargo bench --bench instructions -- --baseline=before
//! ```
//!
//! Counted by callgrind, so that the figures are the same on a machine that has other things to do. It needs valgrind,
//! and a runner of the version in `Cargo.lock`: `cargo install gungraun-runner --version VERSION`.
//!
//! | benchmark | what is counted |
//! |---|---|
//! | `send` | 200 times `send` |
//! | `recv` | 200 times `recv_message`, when the messages are in the inbox |
//! | `all` | the whole program, in which 200 messages are sent, taken on their way by the engine, and received, 100 times over; with what the engine's thread does while it looks for more |
//!
//! There is one of each for every driver, in the order of `Driver::ALL`. What is `all`, and neither of the others, are the
//! steps of the engine.

#![expect(
    missing_docs,
    reason = "the macros of gungraun write public items without"
)]

#[path = "common/driver.rs"]
mod driver;

use clocked_lanes::{Receiver, Sender};
use gungraun::{
    Callgrind, EntryPoint, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};

use driver::Driver;

const CAPACITY: usize = 256;
/// How many messages there are on the way: all of them find a place.
const MESSAGES: u64 = 200;
const TIMES: usize = 100;

type Channel = (Sender<u64>, Receiver<u64>);

/// A channel that has been in use.
fn channel(driver: Driver) -> Channel {
    let dispatcher = driver.builder().build();
    let dispatcher = dispatcher.expect("the capacities are valid, and a thread can be started");
    let channel = dispatcher.channel("a").expect("the name is new");
    send_all(&channel);
    receive_all(&channel);
    channel
}

/// A channel with all messages in its inbox.
fn full(driver: Driver) -> Channel {
    let channel = channel(driver);
    let (sender, receiver) = &channel;
    for value in 1..MESSAGES {
        sender.send(value).expect("the receiver is there");
    }
    // Has its number when this returns, and so have the others.
    sender
        .send_sequenced(MESSAGES)
        .expect("the receiver is there");
    assert_eq!(receiver.len() as u64, MESSAGES, "they are in the inbox");
    channel
}

fn send_all((sender, _): &Channel) {
    for value in 0..MESSAGES {
        sender.send(value).expect("the receiver is there");
    }
}

fn receive_all((_, receiver): &Channel) {
    for _ in 0..MESSAGES {
        receiver.recv_message().expect("the sender is there");
    }
}

#[library_benchmark(setup = channel)]
#[benches::drivers(iter = Driver::ALL)]
fn send(channel: Channel) -> Channel {
    send_all(&channel);
    channel
}

#[library_benchmark(setup = full)]
#[benches::drivers(iter = Driver::ALL)]
fn recv(channel: Channel) -> Channel {
    receive_all(&channel);
    channel
}

#[library_benchmark(
    setup = channel,
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::default().entry_point(EntryPoint::None))
)]
#[benches::drivers(iter = Driver::ALL)]
fn all(channel: Channel) -> Channel {
    for _ in 0..TIMES {
        send_all(&channel);
        receive_all(&channel);
    }
    channel
}

library_benchmark_group!(name = message, benchmarks = [send, recv, all]);

main!(library_benchmark_groups = message);
