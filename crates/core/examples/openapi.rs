//! Prints the OpenAPI document: `cargo run -p onway-core --features openapi --example openapi`.

use utoipa::OpenApi;

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&onway_core::openapi::Document::openapi())?);
    Ok(())
}
