//! A picture of the ratios.

use std::error::Error;
use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::prelude::{
    BLACK, ChartBuilder, Circle, Color, ErrorBar, IntoFont, IntoLogRange, Palette, Palette99,
    PathElement, SeriesLabelPosition, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::comparison::Comparison;
use crate::rounds::spread::digits;

/// In pixels.
const WIDTH: u32 = 960;
const ROW: u32 = 22;
/// For the title and the axis.
const AROUND: u32 = 110;
const NAMES: u32 = 300;

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws each comparison: a dot is the median, a bar the middle half of the rounds. 1 is as fast.
pub(crate) fn draw<'a>(
    path: &'a Path,
    comparisons: impl Iterator<Item = &'a Comparison> + Clone,
) -> Result<(), Box<dyn Error>> {
    let heights = comparisons.clone().map(height);
    let all = heights.clone().sum::<u32>().max(1);
    let mut rest = SVGBackend::new(path, (WIDTH, all)).into_drawing_area();
    rest.fill(&WHITE)?;
    for (comparison, height) in comparisons.zip(heights) {
        let (area, below) = rest.split_vertically(height);
        draw_one(&area, comparison)?;
        rest = below;
    }
    rest.present()?;
    Ok(())
}

fn height(comparison: &Comparison) -> u32 {
    AROUND + ROW * (comparison.rows.len() + comparison.ratios.len()) as u32
}

fn draw_one(area: &Canvas<'_>, comparison: &Comparison) -> Result<(), Box<dyn Error>> {
    let rows = comparison.rows.len() as f64;
    // There is a place above the rows for the legend.
    let columns = comparison.ratios.len();
    let spreads = comparison.rows.iter().flat_map(|row| &row.ratios).flatten();
    let (low, high) = spreads.fold((0.5_f64, 2.0_f64), |(low, high), spread| {
        // Nothing at all has no place on a logarithmic axis.
        (low.min(spread.lower.max(1e-4)), high.max(spread.upper))
    });
    let ratios = (low / 1.2..high * 1.2).log_scale();
    let mut chart = ChartBuilder::on(area)
        .caption(&comparison.title, ("sans-serif", 18).into_font())
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(NAMES)
        .build_cartesian_2d(ratios, 0.0..rows + columns as f64)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .x_labels(8)
        .x_label_formatter(&|ratio| digits(*ratio))
        .y_labels(0)
        .x_desc("ratio")
        .draw()?;
    // The first row is on top.
    let plot = chart.plotting_area();
    let (left, right) = (
        plot.get_x_range().start,
        Pos::new(HPos::Right, VPos::Center),
    );
    let style = ("sans-serif", 13).into_font().color(&BLACK).pos(right);
    for (row, it) in comparison.rows.iter().enumerate() {
        let (x, y) = plot.map_coordinate(&(left, rows - row as f64 - 0.5));
        // Relative to the whole, and not to this part of it.
        let (_, top) = area.get_base_pixel();
        area.draw_text(&it.name, &style, (x - 8, y - top))?;
    }
    chart.draw_series([PathElement::new([(1.0, 0.0), (1.0, rows)], BLACK)])?;
    for (column, what) in comparison.ratios.iter().enumerate() {
        let color = Palette99::pick(column).to_rgba();
        let place = |row: usize| {
            let share = (column + 1) as f64 / (columns + 1) as f64;
            rows - row as f64 - share
        };
        let points = comparison.rows.iter().enumerate();
        let points = points.filter_map(|(row, it)| Some((place(row), it.ratios[column]?)));
        chart
            .draw_series(points.map(|(y, ratio)| {
                let [low, middle, high] =
                    [ratio.lower, ratio.median, ratio.upper].map(|at| at.max(1e-4));
                ErrorBar::new_horizontal(y, low, middle, high, color.filled(), 5)
            }))?
            .label(what)
            .legend(move |(x, y)| Circle::new((x + 8, y), 4, color.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    Ok(())
}
