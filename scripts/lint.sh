#!/usr/bin/env bash
# Checks form: `lint.sh` checks all of it, `lint.sh format|native|wasm|shell|web` one part.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

format() { cargo fmt --all --check; }

native() { cargo clippy --workspace --all-targets --all-features -- -D warnings; }

# The Worker as it is compiled for the platform, where other code is active than on this machine. The flags
# are worker-build's, so that both share what they compile.
wasm() {
  RUSTFLAGS=-Cpanic=unwind WASM_BINDGEN_USE_JS_SYS=1 with_wasm_rust "$tools/rust/bin/cargo-clippy" clippy --release \
    --package onway --features test-utils --target wasm32-unknown-unknown -Zbuild-std=std,panic_unwind \
    -Zbuild-std-features=panic-unwind,optimize_for_size -- -D warnings
}

shell() { shellcheck scripts/*.sh scripts/shims/* .ci/run; }

web() { npm --prefix web run lint; }

case ${1-all} in
  format | native | wasm | shell | web) "$1" ;;
  all)
    scripts/tools.sh . web
    scripts/debian.sh shellcheck
    for part in format native wasm shell web; do
      begun=$(now)
      say "$part"
      "$part"
      say "  ✓ $part: $(since "$begun")"
    done
    ;;
  *) die "lint.sh knows format, native, wasm, shell and web, not $1" ;;
esac
