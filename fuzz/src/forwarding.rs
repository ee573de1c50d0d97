//! Programs for a forwarding dispatch, whose engine is stepped by them.

mod contract;
mod dense;
mod frontier;
mod inbox;
mod members;
mod run;

use arbitrary::Arbitrary;

/// A dispatch, and what is done with it.
#[derive(Arbitrary, Debug)]
pub struct Program {
    pub order: Order,
    /// One less, of 4 at most.
    pub capacity: u8,
    /// One less, of 4 at most.
    pub lane_capacity: u8,
    /// Where the numbers start. Half of them close to the end.
    pub start: u8,
    /// How many receivers there are at first, 2 at most.
    pub receivers: u8,
    pub ops: Vec<Op>,
}

#[derive(Arbitrary, Debug)]
pub enum Order {
    Frontier,
    Dense { window: u8 },
}

#[derive(Arbitrary, Debug)]
pub enum Op {
    Channel,
    Sender {
        receiver: u8,
    },
    Broadcaster,
    Clone {
        lane: u8,
    },
    Leave {
        lane: u8,
    },
    Close {
        receiver: u8,
    },
    ReceiverLeaves {
        receiver: u8,
    },
    Forward {
        lane: u8,
        number: u8,
        how: Forward,
    },
    Empty {
        lane: u8,
        number: u8,
    },
    Advance {
        lane: u8,
        by: u8,
    },
    Receive {
        receiver: u8,
        how: Receive,
    },
    Snapshot,
    Step,
    /// Steps until the engine sleeps.
    Sleep,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Forward {
    Try,
    /// If the lane has space.
    Blocking,
    Timeout,
    Deadline,
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
        match self.order {
            Order::Frontier => run::run(self, frontier::Frontier),
            Order::Dense { window } => {
                let window = u64::from(window % 8) + 1;
                run::run(
                    self,
                    dense::Dense {
                        window,
                        ..Default::default()
                    },
                );
            }
        }
    }
}
