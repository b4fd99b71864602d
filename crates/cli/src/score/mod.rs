//! How good what Onway computes is, measured on recorded trips.

pub mod baseline;
pub mod eta;
pub mod faults;
pub mod filter;
pub mod filter_plot;
pub mod gate;
pub mod pipeline;
pub mod plot;
pub mod report;
pub mod rivals;
pub mod table;
pub mod tally;
