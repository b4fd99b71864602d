//! Error by horizon, drawn.

use std::path::Path;

use plotters::prelude::*;

use crate::error::Error;
use crate::score::eta::{METHODS, Report};

const SIZE: (u32, u32) = (800, 480);
/// Colours that people with any colour vision tell apart (Okabe and Ito), in the order of the estimators.
const COLOURS: [RGBColor; 3] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(120, 120, 120)];

/// Draws the mean error as a share of the time left, by the time left, as SVG.
pub fn horizons(report: &Report, path: &Path) -> Result<(), Error> {
    let wrong = |why: String| Error::Report(format!("{} cannot be drawn: {why}", path.display()));
    draw(report, path).map_err(|why| wrong(why.to_string()))
}

fn draw(report: &Report, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let middle = |at: usize| {
        let from = report.horizons[at].from_s;
        let until = report.horizons.get(at + 1).map_or(from * 1.5, |next| next.from_s);
        (from + until) / 120.0
    };
    let errors = report.horizons.iter().flat_map(|horizon| horizon.errors);
    let most = errors.map(|(_, share)| share * 100.0).fold(10.0, f64::max);
    let farthest = report.horizons.len().checked_sub(1).map_or(1.0, middle);
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..farthest * 1.05, 0.0..most * 1.1)?;
    chart
        .configure_mesh()
        .x_desc("minutes really left")
        .y_desc("mean error, % of the time left")
        .light_line_style(WHITE)
        .draw()?;
    for (method, colour) in COLOURS.into_iter().enumerate() {
        let horizons = report.horizons.iter().enumerate();
        let points: Vec<_> =
            horizons.map(|(at, horizon)| (middle(at), horizon.errors[method].1 * 100.0)).collect();
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(3))?
            .label(METHODS[method])
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().border_style(BLACK.mix(0.3)).background_style(WHITE.mix(0.9)).draw()?;
    area.present()?;
    Ok(())
}
