//! Every message and body that crosses the network. `docs/protocol.md` explains it, the OpenAPI
//! document and the TypeScript types are generated from it.

pub mod access;
pub mod batch;
pub mod correction;
pub mod driver;
pub mod fleet;
pub mod frames;
pub mod handover;
pub mod health;
pub mod history;
pub mod input;
pub mod json;
pub mod link;
pub mod mine;
pub mod problem;
pub mod report;
pub mod sign_in;
pub mod snapshot;
pub mod spoken;
pub mod start;
pub mod statistics;

pub use frames::{ClientFrame, ServerFrame};
pub use problem::Problem;
pub use report::{Counts, Rejected};
pub use snapshot::Snapshot;
pub use start::{Place, StartRequest};
