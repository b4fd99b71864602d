//! What is measured on recorded trips.

pub mod baseline;
pub mod eta;
pub mod plot;
pub mod table;
