//! A picture of the curves.

use std::error::Error;
use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::prelude::{
    ChartBuilder, Color, ErrorBar, IntoFont, LineSeries, Palette, Palette99, PathElement,
    SeriesLabelPosition, WHITE,
};

use crate::curve::{Curves, Point};

/// In pixels.
const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 360;

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What is drawn upwards.
struct Scale {
    name: &'static str,
    /// The quartile that is lower in the picture, the median, and the upper one.
    of: fn(&Point) -> [f64; 3],
}

/// Draws the rates, with the middle half of the rounds, and beside them the times.
pub(crate) fn draw(path: &Path, all: &[Curves]) -> Result<(), Box<dyn Error>> {
    let height = HEIGHT * all.len().max(1) as u32;
    let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let rate = Scale {
        name: "million messages per second",
        of: |point| [point.rate.lower, point.rate.median, point.rate.upper].map(|rate| rate / 1e6),
    };
    let time = Scale {
        name: "nanoseconds per message",
        of: |point| [point.rate.upper, point.rate.median, point.rate.lower].map(|rate| 1e9 / rate),
    };
    let rows = root.split_evenly((all.len().max(1), 2));
    for (curves, areas) in all.iter().zip(rows.chunks(2)) {
        draw_one(&areas[0], curves, &rate)?;
        draw_one(&areas[1], curves, &time)?;
    }
    root.present()?;
    Ok(())
}

fn draw_one(area: &Canvas<'_>, curves: &Curves, scale: &Scale) -> Result<(), Box<dyn Error>> {
    let points = curves.curves.iter().flat_map(|curve| &curve.points);
    let highest = points.fold(0.0_f64, |highest, point| highest.max((scale.of)(point)[2]));
    // The legend is above the curves, and sizes are as far apart as they are in the list, whatever they are.
    let last = curves.counts.len() as i32 - 1;
    let mut chart = ChartBuilder::on(area)
        .caption(curves.title, ("sans-serif", 18).into_font())
        .margin(10)
        .margin_right(30)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0..last, 0.0..highest * 1.5)?;
    let count = |place: &i32| {
        let count = usize::try_from(*place)
            .ok()
            .and_then(|place| curves.counts.get(place));
        count.map_or_else(String::new, usize::to_string)
    };
    chart
        .configure_mesh()
        .x_labels(curves.counts.len())
        .x_label_formatter(&count)
        .x_desc(curves.title)
        .y_desc(scale.name)
        .draw()?;
    for (number, curve) in curves.curves.iter().enumerate() {
        let color = Palette99::pick(number).to_rgba();
        let points: Vec<(i32, [f64; 3])> = (0..).zip(curve.points.iter().map(scale.of)).collect();
        let medians = points.iter().map(|&(x, [_, median, _])| (x, median));
        chart
            .draw_series(LineSeries::new(medians, &color))?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
        chart.draw_series(points.iter().map(|&(x, [low, median, high])| {
            ErrorBar::new_vertical(x, low, median, high, color.filled(), 6)
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    Ok(())
}
