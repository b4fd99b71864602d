//! Nothing that leaves the service holds what its audience may not see: deliveries with values that occur nowhere
//! else take any course, and each output is searched for those that are denied.
//!
//! A new kind of output (a webhook, a push message, an export) is a line of [`OUTPUTS`].

use onway_core::auth::{Caller, Role};
use onway_core::clock::Millis;
use onway_core::delivery::{Command, Delivery, Event, KeptEvent, Outcome, Proof, ProofKind, Start};
use onway_core::driver::Heading;
use onway_core::fix::Position;
use onway_core::history::{self, Format, Named, Query};
use onway_core::permission::{Action, Party, may};
use onway_core::recent::NoArchive;
use onway_core::status::Status;
use onway_core::track::{self, Recorded};
use onway_core::tracking_id::IdKeys;
use onway_core::visibility::rules::Rules;
use onway_core::visibility::{self, Audience};
use onway_core::wire::StartRequest;
use onway_core::wire::report::{Report, StatusReport};
use onway_core::wire::start::Visibility;
use onway_core::wording::{self, Outline};
use proptest::prelude::*;
use serde_json::{Value, json};

const START: Millis = Millis(1_700_000_000_000);
const DROPOFF: (f64, f64) = (5.65, -0.2);
const PICKUP: (f64, f64) = (5.58, -0.3);

/// What the next output is made of.
struct World {
    delivery: Delivery,
    now: Millis,
    /// Of the last command, and a position that waited for it.
    events: Vec<Event>,
    kept: Vec<KeptEvent>,
    /// All fixes, as they were stored.
    fixes: Vec<Recorded>,
}

