//! The check of a run against a plain count.

use std::collections::BTreeMap;

use clocked_lanes::Seq;

use crate::dispatch::Run;
use crate::flight::{Flight, Sharding};
use crate::tally::{Tallies, Tally};

/// What came out of a run that passed.
pub(crate) struct Verdict {
    pub(crate) tallies: Tallies,
    pub(crate) cuts: u64,
    /// How many of the cuts have flights both before and after them.
    pub(crate) cuts_within: u64,
}

/// What has one number.
enum Step<'a> {
    Flight { view: usize, row: usize },
    Cut(&'a [Option<Tally>]),
}

/// Goes through a run again, number by number, in this thread alone. The error says where it differs.
pub(crate) fn check(
    flights: &[Flight],
    sharding: Sharding,
    cuts: usize,
    run: &Run,
) -> Result<Verdict, String> {
    let reports = reports_by_cut(run);
    if reports.len() != cuts {
        return Err(format!("{} cuts instead of {cuts}", reports.len()));
    }

    let mut replay = vec![Tallies::default(); run.views.len()];
    let mut seen = vec![false; flights.len()];
    let mut cuts_before = 0;
    let mut cuts_within = 0;
    for (number, (seq, step)) in (1_u64..).zip(steps(run, &reports)) {
        if seq.get() != number {
            return Err(format!(
                "message {number} is missing, or the one before came twice"
            ));
        }
        match step {
            Step::Flight { view, row } => {
                let flight = &flights[row];
                let again = std::mem::replace(&mut seen[row], true);
                if again || sharding.view_of(flight) != view {
                    return Err(format!(
                        "message {number}: not for view {view}, or not once: {flight:?}"
                    ));
                }
                replay[view].add(flight);
            }
            Step::Cut(totals) => {
                cuts_before += 1;
                let flights_before = number - cuts_before;
                check_cut(number, flights_before, totals, &replay)?;
                let within = 0 < flights_before && flights_before < flights.len() as u64;
                cuts_within += u64::from(within);
            }
        }
    }

    let mut tallies = Tallies::default();
    for (view, (end, replay)) in run.views.iter().zip(&replay).enumerate() {
        if end.tallies != *replay {
            return Err(format!(
                "at the end: view {view} differs from the plain count"
            ));
        }
        tallies.merge(&end.tallies);
    }
    let mut plain = Tallies::default();
    flights.iter().for_each(|flight| plain.add(flight));
    if tallies != plain {
        return Err(
            "at the end: the views together differ from the plain count of the input".to_owned(),
        );
    }
    Ok(Verdict {
        tallies,
        cuts: cuts_before,
        cuts_within,
    })
}

/// For each marker the totals of every view.
fn reports_by_cut(run: &Run) -> BTreeMap<Seq, Vec<Option<Tally>>> {
    let mut cuts = BTreeMap::new();
    for report in &run.reports {
        let totals = cuts
            .entry(report.marker)
            .or_insert_with(|| vec![None; run.views.len()]);
        totals[report.view] = Some(report.totals);
    }
    cuts
}

/// All that was received, in the order of the numbers.
fn steps<'a>(run: &Run, cuts: &'a BTreeMap<Seq, Vec<Option<Tally>>>) -> Vec<(Seq, Step<'a>)> {
    let mut steps = Vec::new();
    for (view, end) in run.views.iter().enumerate() {
        let received = end.received.iter();
        steps.extend(received.map(|&(seq, row)| (seq, Step::Flight { view, row })));
    }
    steps.extend(cuts.iter().map(|(seq, totals)| (*seq, Step::Cut(totals))));
    steps.sort_by_key(|(seq, _)| *seq);
    steps
}

/// Whether the views stood, at a marker, where the plain count now is.
fn check_cut(
    marker: u64,
    flights_before: u64,
    totals: &[Option<Tally>],
    replay: &[Tallies],
) -> Result<(), String> {
    let flights = totals
        .iter()
        .map(|totals| totals.map(|totals| totals.flights));
    let Some(sum) = flights.sum::<Option<u64>>() else {
        return Err(format!("cut at {marker}: not every view reported"));
    };
    if sum != flights_before {
        return Err(format!(
            "cut at {marker}: the views had {sum} flights, {flights_before} are numbered before it"
        ));
    }
    for (view, (found, replay)) in totals.iter().zip(replay).enumerate() {
        if *found != Some(replay.totals) {
            return Err(format!(
                "cut at {marker}: view {view} had {found:?}, the plain count is {:?}",
                replay.totals
            ));
        }
    }
    Ok(())
}
