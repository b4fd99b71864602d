//! Prints the OpenAPI document: `cargo run -p onway-core --features openapi --example openapi`.

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&onway_core::openapi::document()?)?);
    Ok(())
}
