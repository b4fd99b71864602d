use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use onway_core::clock::Millis;
use onway_core::filter::Verdict;
use onway_core::fix::{Fix, Position};
use onway_core::history::{self, Named, Query};
use onway_core::track::Recorded;
use std::io::Write;

const NOW: i64 = 1_800_000_000_000;

const CAR: &str = r#"{"trip_id":"a-1","mode":"bus","cols":["t","lat","lon"],"user":"x","pts":[[1430313323,-10.93,-37.04],[1430313340.5,-10.94,-37.05]]}"#;

fn parse(text: &str) -> Result<Vec<Trip>, Error> {
    read(text.as_bytes(), "test", &Reading::default(), NOW)
}

#[test]
fn a_trip_is_read_as_recorded() {
    let trips = parse(CAR).unwrap();
    assert_eq!(trips.len(), 1);
    assert_eq!((trips[0].id.as_str(), trips[0].mode), ("a-1", Mode::Van));
    assert_eq!((trips[0].start_ms(), trips[0].end_ms()), (1_430_313_323_000, 1_430_313_340_500));
    let first = Point {
        row: 0,
        time_ms: 1_430_313_323_000,
        lat: -10.93,
        lng: -37.04,
        speed: None,
        accuracy: None,
        heading: None,
        truth: None,
        activity: None,
    };
    assert_eq!(trips[0].points[0], first);
}

#[test]
fn gzip_and_blank_lines_make_no_difference() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(format!("{CAR}\n\n{CAR}\n").as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let trips = read(packed.as_slice(), "test", &Reading::default(), NOW).unwrap();
    assert_eq!(trips, parse(&format!("{CAR}\n{CAR}")).unwrap());
    assert_eq!(trips.len(), 2);
}

#[test]
fn columns_are_found_by_name() {
    let trips = parse(
        r#"{"mode":"delivery_van","cols":["lat","speed_mps","lon","t"],"pts":[[1,0.5,2,10],[1.1,null,2.1,20]]}"#,
    )
    .unwrap();
    assert_eq!((trips[0].id.as_str(), trips[0].mode), ("test:1", Mode::Van));
    let points = &trips[0].points;
    assert_eq!((points[0].lat, points[0].lng, points[0].speed), (1.0, 2.0, Some(0.5)));
    assert_eq!((points[1].time_ms, points[1].speed), (20_000, None));
}

#[test]
fn a_relative_clock_is_moved_to_now_and_keeps_its_differences() {
    let trips = parse(
        r#"{"cols":["t","lat","lon"],"t_absolute":false,"pos_absolute":false,"pts":[[5,1,2],[9.5,1,2],[7,1,2]]}"#,
    )
    .unwrap();
    let times: Vec<i64> = trips[0].points.iter().map(|point| point.time_ms - NOW).collect();
    assert_eq!(times, [0, 4_500, 2_000]);
}

#[test]
fn rows_without_a_position_are_counted_and_left_out() {
    let trips = parse(
        r#"{"cols":["t","lat","lon"],"pts":[[1,91,2],[2,1,2],[3,null,2],[4,1],[5,1,181],[-1,1,1],[6,1,2]]}"#,
    )
    .unwrap();
    assert_eq!((trips[0].points.len(), trips[0].unusable), (2, 5));
}

