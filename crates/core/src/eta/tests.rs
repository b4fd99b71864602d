//! What holds of every ETA.
