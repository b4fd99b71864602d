//! Tables of fixes: which column holds what, by its name.

use crate::trips::Point;

/// Where each value of a fix stands in a row.
pub struct Columns {
    pub time: Option<usize>,
    lat: usize,
    lng: usize,
    speed: Option<usize>,
    accuracy: Option<usize>,
    heading: Option<usize>,
    truth: Option<(usize, usize)>,
}

impl Columns {
    pub fn of(names: &[impl AsRef<str>]) -> Result<Self, String> {
        let find = |wanted: &[&str]| {
            names.iter().position(|name| wanted.iter().any(|known| *known == name.as_ref()))
        };
        let need = |wanted: &[&str]| {
            let names = || names.iter().map(AsRef::as_ref).collect::<Vec<&str>>();
            find(wanted).ok_or_else(|| format!("no column {:?} in {:?}", wanted[0], names()))
        };
        Ok(Self {
            time: find(&["t", "time", "timestamp", "datetime"]),
            lat: need(&["lat", "latitude"])?,
            lng: need(&["lon", "lng", "longitude"])?,
            speed: find(&["speed", "speed_mps"]),
            accuracy: find(&["accuracy", "accuracy_m"]),
            heading: find(&["heading", "bearing", "course"]),
            truth: find(&["truth_lat"]).zip(find(&["truth_lon", "truth_lng"])),
        })
    }

    /// Columns that hold numbers.
    pub fn numbers(&self) -> impl Iterator<Item = usize> {
        let truth = self.truth.map(|(lat, lng)| [lat, lng]).into_iter().flatten();
        [Some(self.lat), Some(self.lng), self.speed, self.accuracy, self.heading]
            .into_iter()
            .flatten()
            .chain(truth)
    }

    /// The row's fix without its time, if it has a position on the globe.
    pub fn place(&self, row: &[Option<f64>]) -> Option<Point> {
        let number = |column: usize| row.get(column).copied().flatten().filter(|value| value.is_finite());
        let positive = |column: Option<usize>| column.and_then(number).filter(|value| *value >= 0.0);
        let (lat, lng) = (number(self.lat)?, number(self.lng)?);
        let valid = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng);
        valid.then(|| Point {
            speed: positive(self.speed),
            accuracy: positive(self.accuracy),
            heading: positive(self.heading).filter(|heading| *heading <= 360.0),
            truth: self.truth.and_then(|(lat, lng)| number(lat).zip(number(lng))),
            ..Point::new(0, lat, lng)
        })
    }
}
