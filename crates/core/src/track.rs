//! Tracks: the compact codec of recorded fixes.
//!
//! A chunk is a version byte, then fix after fix: a byte of verdict, a byte of flags, the differences of
//! time (ms), latitude and longitude (1e-7°) to the fix before as zigzag varints, then what the flags
//! announce; the shown position as its difference to the reported one. A fix without accuracy and speed
//! takes 8 to 11 bytes, and 2 to 6 more where it is shown.

use integer_encoding::VarInt;

use crate::clock::{LATEST, Millis};
use crate::filter::{Reason, Verdict};
use crate::fix::{ADDRESS_MAX, Fix, Position};

/// A fix and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub fix: Fix,
    pub verdict: Verdict,
    /// Where the filter put it, of an accepted fix.
    pub shown: Option<Position>,
}

impl Recorded {
    /// Where somebody was: smoothed where the filter has judged, otherwise as reported.
    pub fn place(&self) -> Position {
        self.shown.unwrap_or(self.fix.position)
    }
}

/// Version 1 had no shown positions, and the same layout otherwise.
const VERSION: u8 = 2;
const READABLE: std::ops::RangeInclusive<u8> = 1..=VERSION;
/// No time is further from 1970, in ms: a device's own is at most the year 9999, and `sent_at` and the
/// delivery's clock move it by no more than that. Two such times differ by what a number of ours holds.
const TIME_MAX: i64 = 4 * LATEST;

/// A chunk that grows by appending: what is encoded never changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunk {
    bytes: Vec<u8>,
    count: usize,
    span: Option<(Millis, Millis)>,
    settled: Option<(Millis, Millis)>,
    last: (Millis, Position),
}

/// A stored chunk that this version cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a chunk of the track cannot be read")]
pub struct Unreadable;

impl Chunk {
    pub fn push(&mut self, recorded: &Recorded) {
        if self.bytes.is_empty() {
            self.bytes.push(VERSION);
        }
        let Recorded { fix, verdict, shown } = recorded;
        let (time, position) = self.last;
        let flags = [
            fix.accuracy.is_some(),
            fix.speed.is_some(),
            fix.heading.is_some(),
            fix.altitude.is_some(),
            fix.battery.is_some(),
            fix.address.is_some(),
            fix.skew != 0,
            shown.is_some(),
        ];
        self.bytes.push(verdict_code(*verdict));
        self.bytes.push(flags.iter().enumerate().fold(0, |byte, (bit, set)| byte | (u8::from(*set) << bit)));
        self.put(fix.time.since(time));
        self.put(i64::from(fix.position.lat_e7) - i64::from(position.lat_e7));
        self.put(i64::from(fix.position.lng_e7) - i64::from(position.lng_e7));
        for (value, scale) in
            [(fix.accuracy, 10.0), (fix.speed, 100.0), (fix.heading, 10.0), (fix.altitude, 10.0)]
        {
            if let Some(value) = value {
                self.put((value * scale).round() as i64);
            }
        }
        if let Some(battery) = fix.battery {
            self.put(i64::from(battery));
        }
        if let Some(address) = &fix.address {
            self.put(address.len() as i64);
            self.bytes.extend_from_slice(address.as_bytes());
        }
        if fix.skew != 0 {
            self.put(fix.skew);
        }
        if let Some(shown) = shown {
            self.put(i64::from(shown.lat_e7) - i64::from(fix.position.lat_e7));
            self.put(i64::from(shown.lng_e7) - i64::from(fix.position.lng_e7));
        }
        self.count += 1;
        self.last = (fix.time, fix.position);
        widen(&mut self.span, fix.time);
        if !is_apart(*verdict) {
            widen(&mut self.settled, fix.time);
        }
    }

    fn put(&mut self, number: i64) {
        let mut buffer = [0; 10];
        let length = number.encode_var(&mut buffer);
        self.bytes.extend_from_slice(buffer.get(..length).unwrap_or_default());
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The earliest and the latest time in it.
    pub fn span(&self) -> Option<(Millis, Millis)> {
        self.span
    }

    /// The same, of the fixes that came through the window: one with a wrong clock may be years away.
    pub fn settled_span(&self) -> Option<(Millis, Millis)> {
        self.settled
    }

    /// Reads a stored chunk, so that it can grow further.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut chunk = Self::default();
        for recorded in decode(bytes)? {
            chunk.push(&recorded);
        }
        Ok(chunk)
    }
}

impl<'a> FromIterator<&'a Recorded> for Chunk {
    fn from_iter<I: IntoIterator<Item = &'a Recorded>>(fixes: I) -> Self {
        let mut chunk = Self::default();
        fixes.into_iter().for_each(|recorded| chunk.push(recorded));
        chunk
    }
}

