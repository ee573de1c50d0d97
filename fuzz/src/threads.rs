//! Programs for a serializing dispatch, split over real threads.

mod history;
mod run;

use arbitrary::Arbitrary;

use crate::serializing;

/// Those of the `serializing` target, done by a thread for each receiver and some for the lanes.
#[derive(Arbitrary, Debug)]
pub struct Program {
    pub is_inline: bool,
    /// The first receiver leaves after so many events; from 16 on, at its end.
    pub leaves_after: u8,
    pub program: serializing::Program,
}

impl Program {
    pub fn run(&self) {
        run::run(self);
    }
}
