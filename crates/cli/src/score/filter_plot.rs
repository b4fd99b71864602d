//! The filter at work, drawn: a stretch of a trip with faults put in.

use std::path::Path;

use geo::{Distance, Haversine, Point};
use plotters::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::error::Error;
use crate::score::faults::{Fault, inject};
use crate::score::filter::{Setting, prepared, seed_of};
use crate::score::pipeline::Pipeline;
use crate::score::tally::place;
use crate::trips::Trip;

const SIZE: (u32, u32) = (800, 800);
/// Okabe and Ito, as in the plots of the ETA.
const SHOWN: RGBColor = RGBColor(0, 114, 178);
const REJECTED: RGBColor = RGBColor(213, 94, 0);
const BELIEVED: RGBColor = RGBColor(120, 120, 120);
/// How many fixes are drawn, and how many of them come before the first burst.
const STRETCH: usize = 90;
const BEFORE: usize = 40;
/// What is further outside than this share of the way's extent is not drawn.
const MARGIN: f64 = 0.6;

/// One fix of the stretch.
struct Step {
    raw: Point,
    clean: Point,
    shown: Point,
    rejected: bool,
    fault: Option<Fault>,
}

/// Draws, as SVG, the stretch of the first trip that has a burst of faults.
pub fn draw(trips: &[Trip], setting: &Setting, path: &Path) -> Result<(), Error> {
    let wrong = |why: String| Error::Report(format!("{} cannot be drawn: {why}", path.display()));
    let steps = trips.iter().find_map(|trip| stretch(trip, setting));
    let steps = steps.ok_or_else(|| wrong("no trip got a burst of faults; try another --seed".into()))?;
    paint(&steps, path).map_err(|why| wrong(why.to_string()))
}

fn stretch(trip: &Trip, setting: &Setting) -> Option<Vec<Step>> {
    let mut pipeline = Pipeline::new(trip.mode);
    let mut rng = SmallRng::seed_from_u64(seed_of(trip, setting.seed));
    let samples = inject(&prepared(trip, setting), setting.faults, setting.sizes, &mut rng);
    let steps = samples.iter().map(|sample| {
        let judged = pipeline.take(&sample.reported);
        let (raw, clean) = (place(&sample.reported), place(&sample.clean));
        let shown = judged.shown.map_or(raw, |shown| shown.position.point());
        Step { raw, clean, shown, rejected: judged.is_dropped(), fault: sample.fault }
    });
    let steps: Vec<_> = steps.collect();
    let burst = steps.iter().position(|step| step.fault == Some(Fault::Burst))?;
    Some(steps.into_iter().skip(burst.saturating_sub(BEFORE)).take(STRETCH).collect())
}

fn paint(steps: &[Step], path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let Some(first) = steps.first() else { return Ok(()) };
    let metres = |point: Point| {
        let east = Haversine.distance(first.clean, Point::new(point.x(), first.clean.y()));
        let north = Haversine.distance(first.clean, Point::new(first.clean.x(), point.y()));
        (east.copysign(point.x() - first.clean.x()), north.copysign(point.y() - first.clean.y()))
    };
    let way: Vec<_> = steps.iter().map(|step| metres(step.clean)).collect();
    let range = |axis: fn(&(f64, f64)) -> f64| {
        let low = way.iter().map(axis).fold(f64::INFINITY, f64::min);
        (low, way.iter().map(axis).fold(f64::NEG_INFINITY, f64::max))
    };
    let (east, north) = (range(|point| point.0), range(|point| point.1));
    let reach = ((east.1 - east.0).max(north.1 - north.0) * (0.5 + MARGIN)).max(100.0);
    let around = |(low, high): (f64, f64)| (low + high) / 2.0 - reach..(low + high) / 2.0 + reach;
    let (across, along) = (around(east), around(north));
    let inside = |point: &(f64, f64)| across.contains(&point.0) && along.contains(&point.1);
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(60)
        .build_cartesian_2d(across.clone(), along.clone())?;
    chart.configure_mesh().x_desc("metres east").y_desc("metres north").light_line_style(WHITE).draw()?;
    for (label, rejected, colour, size) in
        [("reported, believed", false, BELIEVED, 3), ("reported, rejected", true, REJECTED, 5)]
    {
        let points = steps.iter().filter(|step| step.rejected == rejected).map(|step| metres(step.raw));
        chart
            .draw_series(points.filter(inside).map(|point| Circle::new(point, size, colour.filled())))?
            .label(label)
            .legend(move |(x, y)| Circle::new((x + 9, y), size, colour.filled()));
    }
    let shown = steps.iter().map(|step| metres(step.shown)).filter(inside);
    chart
        .draw_series(LineSeries::new(shown, SHOWN.stroke_width(2)))?
        .label("shown")
        .legend(|(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], SHOWN.stroke_width(2)));
    chart.configure_series_labels().border_style(BLACK.mix(0.3)).background_style(WHITE.mix(0.9)).draw()?;
    area.present()?;
    Ok(())
}
