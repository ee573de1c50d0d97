//! Programs in which handles come and go.

mod run;

use arbitrary::Arbitrary;

/// A dispatch, and what is done with it.
#[derive(Arbitrary, Debug)]
pub struct Program {
    /// The dispatch has no thread, and does its work in the calls; otherwise its engine is stepped by the program.
    pub is_inline: bool,
    /// One less, of 4 at most.
    pub capacity: u8,
    /// One less, of 4 at most.
    pub lane_capacity: u8,
    /// Where the numbers start. Half of them close to the end.
    pub start: u8,
    pub ops: Vec<Op>,
}

#[derive(Arbitrary, Debug)]
pub enum Op {
    Channel {
        name: u8,
    },
    Sender {
        name: u8,
    },
    Broadcaster,
    Clone {
        source: u8,
    },
    Leave {
        source: u8,
    },
    Downgrade {
        source: u8,
    },
    Upgrade {
        weak: u8,
    },
    DropWeak {
        weak: u8,
    },
    Close {
        receiver: u8,
    },
    ReceiverLeaves {
        receiver: u8,
    },
    CloneDispatcher,
    DropDispatcher,
    Send {
        source: u8,
        how: Send,
    },
    Receive {
        receiver: u8,
        how: Receive,
    },
    Watch {
        receiver: u8,
        ahead: u8,
    },
    /// A task waits for the receiver to get so far.
    Await {
        receiver: u8,
        ahead: u8,
    },
    Select,
    Snapshot,
    Step,
    /// Steps until the engine sleeps.
    Sleep,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Send {
    Try,
    Timeout,
    /// If the lane has space.
    Batch {
        len: u8,
    },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Receive {
    Try,
    Timeout,
    TryMessage,
    Drain { most: u8 },
}

impl Program {
    pub fn run(&self) {
        run::run(self);
    }
}
