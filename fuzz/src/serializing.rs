//! Programs for a serializing dispatch, whose engine is stepped by them.

mod model;
mod numbers;
mod run;

use arbitrary::Arbitrary;

/// A dispatch, and what is done with it.
#[derive(Arbitrary, Debug)]
pub struct Program {
    /// One less, of 4 at most.
    pub capacity: u8,
    /// One less, of 4 at most.
    pub lane_capacity: u8,
    /// One less, of 3 at most.
    pub receivers: u8,
    /// One less for each receiver, of 2 at most.
    pub senders: u8,
    /// 2 at most.
    pub broadcasters: u8,
    pub ops: Vec<Op>,
}

#[derive(Arbitrary, Debug)]
pub enum Op {
    Send {
        lane: u8,
        how: Send,
    },
    Batch {
        lane: u8,
        len: u8,
    },
    /// A task sends on the lane, or is polled again.
    Task {
        lane: u8,
        what: Task,
    },
    /// The lane's task is given up.
    Cancel {
        lane: u8,
    },
    Receive {
        receiver: u8,
        how: Receive,
    },
    Step,
    /// Steps until the engine sleeps.
    Sleep,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Send {
    Try,
    /// If the lane has space.
    Blocking,
    Timeout,
    Deadline,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Task {
    Send,
    Sequenced,
    Batch { len: u8 },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Receive {
    Try,
    /// If something is there.
    Blocking,
    Timeout,
    TryMessage,
    /// If a message is there.
    Message,
    Drain {
        most: u8,
    },
    /// As a task does.
    Poll,
}

impl Program {
    pub fn run(&self) {
        run::run(self);
    }
}