/// The fixes of a stored chunk, in the order in which they were added.
pub fn decode(bytes: &[u8]) -> Result<Vec<Recorded>, Unreadable> {
    let Some((version, rest)) = bytes.split_first() else { return Ok(Vec::new()) };
    if !READABLE.contains(version) {
        return Err(Unreadable);
    }
    let mut reader = Reader { rest };
    let (mut time, mut lat, mut lng) = (0_i64, 0_i64, 0_i64);
    let mut fixes = Vec::new();
    while !reader.rest.is_empty() {
        let verdict = verdict_of(reader.byte()?)?;
        let flags = reader.byte()?;
        let has = |bit: u8| flags >> bit & 1 == 1;
        time = time
            .checked_add(reader.number()?)
            .filter(|time| (-TIME_MAX..=TIME_MAX).contains(time))
            .ok_or(Unreadable)?;
        lat = lat.checked_add(reader.number()?).ok_or(Unreadable)?;
        lng = lng.checked_add(reader.number()?).ok_or(Unreadable)?;
        let mut scaled = |bit, scale: f64| -> Result<Option<f64>, Unreadable> {
            if has(bit) { Ok(Some(reader.number()? as f64 / scale)) } else { Ok(None) }
        };
        let (accuracy, speed) = (scaled(0, 10.0)?, scaled(1, 100.0)?);
        let (heading, altitude) = (scaled(2, 10.0)?, scaled(3, 10.0)?);
        let battery = has(4).then(|| reader.number()).transpose()?;
        let address = has(5).then(|| reader.text()).transpose()?;
        let skew = if has(6) { reader.number()? } else { 0 };
        let position = position(lat, lng)?;
        let shown = has(7).then(|| reader.position_from(position)).transpose()?;
        fixes.push(Recorded {
            verdict,
            shown,
            fix: Fix {
                time: Millis(time),
                position,
                accuracy,
                speed,
                heading,
                altitude,
                battery: battery.map(|b| u8::try_from(b).map_err(|_| Unreadable)).transpose()?,
                address,
                skew,
            },
        });
    }
    Ok(fixes)
}

fn position(lat_e7: i64, lng_e7: i64) -> Result<Position, Unreadable> {
    let whole = |number: i64| i32::try_from(number).map_err(|_| Unreadable);
    Ok(Position { lat_e7: whole(lat_e7)?, lng_e7: whole(lng_e7)? })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, Unreadable> {
        let (byte, rest) = self.rest.split_first().ok_or(Unreadable)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<i64, Unreadable> {
        let (number, length) = i64::decode_var(self.rest).ok_or(Unreadable)?;
        self.rest = self.rest.get(length..).ok_or(Unreadable)?;
        Ok(number)
    }

    /// A position that is stored as its difference to another.
    fn position_from(&mut self, from: Position) -> Result<Position, Unreadable> {
        let lat = i64::from(from.lat_e7).checked_add(self.number()?).ok_or(Unreadable)?;
        let lng = i64::from(from.lng_e7).checked_add(self.number()?).ok_or(Unreadable)?;
        position(lat, lng)
    }

    fn text(&mut self) -> Result<String, Unreadable> {
        let length = usize::try_from(self.number()?).map_err(|_| Unreadable)?;
        if length > ADDRESS_MAX * 4 {
            return Err(Unreadable);
        }
        let (text, rest) = self.rest.split_at_checked(length).ok_or(Unreadable)?;
        self.rest = rest;
        String::from_utf8(text.to_vec()).map_err(|_| Unreadable)
    }
}

fn widen(span: &mut Option<(Millis, Millis)>, time: Millis) {
    let (from, to) = span.unwrap_or((time, time));
    *span = Some((from.min(time), to.max(time)));
}

/// Whether a fix joined the history without having been in the window.
const fn is_apart(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Late | Verdict::Filtered(Reason::Clock | Reason::BeforeStart))
}

/// Codes are for ever: stored chunks hold them.
const CODES: [(u8, Verdict); 9] = [
    (0, Verdict::Accepted),
    (1, Verdict::Late),
    (2, Verdict::Filtered(Reason::Clock)),
    (3, Verdict::Filtered(Reason::BeforeStart)),
    (4, Verdict::Filtered(Reason::NullIsland)),
    (5, Verdict::Filtered(Reason::Speed)),
    (6, Verdict::Filtered(Reason::Accuracy)),
    (7, Verdict::Filtered(Reason::Stale)),
    (8, Verdict::Filtered(Reason::Jump)),
];

