//! Progress along the roads that cars really took.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use onway_core::fix::Position;
use onway_core::route::{Along, Route};
use serde_json::Value;

/// The lines of a file of trips; `None` where they are not beside the project.
fn lines(name: &str) -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/trips").join(name);
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("skipped: {name} is not here");
        return None;
    };
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines();
    Some(lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect())
}

fn position(lat: &Value, lng: &Value) -> Position {
    Position::from_degrees(lat.as_f64().unwrap(), lng.as_f64().unwrap()).unwrap()
}

#[test]
fn real_drives_advance_along_their_routes() {
    let (Some(trips), Some(routes)) = (lines("kubicka.ndjson.gz"), lines("kubicka_routes.ndjson.gz")) else {
        return;
    };
    let routes: HashMap<_, _> = routes
        .iter()
        .map(|line| {
            let points = line["route_latlon"].as_array().unwrap().iter();
            let route = Route::new(points.map(|at| position(&at[0], &at[1])).collect()).unwrap();
            (line["user"].as_str().unwrap(), route)
        })
        .collect();
    let mut followed = 0;
    for trip in &trips {
        let user = trip["user"].as_str().unwrap();
        let Some(route) = routes.get(user) else { continue };
        let way: Vec<_> = trip["pts"].as_array().unwrap().iter().map(|at| position(&at[1], &at[2])).collect();
        let each_second = follow(route, &way, 1);
        assert!(each_second.iter().all(|along| !along.is_off), "{user}");
        let back = each_second.windows(2).map(|pair| pair[0].metres - pair[1].metres).fold(0.0, f64::max);
        assert!(back < 150.0, "{user}: {back} m back");
        // Between rare fixes a loop can be driven that they cannot tell.
        for (step, most) in [(10, 300.0), (60, 600.0)] {
            let apart = follow(route, &way, step)
                .iter()
                .zip(each_second.iter().step_by(step))
                .map(|(rare, often)| (rare.metres - often.metres).abs())
                .fold(0.0, f64::max);
            assert!(apart < most, "{user}, each {step} s: {apart} m apart");
        }
        followed += 1;
    }
    assert!(followed >= 25, "{followed} drives with a route");
}

fn follow(route: &Route, way: &[Position], step: usize) -> Vec<Along> {
    let mut along = Along::default();
    way.iter()
        .step_by(step)
        .map(|at| {
            along = route.advance(&along, *at);
            along
        })
        .collect()
}