/// An output by its name, as text; `None` where the audience may not have it at all.
type Output = (&'static str, fn(&World, Party) -> Option<String>);

const OUTPUTS: [Output; 10] = [
    ("snapshot", |world, party| text(&snapshot(world, party))),
    ("frames", |world, party| {
        let frame = |event| visibility::frame(&world.delivery, event, party.into(), world.now);
        text(&world.events.iter().filter_map(frame).collect::<Vec<_>>())
    }),
    ("a frame of each event there was", |world, party| {
        let frame = |event: &KeptEvent| {
            visibility::frame(&world.delivery, &event.clone().into(), party.into(), world.now)
        };
        text(&world.kept.iter().filter_map(frame).collect::<Vec<_>>())
    }),
    ("what is sent on resuming", |world, party| {
        text(&visibility::resume(&world.delivery, &world.kept, party.into(), world.now, true))
    }),
    ("timeline", |world, party| {
        let told = visibility::timeline(&world.delivery, party.into(), world.now);
        permitted(world, party, Action::Timeline).and_then(|()| text(&told))
    }),
    ("history", |world, party| recorded(world, party, Format::Json)),
    ("history as GeoJSON", |world, party| recorded(world, party, Format::GeoJson)),
    ("history as GPX", |world, party| recorded(world, party, Format::Gpx)),
    ("history as a polyline", |world, party| recorded(world, party, Format::Polyline)),
    ("page", |world, party| {
        let outline: Outline = serde_json::from_value(snapshot(world, party)).unwrap();
        Some(format!("{} {}", wording::headline(outline.status), wording::detail(&outline)))
    }),
];

fn text(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

fn snapshot(world: &World, party: Party) -> Value {
    serde_json::to_value(visibility::snapshot(&world.delivery, party.into(), world.now, true)).unwrap()
}

fn permitted(world: &World, party: Party, action: Action) -> Option<()> {
    may(party, action, world.delivery.circumstances()).then_some(())
}

fn recorded(world: &World, party: Party, format: Format) -> Option<String> {
    permitted(world, party, Action::History)?;
    let named = Named { tracking_id: world.delivery.facts.tracking_id.as_str(), order_id: "O" };
    history::page(world.fixes.clone(), &Query { format, ..Query::default() }, named, world.now).text().ok()
}

/// Texts that occur nowhere else, and whose they are.
const MARKERS: [(&str, &[Audience]); 17] = {
    use Audience::{Customer, Driver, Operator, Store};
    let inside: &[Audience] = &[Driver, Store, Operator];
    let staff: &[Audience] = &[Store, Operator];
    [
        ("+233209998877", inside),
        ("the-customer", staff),
        ("the-store", staff),
        ("the-driver", inside),
        ("the-next-driver", inside),
        ("the-metadata", staff),
        ("the-instructions", &[Customer, Driver, Store, Operator]),
        ("the-code", &[Customer, Store, Operator]),
        ("the-proof", &[Customer, Driver, Store, Operator]),
        ("the-comment", &[Customer, Store, Operator]),
        ("the-note", inside),
        ("the-reason", inside),
        ("the-decline", staff),
        ("\"battery\"", inside),
        ("\"raw\"", inside),
        ("\"fixes\"", inside),
        ("\"accepted_at\"", inside),
    ]
};

/// One thing that happens, so many seconds after the last.
#[derive(Clone, Debug)]
enum Happening {
    /// So many fixes, so many thousandths of a degree apart.
    Drive(usize, i32),
    Reach(Status),
    Stops(u32),
    Accept,
    Decline,
    Assign,
    Prove,
    Rate,
    Nothing,
}

fn happenings() -> impl Strategy<Value = Vec<(Happening, i64)>> {
    use Happening::{Accept, Assign, Decline, Drive, Nothing, Prove, Rate, Reach, Stops};
    let one = prop_oneof![
        8 => (1..8_usize, -3..4_i32).prop_map(|(count, step)| Drive(count, step)),
        3 => prop_oneof![Just(Status::PickedUp), Just(Status::InTransit)].prop_map(Reach),
        1 => prop_oneof![Just(Status::Delivered), Just(Status::Failed)].prop_map(Reach),
        3 => (0..4_u32).prop_map(Stops),
        1 => Just(Accept),
        1 => Just(Decline),
        1 => Just(Assign),
        1 => Just(Prove),
        1 => Just(Rate),
        2 => Just(Nothing),
    ];
    proptest::collection::vec((one, 100..400_i64), 1..25)
}

fn rule() -> impl Strategy<Value = Value> {
    let some = |range: std::ops::Range<i64>| proptest::option::of(range);
    let conditions = (any::<bool>(), some(0..3), some(100..5_000), some(60..900)).prop_map(
        |(active, stops, metres, seconds)| {
            let mut rule = json!({"within_stops": stops, "within_m": metres, "within_s": seconds});
            if active || [stops, metres, seconds].iter().all(Option::is_none) {
                rule["active"] = true.into();
            }
            rule
        },
    );
    prop_oneof![1 => Just(Value::Null), 1 => Just("always".into()), 1 => Just("never".into()), 4 => conditions]
}

/// Whether a rule holds, written anew from what the documentation says.
fn holds(rule: &Value, default: &Value, world: &World) -> bool {
    let rule = if rule.is_null() { default } else { rule };
    let delivery = &world.delivery;
    let number = |name: &str| rule[name].as_f64();
    let dropoff = Position::from_degrees(DROPOFF.0, DROPOFF.1).unwrap();
    match rule.as_str() {
        Some(word) => word == "always",
        None => {
            let is_active = matches!(delivery.status(), Status::PickedUp | Status::InTransit);
            let away = delivery.live.recent.live_position().map(|here| here.metres_to(dropoff));
            let left = delivery.live.eta.map(|eta| (eta.at.0 - world.now.0) as f64 / 1000.0);
            (rule["active"] != true || is_active)
                && number("within_stops").is_none_or(|most| f64::from(delivery.live.stops_before) <= most)
                && number("within_m").is_none_or(|most| away.is_some_and(|away| away <= most))
                && number("within_s").is_none_or(|most| left.is_some_and(|left| left <= most))
        }
    }
}

impl World {
    fn new(rules: &Value) -> Self {
        let body = json!({
            "order_id": "O", "driver_id": "the-driver", "customer_id": "the-customer", "store_id": "the-store",
            "pickup": {"lat": PICKUP.0, "lng": PICKUP.1}, "dropoff": {"lat": DROPOFF.0, "lng": DROPOFF.1},
            "phone": "+233209998877", "instructions": "the-instructions", "metadata": {"x": "the-metadata"},
            "route": "_p~iF~ps|U_ulLnnqC", "visibility_rules": rules, "handover_code": "the-code",
        });
        let keys = IdKeys::new(1, "a secret of the tests, over 32 bytes long", None).unwrap();
        let (delivery, outcome) = Delivery::start(Start {
            tracking_id: keys.issue([1; 16]),
            epoch: "e".into(),
            driver_alias: Some("DRV-A".into()),
            request: StartRequest::parse(&body).unwrap(),
            default_visibility: Visibility::Public,
            default_rules: Rules::default(),
            default_fences: Default::default(),
            model: None,
            wall: START,
        });
        let mut world =
            Self { delivery, now: START, events: Vec::new(), kept: Vec::new(), fixes: Vec::new() };
        world.note(outcome);
        world
    }

    fn note(&mut self, outcome: Outcome) {
        self.kept.extend(outcome.events.iter().filter_map(Event::kept).map(|(_, kept)| kept));
        // A position may have waited: it is sent with what comes.
        self.events.retain(|event| matches!(event, Event::Moved { .. }));
        self.events.extend(outcome.events);
        for (_, chunk) in outcome.chunks {
            self.fixes.extend(track::decode(chunk.bytes()).unwrap());
        }
    }

    fn command(&mut self, command: Command, role: Role) {
        let subject = self.delivery.facts.driver_id.clone().filter(|_| role == Role::Driver);
        let subject = subject.unwrap_or_else(|| "desk".into());
        let by = Caller { subject, role, store_id: None, expires: Millis(i64::MAX) };
        // What is refused here changes nothing.
        if let Ok(outcome) = self.delivery.apply(command, &by, self.now, &NoArchive) {
            self.note(outcome);
        }
    }

    fn happens(&mut self, what: Happening, way: &mut (i32, i32)) {
        match what {
            Happening::Drive(count, step) => {
                let rows: Vec<_> = (0..count)
                    .map(|n| {
                        *way = (way.0 + step, way.1 + 1);
                        let at = self.now.0 - 1_000 - (count - n) as i64 * 13_000;
                        let (lat, lng) = (5.60 + f64::from(way.0) / 1e3, -0.22 + f64::from(way.1) / 7e3);
                        json!({"lat": lat, "lng": lng, "timestamp": at, "battery": 42, "accuracy": 5, "heading": 9, "speed": 3})
                    })
                    .collect();
                let report = Report::parse(&json!({"locations": rows}), self.now, 100).unwrap();
                self.command(Command::Report(report), Role::Driver);
            }
            Happening::Reach(status) => {
                let (note, reason) = (Some("the-note".into()), Some("the-reason".into()));
                let report = StatusReport { note, reason, ..StatusReport::of(status) };
                self.command(Command::Status(report), Role::Driver);
            }
            Happening::Stops(stops_before) => {
                let heading = Heading { ordered: true, stops_before, online: true, ..Heading::default() };
                let outcome = self.delivery.take_heading(heading, self.now);
                self.note(outcome);
            }
            Happening::Accept => self.command(Command::Accept, Role::Driver),
            Happening::Decline => {
                self.command(Command::Decline { reason: Some("the-decline".into()) }, Role::Driver);
            }
            Happening::Assign => {
                let (driver_id, driver_alias) = ("the-next-driver".into(), "DRV-B".into());
                self.command(Command::Assign { driver_id, driver_alias }, Role::Dispatcher);
            }
            Happening::Prove => {
                let photo = Proof::image(ProofKind::Photo, "image/jpeg", b"x");
                let proof = Proof { id: "the-proof".into(), ..photo };
                self.command(Command::Prove(proof), Role::Driver);
            }
            Happening::Rate => {
                if let Ok(outcome) = self.delivery.rate((5, Some("the-comment".into())), None, self.now) {
                    self.note(outcome);
                }
            }
            Happening::Nothing => {}
        }
        let open = self.delivery.live.recent.recorded();
        self.fixes.retain(|known| !open.iter().any(|fix| fix.fix.id() == known.fix.id()));
        self.fixes.extend(open);
    }
}

/// All places in a text: pairs of numbers that follow each other, either first, and the points of polylines.
fn places(text: &str) -> Vec<Position> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
    let numbers: Vec<f64> =
        text.split(|c: char| !is_number(c)).filter_map(|word| word.parse().ok()).collect();
    let either = |pair: &[f64]| [(pair[0], pair[1]), (pair[1], pair[0])];
    let mut found: Vec<_> = numbers.windows(2).flat_map(either).collect();
    fn strings(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
            Value::Object(members) => members.values().for_each(|member| strings(member, found)),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    strings(&serde_json::from_str(text).unwrap_or(Value::Null), &mut texts);
    for line in texts.iter().filter_map(|text| polyline::decode_polyline(text, 5).ok()) {
        found.extend(line.points().map(|point| (point.y(), point.x())));
    }
    found.into_iter().filter_map(|(lat, lng)| Position::from_degrees(lat, lng)).collect()
}

/// The values under a name, however deep.
fn under<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| under(item, name, found)),
        Value::Object(members) => {
            found.extend(members.get(name));
            members.values().for_each(|member| under(member, name, found));
        }
        _ => {}
    }
}

