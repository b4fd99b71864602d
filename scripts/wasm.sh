#!/usr/bin/env bash
# Compiles the Worker to WebAssembly: into build, or with --test into build-test, with the routes that
# only the end-to-end tests may reach. Does nothing when its sources are as they were the last time. With
# KEEP_SERVING=1, set by `make dev`, an error leaves the last good build running.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

out=build
# A standard library that is made small: above all its sorts, and how it writes numbers.
cargo_options=(--package onway "-Zbuild-std-features=panic-unwind,optimize_for_size")
if [[ ${1-} == --test ]]; then
  out=build-test
  cargo_options+=(--features test-utils)
fi

sources=(src crates/core/src crates/core/Cargo.toml Cargo.toml Cargo.lock package-lock.json scripts/wasm.sh "$tools/rust-source")
hash=$(hash_of "${sources[@]}")
if [[ -f $out/.sources && $(<"$out/.sources") == "$hash" ]]; then exit 0; fi
rm -f "$out/.sources"

# `{:?}` writes nothing, and a panic names no line: the texts that they would need are a part of the code that hardly
# anybody reads. Who looks for a panic leaves the flags out.
export RUSTFLAGS="${RUSTFLAGS-} -Zfmt-debug=none -Zlocation-detail=none"
# The path comes first: worker-build takes the first word that is no option for it.
# wasm-opt runs apart: worker-build has no way to ask it for the smallest. The lowest addresses are the end of the stack,
# which nothing points to: offsets can be part of the instructions that use them.
if RUST_BACKTRACE=0 with_wasm_rust worker-build --release --panic-unwind --no-opt --out-dir "$out" . "${cargo_options[@]}" &&
  "$WASM_OPT_BIN" -Oz --all-features --low-memory-unused "$out/index_bg.wasm" --output "$out/index_bg.wasm"; then
  say "$hash" >"$out/.sources"
elif [[ ${KEEP_SERVING-} == 1 && -f $out/index.js ]]; then
  say "the Worker does not compile: the last one that did keeps running"
else
  exit 1
fi
