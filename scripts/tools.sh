#!/usr/bin/env bash
# Makes a machine ready to build: npm's packages, the Rust for WebAssembly, worker-build and wasm-bindgen,
# side by side. What is there already is kept. Nothing outside of this folder changes, Debian's packages apart.
# Arguments: the folders whose npm packages are wanted.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
trap 'stop "${tasks[@]}"' EXIT

command -v cargo >/dev/null || die "cargo is missing: install Rust with rustup first"
command -v npm >/dev/null || die "npm is missing: install Node.js 20 or newer first"

task "npm packages" scripts/npm.sh "$@"
task "Rust for WebAssembly" scripts/wasm-rust.sh
task "worker-build and wasm-bindgen" scripts/cargo-tools.sh
tasks_done