fn verdict_code(verdict: Verdict) -> u8 {
    CODES.iter().find(|(_, known)| *known == verdict).map_or(1, |(code, _)| *code)
}

fn verdict_of(code: u8) -> Result<Verdict, Unreadable> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, verdict)| *verdict).ok_or(Unreadable)
}

/// An encoded polyline of precision 5, empty without points.
pub fn polyline(points: impl IntoIterator<Item = Position>) -> String {
    let line = points.into_iter().map(|position| position.point().0);
    // Positions are within bounds: the encoder has nothing to refuse.
    ::polyline::encode_coordinates(line, 5).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub fn recorded() -> impl Strategy<Value = Recorded> {
        let some = |range: std::ops::Range<i64>, scale: f64| {
            proptest::option::of(range.prop_map(move |number| number as f64 / scale))
        };
        (
            (0..253_402_300_799_999_i64, -900_000_000..=900_000_000_i32, -1_800_000_000..=1_800_000_000_i32),
            (
                some(0..1_000_000, 10.0),
                some(0..100_000, 100.0),
                some(0..3600, 10.0),
                some(-120_000..500_000, 10.0),
            ),
            (proptest::option::of(0..=100_u8), proptest::option::of(".{0,20}"), -1000..1000_i64),
            (
                0..CODES.len(),
                proptest::option::of((-900_000_000..=900_000_000_i32, -1_800_000_000..=1_800_000_000_i32)),
            ),
        )
            .prop_map(
                |(
                    (time, lat_e7, lng_e7),
                    (accuracy, speed, heading, altitude),
                    (battery, address, skew),
                    (code, shown),
                )| {
                    Recorded {
                        fix: Fix {
                            time: Millis(time),
                            position: Position { lat_e7, lng_e7 },
                            accuracy,
                            speed,
                            heading,
                            altitude,
                            battery,
                            address,
                            skew,
                        },
                        verdict: CODES[code].1,
                        shown: shown.map(|(lat_e7, lng_e7)| Position { lat_e7, lng_e7 }),
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn what_is_stored_is_what_was_recorded(fixes in proptest::collection::vec(recorded(), 0..50)) {
            let chunk: Chunk = fixes.iter().collect();
            prop_assert_eq!(&decode(chunk.bytes()).unwrap(), &fixes);
            prop_assert_eq!(&Chunk::from_bytes(chunk.bytes()).unwrap(), &chunk);
            prop_assert_eq!(chunk.span().map(|s| s.0), fixes.iter().map(|r| r.fix.time).min());
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn a_time_that_no_fix_has_is_unreadable() {
        let at = |time| Recorded {
            fix: Fix::new(Millis(time), Position::default()),
            verdict: Verdict::Late,
            shown: None,
        };
        let stored = |time| [at(time)].iter().collect::<Chunk>();
        assert!(decode(stored(TIME_MAX).bytes()).is_ok());
        for time in [TIME_MAX + 1, -TIME_MAX - 1, i64::MIN, i64::MAX] {
            assert_eq!(decode(stored(time).bytes()), Err(Unreadable), "{time}");
        }
    }

    #[test]
    fn a_chunk_of_version_1_is_read_and_grows_on() {
        let fix = Fix::new(Millis(1_704_067_850_000), Position { lat_e7: 56_000_000, lng_e7: -1_000_000 });
        let recorded = Recorded { fix, verdict: Verdict::Accepted, shown: None };
        let mut old = [recorded.clone()].iter().collect::<Chunk>().bytes().to_vec();
        old[0] = 1;
        assert_eq!(decode(&old).unwrap(), vec![recorded.clone()]);
        let mut chunk = Chunk::from_bytes(&old).unwrap();
        let next =
            Recorded { shown: Some(Position { lat_e7: 56_000_090, lng_e7: -1_000_009 }), ..recorded.clone() };
        chunk.push(&next);
        assert_eq!(decode(chunk.bytes()).unwrap(), vec![recorded, next]);
        assert_eq!(decode(&[3]), Err(Unreadable));
    }

    #[test]
    fn a_plain_fix_takes_at_most_11_bytes() {
        let fix = |i: i32| {
            let position = Position { lat_e7: 56_000_000 + i * 4_000, lng_e7: -1_000_000 + i * 3_000 };
            let time = Millis(1_704_067_850_000 + i64::from(i) * 5_000);
            Recorded { fix: Fix::new(time, position), verdict: Verdict::Accepted, shown: None }
        };
        let fixes: Vec<_> = (0..180).map(fix).collect();
        let chunk: Chunk = fixes.iter().collect();
        assert!(chunk.bytes().len() <= 180 * 11, "{}", chunk.bytes().len());
    }
}
