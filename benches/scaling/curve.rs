//! Curves: the rate of each subject over sizes.

use std::io;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::common::workload::{Beside, Shape};
use crate::rounds::arguments::Effort;
use crate::rounds::spread::{Spread, digits};
use crate::rounds::{Case, take_turns};

/// What grows, and how.
pub(crate) struct Sizes {
    pub(crate) title: &'static str,
    pub(crate) counts: Vec<usize>,
    /// The work of a size.
    pub(crate) of: fn(usize) -> (Shape, Beside),
}

/// The curves of all subjects.
pub(crate) struct Curves {
    pub(crate) title: &'static str,
    pub(crate) counts: Vec<usize>,
    pub(crate) curves: Vec<Curve>,
}

/// The curve of a subject: a point for each size.
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<Point>,
}

/// What a subject does at a size.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    /// Messages per second.
    pub(crate) rate: Spread,
    /// What part of its rate at the first size that is.
    of_first: Spread,
}

/// A line of the results.
#[derive(Serialize)]
struct Record<'a> {
    what: &'a str,
    count: usize,
    subject: &'a str,
    rate_lower: f64,
    rate_median: f64,
    rate_upper: f64,
    nanoseconds: f64,
    of_first_lower: f64,
    of_first_median: f64,
    of_first_upper: f64,
}

impl Point {
    /// The time that a message takes, over all pairs, in nanoseconds.
    pub(crate) fn nanoseconds(&self) -> f64 {
        1e9 / self.rate.median
    }
}

impl Curves {
    /// Has all subjects take turns at all sizes.
    pub(crate) fn measure(
        sizes: &Sizes,
        effort: Effort,
        cases: fn((Shape, Beside)) -> Vec<Case>,
    ) -> Self {
        let of_sizes: Vec<Case> = sizes
            .counts
            .iter()
            .flat_map(|&count| cases((sizes.of)(count)))
            .collect();
        let rates = take_turns(effort, &of_sizes);
        let subjects = of_sizes.len() / sizes.counts.len();
        let curves = (0..subjects).map(|subject| Curve {
            name: of_sizes[subject].subject.name(),
            points: (subject..rates.len())
                .step_by(subjects)
                .map(|place| Point {
                    rate: rates[place].spread(),
                    of_first: rates[place].over(&rates[subject]),
                })
                .collect(),
        });
        Self {
            title: sizes.title,
            counts: sizes.counts.clone(),
            curves: curves.collect(),
        }
    }

    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        let mut header = vec![self.title.to_owned()];
        for curve in &self.curves {
            header.push(format!("{}: million/s", curve.name));
            header.push("ns".to_owned());
            header.push("of the first".to_owned());
        }
        table
            .load_preset(presets::ASCII_MARKDOWN)
            .set_header(header);
        for (place, count) in self.counts.iter().enumerate() {
            let mut cells = vec![count.to_string()];
            for curve in &self.curves {
                let point = curve.points[place];
                cells.push(digits(point.rate.median / 1e6));
                cells.push(digits(point.nanoseconds()));
                cells.push(point.of_first.to_string());
            }
            table.add_row(cells);
        }
        for column in table.column_iter_mut() {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

/// Writes what machines read.
pub(crate) fn write(path: &Path, all: &[Curves]) -> io::Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    for curves in all {
        for curve in &curves.curves {
            for (&count, point) in curves.counts.iter().zip(&curve.points) {
                writer.serialize(Record {
                    what: curves.title,
                    count,
                    subject: &curve.name,
                    rate_lower: point.rate.lower,
                    rate_median: point.rate.median,
                    rate_upper: point.rate.upper,
                    nanoseconds: point.nanoseconds(),
                    of_first_lower: point.of_first.lower,
                    of_first_median: point.of_first.median,
                    of_first_upper: point.of_first.upper,
                })?;
            }
        }
    }
    writer.flush()
}
