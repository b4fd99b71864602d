//! What it costs to take a position, part by part, in rounds that a client times: the platform's clock stands
//! still while a Worker computes.

use std::hint::black_box;

use onway_core::auth::{Caller, Role};
use onway_core::clock::Millis;
use onway_core::delivery::{Command, Delivery, Start};
use onway_core::eta::{self, Corridor, Estimate, Journey, Model, Situation};
use onway_core::filter::Filter;
use onway_core::fix::{Fix, Position};
use onway_core::recent::NoArchive;
use onway_core::rejection::Rejection;
use onway_core::status::Status;
use onway_core::tracking_id::TrackingId;
use onway_core::visibility::rules::Rules;
use onway_core::wire::StartRequest;
use onway_core::wire::input;
use onway_core::wire::report::{FRAME_FIXES_MAX, Report, StatusReport};
use onway_core::wire::start::{Mode, Visibility};
use serde_json::json;
use worker::Response;

use crate::problem::{Answer, ours};

const BEGIN: Millis = Millis(1_700_000_000_000);
const ROUNDS_MAX: usize = 1_000_000;
const MODE: Mode = Mode::Car;

/// `asked`: `write`, `parse`, `estimate` (the filter and the ETA alone) or `decide` (all that is decided), a slash, and
/// how many times. The last two do what `parse` does, and that what `write` does.
pub fn run(asked: &str) -> Answer {
    let (what, rounds) = asked.split_once('/').ok_or(Rejection::Internal)?;
    let rounds = rounds.parse::<usize>().map_err(|_| Rejection::Internal)?.min(ROUNDS_MAX);
    let by = Caller { subject: "d".into(), role: Role::Driver, store_id: None, expires: Millis(i64::MAX) };
    let mut delivery = delivery()?;
    let picked_up = Command::Status(StatusReport::of(Status::PickedUp));
    delivery.apply(picked_up, &by, BEGIN, &NoArchive)?;
    let mut trip = Trip::new()?;
    for n in 1..=rounds {
        let frame = frame(n);
        if what == "write" {
            black_box(frame);
            continue;
        }
        let now = BEGIN.plus(n as i64 * 1_000);
        let report = Report::parse(&input::json(frame.as_bytes())?, now, FRAME_FIXES_MAX)?;
        if what == "parse" {
            black_box(report);
            continue;
        }
        if what == "estimate" {
            black_box(trip.estimate(&report.fixes)?);
            continue;
        }
        black_box(delivery.apply(Command::Report(report), &by, now, &NoArchive)?);
    }
    Response::from_json(&json!({ "rounds": rounds })).map_err(ours)
}

/// Who is followed by the filter and the ETA alone.
struct Trip {
    filter: Filter,
    journey: Journey,
    corridor: Corridor,
    destination: Position,
}

impl Trip {
    fn new() -> Result<Self, Rejection> {
        let place = |lat, lng| Position::from_degrees(lat, lng).ok_or(Rejection::Internal);
        let (origin, destination) = (place(5.6, -0.173)?, place(5.7, -0.2)?);
        let corridor = Model::built_in().corridor(origin, destination, MODE);
        Ok(Self { filter: Filter::default(), journey: Journey::default(), corridor, destination })
    }

    fn estimate(&mut self, fixes: &[Fix]) -> Result<Option<Estimate>, Rejection> {
        let mut last = None;
        for fix in fixes {
            self.filter.step(fix, MODE);
            let here = self.filter.shown(fix.time, MODE).ok_or(Rejection::Internal)?.position;
            self.journey.observe(fix.time, here, here.metres_to(self.destination));
            let situation = Situation {
                mode: MODE,
                now: fix.time,
                here,
                destination: self.destination,
                way: None,
                ahead: &[],
                journey: &self.journey,
                corridor: &self.corridor,
            };
            last = Some(eta::estimate(Model::built_in(), &situation));
        }
        Ok(last)
    }
}

/// A frame as a phone sends it: a fix a second, 8 m on, around a wide circle.
fn frame(n: usize) -> String {
    let turn = n as f64 * 8.0 / 3_000.0;
    let (lat, lng) = (5.6 + 0.027 * turn.sin(), -0.2 + 0.027 * turn.cos());
    let at = BEGIN.0 + n as i64 * 1_000;
    format!(
        r#"{{"type":"location_update","id":{n},"location":{{"lat":{lat:.7},"lng":{lng:.7},"timestamp":{at},"accuracy":8.0,"speed":8.0}}}}"#
    )
}

fn delivery() -> Result<Delivery, Rejection> {
    let request = json!({"order_id": "O-1", "driver_id": "d", "dropoff": {"lat": 5.7, "lng": -0.2}});
    let (delivery, _) = Delivery::start(Start {
        tracking_id: TrackingId::trusted("TRK-MEASURE".into()),
        epoch: "e".into(),
        driver_alias: None,
        request: StartRequest::parse(&request)?,
        default_visibility: Visibility::Public,
        default_rules: Rules::default(),
        default_fences: Default::default(),
        model: None,
        wall: BEGIN,
    });
    Ok(delivery)
}