/// A place that is nearer than this is the same, in metres: polylines are written to about one.
const SAME: f64 = 1.2;

fn is_among(place: Position, places: &[Position]) -> bool {
    places.iter().any(|other| other.metres_to(place) < SAME)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_output_holds_what_its_view_denies(
        rules in proptest::collection::vec(rule(), 5),
        course in happenings(),
    ) {
        let names = ["location", "route", "eta", "stops_before", "history"];
        let defaults = [json!({"active": true, "within_stops": 1}), json!("never"), json!("always"), json!("always"), json!("always")];
        let given: serde_json::Map<_, _> =
            names.iter().zip(&rules).map(|(name, rule)| ((*name).to_owned(), rule.clone())).collect();
        let mut world = World::new(&Value::Object(given));
        let (mut way, mut hidden): ((i32, i32), Vec<Position>) = ((0, 0), Vec::new());
        for (what, pause) in course {
            let known = world.fixes.len();
            world.now = world.now.plus(pause * 1000);
            world.happens(what, &mut way);
            let shown: Vec<_> = rules.iter().zip(&defaults).map(|(rule, default)| holds(rule, default, &world)).collect();
            let [location, route, eta, stops, history] = shown[..] else { unreachable!() };
            let live = world.delivery.live.recent.live_position();
            // What came while it was hidden, or lies beyond the circle, is never theirs; nor is where it was before.
            let everything: Vec<_> =
                world.fixes.iter().flat_map(|fix| [fix.fix.position, fix.place()]).collect();
            if !location {
                hidden.clone_from(&everything);
            }
            let within = rules[0]["within_m"].as_f64();
            let dropoff = Position::from_degrees(DROPOFF.0, DROPOFF.1).unwrap();
            let far = everything.iter().filter(|at| within.is_some_and(|most| at.metres_to(dropoff) > most + SAME));
            let denied: Vec<_> = hidden.iter().chain(far).copied().collect();
            let mut open: Vec<_> = live.filter(|_| location).into_iter().collect();
            open.extend([dropoff, Position::from_degrees(PICKUP.0, PICKUP.1).unwrap()]);
            prop_assert!(known <= everything.len());

            for party in Party::ALL {
                let audience = Audience::from(party);
                for (output, write) in OUTPUTS {
                    let Some(text) = write(&world, party) else { continue };
                    for (marker, theirs) in MARKERS {
                        prop_assert!(
                            theirs.contains(&audience) || !text.contains(marker),
                            "{party:?} finds {marker} in {output}: {text}"
                        );
                    }
                    if audience.is_inside() {
                        continue;
                    }
                    for place in places(&text) {
                        prop_assert!(
                            !is_among(place, &denied) || is_among(place, &open),
                            "{party:?} finds {place:?} in {output}: {text}"
                        );
                    }
                    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
                    let found = |name: &str| {
                        let mut found = Vec::new();
                        under(&value, name, &mut found);
                        found
                    };
                    let none = |name: &str| found(name).into_iter().all(Value::is_null);
                    let empty = |name: &str| found(name).into_iter().all(|it| it.as_str().is_none_or(str::is_empty));
                    prop_assert!(location || ["remaining_m", "heading", "speed", "current_location"].into_iter().all(none), "{party:?} {output}: {text}");
                    prop_assert!(location || found("eta_at").iter().all(|at| at.as_i64().is_none_or(|at| at % 300 == 0)), "{party:?} {output}: {text}");
                    prop_assert!(eta || none("eta_at") && none("eta_seconds") && none("eta_range"), "{party:?} {output}: {text}");
                    prop_assert!(stops || none("stops_before"), "{party:?} {output}: {text}");
                    prop_assert!(route || none("route"), "{party:?} {output}: {text}");
                    prop_assert!(location && history || empty("trail"), "{party:?} {output}: {text}");
                }
            }
        }
    }
}

