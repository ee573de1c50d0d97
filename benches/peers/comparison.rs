//! A comparison: some work that subjects do in turn, and the ratios between them.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::rounds::arguments::Effort;
use crate::rounds::spread::{Spread, digits};
use crate::rounds::{Case, Rates, take_turns};

/// Some work, and who does it.
pub(crate) struct Work {
    pub(crate) title: String,
    /// What is counted.
    pub(crate) unit: &'static str,
    pub(crate) entries: Vec<Entry>,
    pub(crate) compare: Compare,
}

/// Who does it.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) case: Case,
}

/// What is divided by what.
pub(crate) enum Compare {
    /// The first so many, which are ours, by each.
    OursByEach(usize),
    /// Each by another one; the column is named after those.
    EachBy(&'static str, Vec<usize>),
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) title: String,
    unit: &'static str,
    /// What the ratios are.
    pub(crate) ratios: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// One subject's part in it.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// One for each round, per second.
    rates: Vec<f64>,
    rate: Spread,
    /// One for each column; none of a subject to itself.
    pub(crate) ratios: Vec<Option<Spread>>,
}

impl Work {
    pub(crate) fn measure(self, effort: Effort) -> Comparison {
        let (names, cases): (Vec<String>, Vec<Case>) = self
            .entries
            .into_iter()
            .map(|entry| (entry.name, entry.case))
            .unzip();
        let rates = take_turns(effort, &cases);
        let unless_same = |a: usize, b: usize| (a != b).then(|| rates[a].over(&rates[b]));
        let ratios_of = |row: usize| -> Vec<Option<Spread>> {
            match &self.compare {
                Compare::OursByEach(count) => (0..*count).map(|o| unless_same(o, row)).collect(),
                Compare::EachBy(_, others) => vec![unless_same(row, others[row])],
            }
        };
        let ratios = match &self.compare {
            Compare::OursByEach(count) => {
                let ours = names[..*count].iter();
                ours.map(|name| format!("{name} / it")).collect()
            }
            Compare::EachBy(what, _) => vec![(*what).to_owned()],
        };
        let rows = names.iter().enumerate().map(|(row, name)| {
            let Rates(each) = rates[row].clone();
            Row {
                name: name.clone(),
                rates: each,
                rate: rates[row].spread(),
                ratios: ratios_of(row),
            }
        });
        Comparison {
            rows: rows.collect(),
            title: self.title,
            unit: self.unit,
            ratios,
        }
    }
}

impl Comparison {
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        let mut header = vec![String::new(), format!("million {} per second", self.unit)];
        header.extend(self.ratios.clone());
        table
            .load_preset(presets::ASCII_MARKDOWN)
            .set_header(header);
        for row in &self.rows {
            let mut cells = vec![row.name.clone(), digits(row.rate.median / 1e6)];
            let ratios = row.ratios.iter();
            cells.extend(ratios.map(|r| r.map_or_else(|| "-".to_owned(), |r| r.to_string())));
            table.add_row(cells);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}
