//! The pace field: how slow each part of a city is, learned from who travelled there.
//!
//! The field is a grid of cells of about a kilometre, for each group of modes, and one of about 25 km for
//! where no cell is known. A cell's value is the logarithm of the seconds spent there over those that the
//! same metres take the same mode elsewhere, shrunk to the mean. It is a byte in the model's file.
//!
//! A delivery needs few of them: [`Corridor`] is the strip of cells from its start to its destination, in
//! its own coordinates, along and across, so that it needs no keys.

use base64ct::{Base64, Encoding};
use integer_encoding::VarInt;
use serde::{Deserialize, Serialize};

use crate::fix::Position;
use crate::wire::start::Mode;

/// Groups of modes that share the same roads at the same times.
pub const GROUPS: usize = 3;

/// The group of a mode.
pub const fn group(mode: Mode) -> usize {
    match mode {
        Mode::Foot => 0,
        Mode::Bicycle => 1,
        Mode::Scooter | Mode::Car | Mode::Van | Mode::Truck => 2,
    }
}

/// Sides of a cell in degrees of latitude: first those that are looked up first.
pub const SIDES: [f64; 2] = [0.01, 0.25];
/// Most cells of one grid: all inhabited land of a large country.
pub const CELLS_MAX: usize = 200_000;
/// Values lie between plus and minus this: a quarter to four times the mean pace.
pub const VALUE_MAX: f64 = 1.4;
/// More than the number of cells in any row.
const ROW: u32 = 36_001;

/// The cell of a grid with cells of `side` degrees that holds a position. Cells are as wide as high: a row
/// has fewer of them towards the poles.
pub fn cell(position: Position, side: f64) -> u32 {
    let row = ((position.lat() + 90.0) / side).floor();
    let middle = ((row + 0.5) * side - 90.0).to_radians();
    let column = ((position.lng() + 180.0) * middle.cos().abs() / side).floor();
    row as u32 * ROW + (column.max(0.0) as u32).min(ROW - 1)
}

/// The middle of a cell.
pub fn middle(cell: u32, side: f64) -> Option<Position> {
    let lat = (f64::from(cell / ROW) + 0.5) * side - 90.0;
    let lng = (f64::from(cell % ROW) + 0.5) * side / lat.to_radians().cos().abs() - 180.0;
    Position::from_degrees(lat, lng)
}

/// Cells in the order of their numbers, each with its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cells(Vec<(u32, i8)>);

impl Cells {
    /// Cells in any order; of two with the same number, one stays.
    pub fn new(cells: impl IntoIterator<Item = (u32, f64)>) -> Self {
        let mut cells: Vec<_> = cells.into_iter().map(|(cell, value)| (cell, quantized(value))).collect();
        cells.sort_unstable();
        cells.dedup_by_key(|(cell, _)| *cell);
        Self(cells)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, cell: u32) -> Option<f64> {
        let at = self.0.binary_search_by_key(&cell, |(cell, _)| *cell).ok()?;
        self.0.get(at).map(|(_, value)| restored(*value))
    }
}

/// Each cell is the distance of its number from the one before, as a varint, and a byte; all in Base64.
impl From<Cells> for String {
    fn from(cells: Cells) -> Self {
        let (mut bytes, mut before) = (Vec::new(), 0);
        for (cell, value) in cells.0 {
            bytes.extend((cell - before).encode_var_vec());
            bytes.push(value.cast_unsigned());
            before = cell;
        }
        Base64::encode_string(&bytes)
    }
}

impl TryFrom<String> for Cells {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = Base64::decode_vec(&text).map_err(|_| "the cells of a pace field are no Base64")?;
        let (mut cells, mut rest, mut before) = (Vec::new(), bytes.as_slice(), 0_u32);
        while !rest.is_empty() {
            let broken = "the cells of a pace field end in the middle";
            let (step, length) = u32::decode_var(rest).ok_or(broken)?;
            let value = *rest.get(length).ok_or(broken)?;
            rest = rest.get(length + 1..).ok_or(broken)?;
            if step == 0 && !cells.is_empty() {
                return Err("a cell of a pace field stands there twice");
            }
            before = before.checked_add(step).ok_or("a cell of a pace field is nowhere on the globe")?;
            cells.push((before, value.cast_signed()));
            if cells.len() > CELLS_MAX {
                return Err("a pace field has more than 200,000 cells");
            }
        }
        Ok(Self(cells))
    }
}

/// What is known of the pace at a position.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Local {
    /// Logarithm of the pace there over the mean.
    pub value: f64,
    /// Whether somebody was in that cell, not only in its wider surroundings.
    pub known: bool,
}

/// The grids of all groups, each as fine as [`SIDES`] says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field(pub [[Cells; SIDES.len()]; GROUPS]);

impl Field {
    pub fn at(&self, mode: Mode, position: Position) -> Local {
        let grids = self.0.get(group(mode)).into_iter().flatten().zip(SIDES).enumerate();
        for (level, (cells, side)) in grids {
            if let Some(value) = cells.get(cell(position, side)) {
                return Local { value, known: level == 0 };
            }
        }
        Local::default()
    }
}

