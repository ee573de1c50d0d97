//! Where the middle of some figures is, and their middle half.

use std::fmt;

use serde::Serialize;

/// Where the middle of some figures is, and their middle half.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
}

impl Spread {
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        // Between the two figures nearest to that place, in proportion.
        let at = |share: f64| {
            let place = share * (figures.len() - 1) as f64;
            let (low, high) = (
                figures[place.floor() as usize],
                figures[place.ceil() as usize],
            );
            low + (high - low) * place.fract()
        };
        Self {
            lower: at(0.25),
            median: at(0.5),
            upper: at(0.75),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [lower, median, upper] = [self.lower, self.median, self.upper].map(digits);
        write!(f, "{median} ({lower}-{upper})")
    }
}

/// Three digits, or as many more as there are before the point.
pub(crate) fn digits(figure: f64) -> String {
    let decimals = match figure {
        _ if figure >= 100.0 => 0,
        _ if figure >= 10.0 => 1,
        _ if figure >= 0.1 || figure == 0.0 => 2,
        _ => 4,
    };
    format!("{figure:.decimals$}")
}
