//! Trips as GPX 1.0 or 1.1: each track is one, its segments one after the other. Waypoints and planned routes are
//! no trips.
//!
//! What GPX has no element for is taken from a point's `extensions`, as phones write it there: speed, course,
//! accuracy.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::error::Error;
use crate::trips::Point;
use crate::trips::draft::Draft;
use crate::trips::table;

pub fn read(text: &str, file: &str) -> Result<Vec<Draft>, Error> {
    let mut reader = Reader::from_str(text);
    // An element that holds nothing is no special case.
    reader.config_mut().expand_empty_elements = true;
    let mut document = Document::default();
    // A document may hold many tracks: lines are counted onwards, not from the start for each.
    let (mut line, mut counted) = (1, 0);
    loop {
        let event = reader.read_event();
        let at = if event.is_err() { reader.error_position() } else { reader.buffer_position() };
        let passed = text.as_bytes().get(counted..at as usize).unwrap_or_default();
        line += passed.iter().filter(|byte| **byte == b'\n').count();
        counted += passed.len();
        let over = event.map_err(|why| why.to_string()).and_then(|event| document.take(event, line));
        match over {
            Ok(false) => {}
            Ok(true) => return Ok(document.trips),
            Err(why) => return Err(Error::Trip { file: file.to_owned(), line, why }),
        }
    }
}

/// What has been read so far.
#[derive(Default)]
struct Document {
    trips: Vec<Draft>,
    /// Names of the elements that are open.
    open: Vec<String>,
    /// The text of the element that was opened last.
    text: String,
    /// The track that is open.
    track: Option<Draft>,
    /// The track's point that is open, and its time.
    point: Option<(Option<i64>, Option<Point>)>,
}

impl Document {
    /// Takes in what comes next. True at the end.
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<bool, String> {
        match event {
            Event::Start(element) => self.open(&element, line)?,
            Event::Text(text) => self.text.push_str(&text.xml10_content()),
            Event::CData(text) => self.text.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) => self.text.push_str(&character(&entity)?),
            Event::End(_) => self.close()?,
            Event::Eof => {
                return match self.open.last() {
                    Some(name) => Err(format!("the file ends within <{name}>")),
                    None => Ok(true),
                };
            }
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        Ok(false)
    }

    fn open(&mut self, element: &BytesStart<'_>, line: usize) -> Result<(), String> {
        let name = element.local_name().as_ref().to_owned();
        if self.open.is_empty() && name != "gpx" {
            return Err(format!("this is no GPX: it begins with <{name}>"));
        }
        match name.as_str() {
            "trk" => self.track = Some(Draft::new(line)),
            "trkpt" if self.track.is_some() => {
                let (lat, lng) = (degrees(element, "lat", 90.0)?, degrees(element, "lon", 180.0)?);
                self.point = Some((None, Some(Point::new(0, lat, lng))));
            }
            _ => {}
        }
        self.open.push(name);
        self.text.clear();
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(name) = self.open.pop() else { return Ok(()) };
        let within = self.open.last().map_or("", String::as_str);
        let text = self.text.trim();
        match (&mut self.point, &mut self.track, name.as_str()) {
            (point @ Some(_), Some(track), "trkpt") => {
                if let Some((time_ms, place)) = point.take() {
                    track.push(time_ms, place);
                }
            }
            (Some((time_ms, _)), _, "time") if within == "trkpt" => *time_ms = table::time(text)?,
            (Some((_, Some(point))), _, "speed") => point.speed = measure("speed", text, f64::INFINITY)?,
            (Some((_, Some(point))), _, "course" | "heading" | "bearing") => {
                point.heading = measure(&name, text, 360.0)?;
            }
            (Some((_, Some(point))), _, "accuracy") => {
                point.accuracy = measure("accuracy", text, f64::INFINITY)?;
            }
            (None, Some(track), "name") if within == "trk" => text.clone_into(&mut track.name),
            (None, Some(track), "type") if within == "trk" => text.clone_into(&mut track.mode),
            (_, track, "trk") => self.trips.extend(track.take()),
            _ => {}
        }
        self.text.clear();
        Ok(())
    }
}

/// An attribute of a point that says where it is, on the globe.
fn degrees(element: &BytesStart<'_>, name: &str, most: f64) -> Result<f64, String> {
    let found = element.try_get_attribute(name).map_err(|why| why.to_string())?;
    let text = found.ok_or_else(|| format!("{name}: a point of a track needs it"))?.value;
    let number = text.trim().parse::<f64>().map_err(|_| format!("{name}: {text:?} is no number"))?;
    let valid = (-most..=most).contains(&number);
    valid.then_some(number).ok_or_else(|| format!("{name}: {text} is not on the globe"))
}

/// A number from 0 on, if it is one that makes sense: phones write −1 for what they do not know.
fn measure(name: &str, text: &str, most: f64) -> Result<Option<f64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse::<f64>().map_err(|_| format!("{name}: {text:?} is no number"))?;
    Ok(Some(number).filter(|number| number.is_finite() && (0.0..=most).contains(number)))
}

/// What a reference such as `&amp;` or `&#233;` stands for.
fn character(entity: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = entity.resolve_char_ref().map_err(|why| why.to_string())? {
        return Ok(character.into());
    }
    let name = entity.xml10_content();
    resolve_predefined_entity(&name).map(Into::into).ok_or_else(|| format!("&{name}; is not known"))
}
