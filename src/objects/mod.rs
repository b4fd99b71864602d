//! The Durable Objects.

mod delivery;
mod driver;
mod rows;
