# shellcheck shell=bash
# The environment of a build: `. scripts/env.sh` makes `wrangler`, `worker-build` and Node 24 usable
# in a shell. Everything points into .tools and node_modules, which `make tools` fills.

onway=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Native builds use rustup's cargo, also where Debian's is installed beside it.
cargo_bin=${CARGO_HOME:-$HOME/.cargo}/bin
if [[ -x $cargo_bin/cargo ]]; then PATH=$cargo_bin:$PATH; fi
export PATH=$onway/.tools/bin:$onway/node_modules/.bin:$PATH

# Where worker-build finds what it would otherwise download.
export WASM_BINDGEN_BIN=$onway/.tools/bin/wasm-bindgen
export WASM_OPT_BIN=$onway/node_modules/.bin/wasm-opt
export ESBUILD_BIN=$onway/node_modules/.bin/esbuild

# wrangler and workerd work without a network, tell nobody, and keep what they write in this folder.
export WRANGLER_HIDE_BANNER=true
export WRANGLER_LOG_PATH=$onway/.wrangler/logs
export WRANGLER_REGISTRY_PATH=$onway/.wrangler/registry
export WRANGLER_SEND_METRICS=false
export WRANGLER_SEND_ERROR_REPORTS=false
export CLOUDFLARE_CF_FETCH_ENABLED=false

# The browser that the tests drive.
CHROMIUM_BIN=${CHROMIUM_BIN:-$(command -v chromium || command -v google-chrome || true)}
export CHROMIUM_BIN

# with_wasm_rust COMMAND...: runs it with the Rust that can build std for WebAssembly.
with_wasm_rust() { PATH=$onway/scripts/shims:$PATH "$@"; }
