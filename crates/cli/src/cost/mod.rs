//! What a delivery costs on the platform: operations from a model, prices from a dated table.
//!
//! The operations are those of the code, and `tests/e2e/cost.test.ts` compares them with what the platform
//! itself counts. What cannot be counted on one machine is an assumption, and named so.

pub mod bill;
pub mod operations;
pub mod prices;
