//! Recorded trips against a running service: each is sent as its driver, watched as its customer, and
//! what was acknowledged is compared with what was seen.

pub mod begin;
pub mod interruptions;
pub mod ledger;
pub mod measures;
pub mod report;
pub mod session;
pub mod verify;
