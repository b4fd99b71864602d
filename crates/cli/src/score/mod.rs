//! How good what Onway computes is, measured on recorded trips.

pub mod faults;
pub mod filter;
pub mod gate;
pub mod pipeline;
pub mod report;
pub mod tally;
