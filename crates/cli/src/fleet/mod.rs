//! Many simulated drivers at once, each on a line of its own, and a dashboard that sees them.

pub mod board;
pub mod dashboard;
pub mod doors;
pub mod driver;
pub mod report;
pub mod roster;
