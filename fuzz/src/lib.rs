//! What the fuzz targets check: the same as the property tests of `onway-core`.

#[path = "../../crates/core/tests/decoders/bodies.rs"]
pub mod bodies;