/// What the property looks for is found where it is somebody's: it does not pass for want of anything to find.
#[test]
fn each_marker_and_each_place_is_found_by_those_whose_it_is() {
    use Happening::{Accept, Assign, Decline, Drive, Prove, Rate, Reach};
    let after = |course: Vec<Happening>| {
        let mut world = World::new(&json!({"location": "always", "route": "always"}));
        for what in course {
            world.now = world.now.plus(200_000);
            world.happens(what, &mut (0, 0));
        }
        world
    };
    let world = after(vec![Decline, Assign, Accept, Drive(5, 2), Prove, Reach(Status::Failed)]);
    let rated = after(vec![Accept, Drive(5, 2), Reach(Status::Delivered), Rate]);
    let all = |party| {
        let of = |world| OUTPUTS.iter().filter_map(move |(_, write)| write(world, party));
        of(&world).chain(of(&rated)).collect::<Vec<_>>().join("\n")
    };
    let (operator, public) = (all(Party::Admin), all(Party::Public));
    for (marker, _) in MARKERS {
        // Its first driver has gone; the timeline says who declined.
        assert!(operator.contains(marker), "{marker}");
        assert!(!public.contains(marker), "{marker}");
    }
    let live = world.delivery.live.recent.live_position().unwrap();
    let seen = OUTPUTS[0].1(&world, Party::Public).unwrap();
    assert!(is_among(live, &places(&seen)));
    for fix in world.delivery.live.recent.recorded() {
        let track = OUTPUTS[5].1(&world, Party::Admin).unwrap();
        assert!(is_among(fix.fix.position, &places(&track)));
    }
}
