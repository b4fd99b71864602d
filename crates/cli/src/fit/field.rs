//! The pace field of recorded trips: seconds and metres by cell, with those of any user left out.

use std::collections::HashMap;

use onway_core::clock::Millis;
use onway_core::eta::pace::{Cells, Field, GROUPS, Local, SIDES, VALUE_MAX, cell, group};
use onway_core::fix::Position;
use onway_core::wire::start::Mode;

/// Seconds at the mean pace by which a cell is shrunk to its surroundings, and those to the mean.
const PRIORS: [f64; SIDES.len()] = [600.0, 3_600.0];
/// A cell is known from so many expected seconds on.
const KNOWN_SECS: f64 = 20.0;
/// A way is spread over the cells in pieces of this length, in metres.
const PIECE_METRES: f64 = 250.0;
/// A longer silence says nothing about the way between.
const GAP_SECS: f64 = 600.0;

/// A cell of one of the grids: group of modes, level and number.
type Key = (usize, usize, u32);
/// Seconds travelled, and seconds that the same metres take on average.
#[derive(Debug, Default, Clone, Copy)]
struct Travelled {
    secs: f64,
    expected: f64,
}

/// What all users together left behind, and what each of them did.
#[derive(Debug)]
pub struct Grid {
    all: HashMap<Key, Travelled>,
    users: Vec<HashMap<Key, Travelled>>,
}

/// One trip's way, with the user who travelled.
pub struct Way<'a> {
    pub user: usize,
    pub mode: Mode,
    pub track: &'a [(Millis, Position)],
}

impl Grid {
    pub fn new<'a>(ways: impl Iterator<Item = Way<'a>> + Clone) -> Self {
        let means = means(ways.clone());
        let mut grid = Self { all: HashMap::new(), users: Vec::new() };
        for way in ways {
            if grid.users.len() <= way.user {
                grid.users.resize_with(way.user + 1, HashMap::new);
            }
            let (mean, group) = (means[way.mode as usize], group(way.mode));
            each_step(way.track, |from, to, secs, metres| {
                let pieces = (metres / PIECE_METRES).ceil().clamp(1.0, 400.0);
                for piece in 0..pieces as usize {
                    let Some(there) = between(from, to, (piece as f64 + 0.5) / pieces) else { continue };
                    let share = Travelled { secs: secs / pieces, expected: metres * mean / pieces };
                    for (level, side) in SIDES.iter().enumerate() {
                        let key = (group, level, cell(there, *side));
                        for cells in [&mut grid.all, &mut grid.users[way.user]] {
                            let sum = cells.entry(key).or_default();
                            (sum.secs, sum.expected) = (sum.secs + share.secs, sum.expected + share.expected);
                        }
                    }
                }
            });
        }
        grid
    }

    /// The pace at a position, as it was for everybody but one user.
    pub fn without(&self, user: Option<usize>, mode: Mode, position: Position) -> Local {
        let group = group(mode);
        let cells = std::array::from_fn(|level| {
            let key = (group, level, cell(position, SIDES[level]));
            let all = self.all.get(&key).copied().unwrap_or_default();
            let own = user.and_then(|user| self.users.get(user)?.get(&key)).copied().unwrap_or_default();
            Travelled {
                secs: (all.secs - own.secs).max(0.0),
                expected: (all.expected - own.expected).max(0.0),
            }
        });
        Local { value: value(cells), known: cells[0].expected > KNOWN_SECS }
    }

    /// The field of all users, as it goes into a model.
    pub fn field(&self) -> Field {
        let cells = |at: usize, wanted: usize| {
            let of_group =
                self.all.iter().filter(move |((group, level, _), _)| (*group, *level) == (at, wanted));
            of_group.filter_map(move |((.., number), travelled)| {
                let known = wanted > 0 || travelled.expected > KNOWN_SECS;
                let mut own = [Travelled::default(); SIDES.len()];
                own[wanted] = *travelled;
                if wanted == 0 {
                    own[1] = self.surroundings(at, *number);
                }
                known.then(|| (*number, value(own)))
            })
        };
        Field(std::array::from_fn::<_, GROUPS, _>(|group| {
            std::array::from_fn(|level| Cells::new(cells(group, level)))
        }))
    }

    fn surroundings(&self, group: usize, number: u32) -> Travelled {
        let around = onway_core::eta::pace::middle(number, SIDES[0]).map(|middle| cell(middle, SIDES[1]));
        around.and_then(|around| self.all.get(&(group, 1, around))).copied().unwrap_or_default()
    }
}

/// The logarithm of a cell's pace over the mean, from the cell itself and what is around it.
fn value(cells: [Travelled; SIDES.len()]) -> f64 {
    let ratio = cells
        .iter()
        .zip(PRIORS)
        .rev()
        .fold(1.0, |around, (cell, prior)| (cell.secs + around * prior) / (cell.expected + prior));
    ratio.ln().clamp(-VALUE_MAX, VALUE_MAX)
}

/// Seconds per metre by mode.
fn means<'a>(ways: impl Iterator<Item = Way<'a>>) -> [f64; Mode::ALL.len()] {
    let mut sums = [(0.0, 0.0); Mode::ALL.len()];
    for way in ways {
        each_step(way.track, |_, _, secs, metres| {
            let sum = &mut sums[way.mode as usize];
            *sum = (sum.0 + secs, sum.1 + metres);
        });
    }
    sums.map(|(secs, metres)| if metres > 0.0 { secs / metres } else { 0.0 })
}

fn each_step(track: &[(Millis, Position)], mut step: impl FnMut(Position, Position, f64, f64)) {
    for pair in track.windows(2) {
        let [(since, from), (until, to)] = pair else { continue };
        let secs = until.since(*since) as f64 / 1000.0;
        if secs > 0.0 && secs <= GAP_SECS {
            step(*from, *to, secs, from.metres_to(*to));
        }
    }
}

fn between(from: Position, to: Position, share: f64) -> Option<Position> {
    let at = |from: f64, to: f64| from + (to - from) * share;
    Position::from_degrees(at(from.lat(), to.lat()), at(from.lng(), to.lng()))
}
