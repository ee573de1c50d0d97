//! A flight, as far as the tallies need to know it.

use std::fmt::{self, Display, Formatter};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use clap::ValueEnum;

/// The code of a carrier or airport, padded with zeros.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Code([u8; 4]);

impl Code {
    /// The code that is written `text`, if it can be one.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut code = [0; 4];
        code.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let plausible = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
        plausible.then_some(Self(code))
    }
}

impl Display for Code {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.iter().filter(|b| **b != 0);
        bytes.try_for_each(|b| write!(f, "{}", char::from(*b)))
    }
}

/// From where to where.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Route {
    pub(crate) origin: Code,
    pub(crate) destination: Code,
}

impl Display for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} - {}", self.origin, self.destination)
    }
}

/// One row of the input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flight {
    pub(crate) carrier: Code,
    pub(crate) route: Route,
    /// How late it left, in minutes, negative if early; `None` if it was cancelled.
    pub(crate) delay: Option<i32>,
}

/// What decides which view a flight belongs to.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ShardKey {
    Carrier,
    Destination,
}

/// How flights are dealt out to views.
#[derive(Clone, Copy)]
pub(crate) struct Sharding {
    pub(crate) key: ShardKey,
    pub(crate) views: usize,
}

impl Sharding {
    /// The view that a flight belongs to.
    pub(crate) fn view_of(&self, flight: &Flight) -> usize {
        let code = match self.key {
            ShardKey::Carrier => flight.carrier,
            ShardKey::Destination => flight.route.destination,
        };
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(code);
        (hash % self.views as u64) as usize
    }
}
