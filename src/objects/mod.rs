//! The Durable Objects.

mod delivery;
mod driver;
mod exports;
mod fleet;
mod rows;
