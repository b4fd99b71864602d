//! What the commands about ETAs read: trips and models.

use std::path::{Path, PathBuf};

use onway_core::eta::Model;
use onway_core::eta::model::TEXT_MAX;

use crate::error::Error;
use crate::trips::{self, Reading, Trip};

/// The trips of all files. Where a trip's clock is relative, its times are near 1970, which tells no hour.
pub fn trips(files: &[PathBuf], reading: &Reading, delivery_like: bool) -> Result<Vec<Trip>, Error> {
    let mut trips = Vec::new();
    for file in files {
        trips.extend(trips::read_file(file, reading, 0)?);
    }
    trips.retain(|trip| trip.delivery_like || !delivery_like);
    if trips.is_empty() { Err(Error::NoTrips) } else { Ok(trips) }
}

/// The model in a file, or the one built in.
pub fn read(path: Option<&Path>) -> Result<Model, Error> {
    use std::io::Read;
    let Some(path) = path else { return Ok(Model::built_in().clone()) };
    let wrong = |why: String| Error::File { path: path.to_owned(), why };
    let mut text = Vec::new();
    let file = std::fs::File::open(path).map_err(|why| wrong(why.to_string()))?;
    file.take(TEXT_MAX as u64 + 1).read_to_end(&mut text).map_err(|why| wrong(why.to_string()))?;
    Model::read(&text).map_err(|why| Error::File { path: path.to_owned(), why: format!("as a model: {why}") })
}
