//! The tables at the end.

use std::cmp::Reverse;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::HumanCount;

use crate::flight::Route;
use crate::tally::{Tallies, Tally};

const ROWS: usize = 10;

/// A route must have this many departures for its mean delay to be listed.
pub(crate) const ENOUGH_DEPARTURES: u64 = 100;

/// The routes with the most flights.
pub(crate) fn busiest_routes(tallies: &Tallies) -> Table {
    let mut routes: Vec<_> = tallies.routes.iter().collect();
    routes.sort_by_key(|(route, tally)| (Reverse(tally.flights), **route));
    table("Busiest routes", &routes)
}

/// The routes with the longest mean delays; `None` if no route has enough of them.
pub(crate) fn worst_delays(tallies: &Tallies) -> Option<Table> {
    let routes = tallies.routes.iter();
    let mut routes: Vec<_> = routes
        .filter(|(_, tally)| tally.departed >= ENOUGH_DEPARTURES)
        .collect();
    let mean = |tally: &Tally| tally.mean_delay().unwrap_or_default();
    routes.sort_by(|(a, late), (b, later)| mean(later).total_cmp(&mean(late)).then(a.cmp(b)));
    (!routes.is_empty()).then(|| table("Worst delays", &routes))
}

fn table(title: &str, routes: &[(&Route, &Tally)]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header([title, "flights", "cancelled", "mean delay", "longest"]);
    for (route, tally) in &routes[..routes.len().min(ROWS)] {
        let mean = tally.mean_delay().map(|mean| format!("{mean:.1} min"));
        let longest = tally.longest_delay.map(|delay| format!("{delay} min"));
        table.add_row([
            route.to_string(),
            HumanCount(tally.flights).to_string(),
            HumanCount(tally.cancelled()).to_string(),
            mean.unwrap_or_default(),
            longest.unwrap_or_default(),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
