//! What is counted.

use std::collections::HashMap;

use crate::flight::{Flight, Route};

/// The count of some flights.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tally {
    pub(crate) flights: u64,
    pub(crate) departed: u64,
    /// Minutes, over the flights that departed.
    delay_sum: i64,
    /// Minutes; `None` if no flight departed.
    pub(crate) longest_delay: Option<i32>,
}

impl Tally {
    fn add(&mut self, flight: &Flight) {
        self.flights += 1;
        self.departed += u64::from(flight.delay.is_some());
        self.delay_sum += i64::from(flight.delay.unwrap_or(0));
        self.longest_delay = self.longest_delay.max(flight.delay);
    }

    fn merge(&mut self, other: &Self) {
        self.flights += other.flights;
        self.departed += other.departed;
        self.delay_sum += other.delay_sum;
        self.longest_delay = self.longest_delay.max(other.longest_delay);
    }

    pub(crate) fn cancelled(&self) -> u64 {
        self.flights - self.departed
    }

    /// In minutes; `None` if no flight departed.
    pub(crate) fn mean_delay(&self) -> Option<f64> {
        (self.departed > 0).then(|| self.delay_sum as f64 / self.departed as f64)
    }
}

/// The count of some flights, and of those of each route.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tallies {
    pub(crate) totals: Tally,
    pub(crate) routes: HashMap<Route, Tally>,
}

impl Tallies {
    pub(crate) fn add(&mut self, flight: &Flight) {
        self.totals.add(flight);
        self.routes.entry(flight.route).or_default().add(flight);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        for (route, tally) in &other.routes {
            self.routes.entry(*route).or_default().merge(tally);
        }
    }
}
