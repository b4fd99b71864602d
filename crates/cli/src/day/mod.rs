//! A driver's day: many stops of recorded trips through a phone tracker's protocol, once as it should be and
//! once over a bad network, and whether both days leave the same behind.

pub mod compare;
pub mod drive;
pub mod leg;
pub mod network;
pub mod observe;
pub mod progress;
pub mod report;
pub mod service;
pub mod tracker;
