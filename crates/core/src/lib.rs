//! What a delivery is.