#[test]
fn what_is_no_trip_is_refused_with_its_line() {
    let cases = [
        ("{}", "missing field `cols`"),
        (r#"{"cols":["t","lat"],"pts":[]}"#, "no column \"lon\""),
        (r#"{"cols":["t","lat","lon"],"pts":[[1,2,3]]}"#, "two valid positions"),
        ("nonsense", "no trip"),
    ];
    for (text, expected) in cases {
        let message = parse(&format!("{CAR}\n{text}\n")).unwrap_err().to_string();
        assert!(message.contains("test, line 2") && message.contains(expected), "{message}");
    }
}

/// Real recordings are not part of the repository: without them this test says so and passes.
#[test]
fn real_recordings_are_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/trips");
    for (file, count) in [("gotrack", 23), ("kubicka", 28), ("goal", 258), ("truth", 1)] {
        let path = root.join(format!("{file}.ndjson.gz"));
        if !path.is_file() {
            eprintln!("skipped: no {file} beside the repository");
            continue;
        }
        let trips = read_file(&path, &Reading::default(), NOW).unwrap();
        assert_eq!(trips.len(), count, "{file}");
        assert!(trips.iter().all(|trip| trip.unusable == 0 && trip.end_ms() - trip.start_ms() > 300_000));
    }
}

const GPX: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1" xmlns:x="http://example.org/x">
<wpt lat="1" lon="2"><time>2024-01-01T00:00:00Z</time></wpt>
<rte><rtept lat="1" lon="2"/><rtept lat="3" lon="4"/></rte>
<trk><name>Bread &amp; <![CDATA[<wine>]]> &#233;</name><link href="https://example.org"><type>text/html</type></link>
<type>cycling</type><trkseg>
<trkpt lat="5.60" lon="-0.19"><ele>12.5</ele><time>2024-01-01T08:00:00Z</time><name>gate</name>
<extensions><x:TrackPoint><x:speed>4.5</x:speed><x:course>359</x:course><x:accuracy>7</x:accuracy></x:TrackPoint></extensions></trkpt>
</trkseg><trkseg>
<trkpt lat="5.61" lon="-0.19"><time>2024-01-01T09:00:30.25+01:00</time><speed>-1</speed></trkpt>
<trkpt lat="5.62" lon="-0.19"/>
</trkseg></trk>
<trk><trkseg><trkpt lat="5.6" lon="1"><time>2024-01-01T10:00:00</time></trkpt>
<trkpt lat="5.7" lon="1"><time>2024-01-01T10:10:00</time></trkpt></trkseg></trk>
</gpx>
"#;

fn reading(format: Format) -> Reading {
    Reading { format: Some(format), ..Reading::default() }
}

fn parse_as(format: Format, text: &str) -> Result<Vec<Trip>, Error> {
    read(text.as_bytes(), "test", &reading(format), NOW)
}

fn places(trip: &Trip) -> Vec<(usize, i64, f64, f64)> {
    trip.points.iter().map(|point| (point.row, point.time_ms, point.lat, point.lng)).collect()
}

#[test]
fn each_track_of_a_gpx_is_a_trip_through_its_segments() {
    let trips = parse_as(Format::Gpx, GPX).unwrap();
    assert_eq!(trips.len(), 2);
    let (first, second) = (&trips[0], &trips[1]);
    assert_eq!((first.id.as_str(), first.mode, first.unusable), ("Bread & <wine> é", Mode::Bicycle, 1));
    let eight = 1_704_096_000_000;
    assert_eq!(places(first), [(0, eight, 5.60, -0.19), (1, eight + 30_250, 5.61, -0.19)]);
    let said = |point: &Point| (point.speed, point.heading, point.accuracy);
    assert_eq!(said(&first.points[0]), (Some(4.5), Some(359.0), Some(7.0)));
    assert_eq!(said(&first.points[1]), (None, None, None), "-1 stands for what a phone does not know");
    assert_eq!((second.id.as_str(), second.source.as_str(), second.mode), ("test:13", "test", Mode::Car));
    assert_eq!(second.end_ms() - second.start_ms(), 600_000);
}

#[test]
fn what_the_service_exports_as_gpx_is_read_back() {
    let recorded = |n: i64| {
        let place = Position::from_degrees(5.6 + n as f64 * 0.001, -0.1871234).unwrap();
        let fix = Fix { altitude: Some(12.5), ..Fix::new(Millis(1_704_096_000_123 + n * 5_000), place) };
        Recorded { fix, verdict: Verdict::Accepted, shown: Some(place) }
    };
    let named = Named { tracking_id: "TRK-1", order_id: "ORD <1> & more" };
    let query = Query { format: history::Format::Gpx, ..Query::default() };
    let page = history::page((0..3).map(recorded).collect(), &query, named, Millis(NOW));
    let trips = parse_as(Format::Gpx, &page.text().unwrap()).unwrap();
    assert_eq!((trips.len(), trips[0].id.as_str()), (1, named.order_id));
    let sent =
        |n: i64| (n as usize, recorded(n).fix.time.0, recorded(n).place().lat(), recorded(n).place().lng());
    assert_eq!(places(&trips[0]), [0, 1, 2].map(sent));
}

#[test]
fn a_table_is_read_by_the_names_of_its_columns() {
    let text = "Time;Longitude;note;Latitude;speed;accuracy;heading;trip_id;mode\n\
        2024-01-01T08:00:00Z;-0.19;\"a;b\";5.60;4.5;;;a;bike\n\
        1704096005;-0.18;;5.61;;8;90;b;\n\
        1704096010000;-0.19;;5.62;;;;a;\n\
        ;-0.19;;5.63;;;;a;\n\
        1704096020;;;5.63;;;;a;\n\
        1704096025;-0.17;;5.62;;;361;b;\n";
    for text in [text.to_owned(), text.replace("\"a;b\"", "").replace(';', "\t"), format!("\u{feff}{text}")] {
        let trips = parse_as(Format::Csv, &text).unwrap();
        let ids: Vec<_> = trips.iter().map(|trip| (trip.id.as_str(), trip.mode, trip.unusable)).collect();
        assert_eq!(ids, [("a", Mode::Bicycle, 2), ("b", Mode::Car, 0)]);
        let eight = 1_704_096_000_000;
        assert_eq!(places(&trips[0]), [(0, eight, 5.60, -0.19), (1, eight + 10_000, 5.62, -0.19)]);
        assert_eq!((trips[0].points[0].speed, trips[1].points[0].accuracy), (Some(4.5), Some(8.0)));
        assert_eq!((trips[1].points[0].heading, trips[1].points[1].heading), (Some(90.0), None));
    }
}

#[test]
fn a_way_without_times_is_travelled_at_the_pace_given() {
    let gpx = r#"<gpx><trk><trkseg><trkpt lat="0" lon="0"/><trkpt lat="0" lon="0.01"/><trkpt lat="0" lon="0.03"/></trkseg></trk></gpx>"#;
    let csv = "lat,lng\n0,0\n0,0.01\n0,0.03\n";
    for (format, text) in [(Format::Gpx, gpx), (Format::Csv, csv)] {
        let message = parse_as(format, text).unwrap_err().to_string();
        assert!(message.contains("--pace"), "{message}");
        let paced = Reading { pace: Some(10.0), mode: Some(Mode::Foot), ..reading(format) };
        let trips = read(text.as_bytes(), "test", &paced, NOW).unwrap();
        assert_eq!(trips[0].mode, Mode::Foot);
        let times: Vec<i64> = trips[0].points.iter().map(|point| point.time_ms - NOW).collect();
        // A hundredth of a degree of the equator is 1,112 m.
        assert!(
            times[0] == 0 && (times[1] - 111_200).abs() < 300 && (times[2] - 333_600).abs() < 900,
            "{times:?}"
        );
    }
}

#[test]
fn the_name_of_a_file_says_how_it_is_written() {
    let cases = [
        ("way.gpx", Format::Gpx),
        ("Way.GPX.gz", Format::Gpx),
        ("fixes.csv", Format::Csv),
        ("fixes.tsv.gz", Format::Csv),
        ("trips.ndjson.gz", Format::Ndjson),
        ("-", Format::Ndjson),
        ("csv", Format::Ndjson),
    ];
    for (name, format) in cases {
        assert_eq!(Format::of(name), format, "{name}");
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(GPX.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let trips = read(packed.as_slice(), "test.gpx.gz", &Reading::default(), NOW).unwrap();
    assert_eq!(trips.len(), 2);
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_line_and_field() {
    let point = |point: &str| format!("<gpx>\n<trk><trkseg>\n{point}\n</trkseg></trk></gpx>");
    let gpx = [
        (point(r#"<trkpt lat="north" lon="2"/>"#), 3, "lat: \"north\" is no number"),
        (point(r#"<trkpt lat="1"/>"#), 3, "lon: a point of a track needs it"),
        (point(r#"<trkpt lat="91" lon="2"/>"#), 3, "lat: 91 is not on the globe"),
        (point("<trkpt lat=\"1\" lon=\"2\">\n<time>noon</time></trkpt>"), 4, "time: \"noon\""),
        (point(r#"<trkpt lat="1" lon="2"><speed>fast</speed></trkpt>"#), 3, "speed: \"fast\""),
        (point(r#"<trkpt lat="1" lon="2"><time>&now;</time></trkpt>"#), 3, "&now; is not known"),
        (point(r#"<trkpt lat="1" lon="2"></trk>"#), 3, "trkpt"),
        (point(""), 2, "two valid positions"),
        ("<gpx>\n<trk>\n".to_owned(), 3, "ends within <trk>"),
        ("<kml></kml>".to_owned(), 1, "begins with <kml>"),
    ];
    for (text, line, why) in gpx {
        let message = parse_as(Format::Gpx, &text).unwrap_err().to_string();
        assert!(message.contains(&format!("test, line {line}: ")) && message.contains(why), "{message}");
    }
    let csv = [
        ("time,lat\n", 1, "no column \"lon\""),
        ("5,1,2\n6,1,2\n", 1, "the first line names the columns"),
        ("time,lat,lng\n5,1,2\n6,east,2\n", 3, "lat: \"east\" is no number"),
        ("time,lat,lng\nsoon,1,2\n", 2, "time: \"soon\""),
        ("time,lat,lng\n5,1,2\n6,1\n", 3, "found record with 2 fields"),
        ("time,lat,lng\n5,1,2\n", 2, "two valid positions"),
    ];
    for (text, line, why) in csv {
        let message = parse_as(Format::Csv, text).unwrap_err().to_string();
        assert!(message.contains(&format!("test, line {line}: ")) && message.contains(why), "{message}");
    }
    assert_eq!(parse_as(Format::Gpx, "<gpx/>").unwrap(), []);
    assert!(matches!(parse_as(Format::Gpx, ""), Ok(trips) if trips.is_empty()));
}