/// Cells across the corridor, and those beyond either end.
const ACROSS: usize = 5;
const BEYOND: f64 = 2.0;
/// Most cells along it: longer ways have longer cells.
const ALONG_MAX: f64 = 60.0;
/// Most bytes of a corridor.
pub const CORRIDOR_MAX: usize = (ALONG_MAX as usize + 1) * ACROSS;
/// Length of a cell of the corridor, in metres.
const CELL_METRES: f64 = 1_000.0;
/// Points at which the way ahead is looked at.
const POINTS: u32 = 8;

/// The cells of one delivery: a byte each, its lowest bit says whether the cell is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Corridor {
    from: Position,
    to: Position,
    #[serde(with = "base64")]
    cells: Vec<u8>,
}

/// The pace field on the way ahead: logarithms of the pace over the mean, and the share of cells known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ahead {
    pub line: f64,
    pub destination: f64,
    pub here: f64,
    pub known: f64,
}

impl Corridor {
    /// The cells between two places, of a field that `at` looks up.
    pub fn new(from: Position, to: Position, at: impl Fn(Position) -> Local) -> Self {
        let frame = Frame::new(from, to);
        let mut cells = Vec::with_capacity(frame.along * ACROSS);
        for along in 0..frame.along {
            for across in 0..ACROSS {
                let local = frame.position(along, across).map_or_else(Local::default, &at);
                cells.push((quantized(local.value).cast_unsigned() & !1) | u8::from(local.known));
            }
        }
        Self { from, to, cells }
    }

    /// Bytes that it takes, apart from its ends.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The field from `here` to the destination. Outside the corridor nothing is known: the mean.
    pub fn ahead(&self, here: Position) -> Ahead {
        if self.cells.is_empty() {
            return Ahead::default();
        }
        let frame = Frame::new(self.from, self.to);
        let local = |share: f64| {
            let between = |from: f64, to: f64| from + (to - from) * share;
            let (lat, lng) = (between(here.lat(), self.to.lat()), between(here.lng(), self.to.lng()));
            let cell = frame.cell(lat, lng).and_then(|at| self.cells.get(at)).copied().unwrap_or_default();
            Local { value: restored((cell & !1).cast_signed()), known: cell & 1 == 1 }
        };
        let (mut line, mut known) = (0.0, 0.0);
        for point in 0..POINTS {
            let there = local(f64::from(point) / f64::from(POINTS - 1));
            line += there.value / f64::from(POINTS);
            known += f64::from(u8::from(there.known)) / f64::from(POINTS);
        }
        Ahead { line, destination: local(1.0).value, here: local(0.0).value, known }
    }
}

/// Coordinates along and across the line between two places, in cells.
struct Frame {
    from: Position,
    /// Cells per degree of latitude, and of longitude.
    scale: (f64, f64),
    /// Unit vector along the line: north and east.
    unit: (f64, f64),
    along: usize,
}

impl Frame {
    fn new(from: Position, to: Position) -> Self {
        const DEGREE_METRES: f64 = 111_195.0;
        let middle = ((from.lat() + to.lat()) / 2.0).to_radians();
        let metres = (DEGREE_METRES, DEGREE_METRES * middle.cos().max(0.01));
        let (north, east) = ((to.lat() - from.lat()) * metres.0, (to.lng() - from.lng()) * metres.1);
        let length = north.hypot(east);
        let side = (length / (ALONG_MAX - 2.0 * BEYOND)).max(CELL_METRES);
        let unit = if length > 1.0 { (north / length, east / length) } else { (1.0, 0.0) };
        let along = (length / side).ceil() + 2.0 * BEYOND + 1.0;
        Self {
            from,
            scale: (metres.0 / side, metres.1 / side),
            unit,
            along: along.min(ALONG_MAX + 1.0) as usize,
        }
    }

    /// The index of the cell that holds a place.
    fn cell(&self, lat: f64, lng: f64) -> Option<usize> {
        let north = (lat - self.from.lat()) * self.scale.0;
        let east = (lng - self.from.lng()) * self.scale.1;
        let along = (north * self.unit.0 + east * self.unit.1 + BEYOND).round();
        let across = (east * self.unit.0 - north * self.unit.1 + (ACROSS / 2) as f64).round();
        let inside = (0.0..self.along as f64).contains(&along) && (0.0..ACROSS as f64).contains(&across);
        inside.then_some(along as usize * ACROSS + across as usize)
    }

    /// The middle of a cell; none beyond the poles and the antimeridian.
    fn position(&self, along: usize, across: usize) -> Option<Position> {
        let (along, across) = (along as f64 - BEYOND, across as f64 - (ACROSS / 2) as f64);
        let north = (along * self.unit.0 - across * self.unit.1) / self.scale.0;
        let east = (along * self.unit.1 + across * self.unit.0) / self.scale.1;
        Position::from_degrees(self.from.lat() + north, self.from.lng() + east)
    }
}

fn quantized(value: f64) -> i8 {
    (value / VALUE_MAX * 127.0).round().clamp(-127.0, 127.0) as i8
}

fn restored(value: i8) -> f64 {
    f64::from(value) / 127.0 * VALUE_MAX
}

mod base64 {
    use base64ct::{Base64, Encoding};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = Base64::decode_vec(&text).map_err(D::Error::custom)?;
        if bytes.len() > super::CORRIDOR_MAX {
            return Err(D::Error::custom("a corridor is longer than any"));
        }
        Ok(bytes)
    }
}
