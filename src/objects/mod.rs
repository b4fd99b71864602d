//! The Durable Objects.

mod delivery;
