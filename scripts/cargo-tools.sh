#!/usr/bin/env bash
# Puts worker-build and wasm-bindgen into .tools/bin, in the versions that Cargo.lock asks for. Those on
# PATH or in cargo's own bin are used where they fit; else they are compiled, unoptimized: it is faster.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

version_of() { "$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -1; }

ensure() {
  local program=$1 package=$2 version=$3 candidate
  if [[ $(version_of "$tools/bin/$program") == "$version" ]]; then return; fi
  rm -f "$tools/bin/$program"
  for candidate in "$cargo_bin/$program" $(type -ap "$program" || true); do
    if [[ $(version_of "$candidate") == "$version" ]]; then
      ln -s "$candidate" "$tools/bin/$program"
      return
    fi
  done
  say "cargo install $package $version"
  # Not every release's own lock file can be used with every registry.
  cargo install "$package" --version "$version" --bin "$program" --root "$tools" --force --locked ||
    cargo install "$package" --version "$version" --bin "$program" --root "$tools" --force
}

mkdir -p "$tools/bin"
# One folder for both: they share most of their dependencies.
export CARGO_TARGET_DIR=$tools/build
export CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16

ensure worker-build worker-build "$(locked worker)"
ensure wasm-bindgen wasm-bindgen-cli "$(locked wasm-bindgen)"
rm -rf "$CARGO_TARGET_DIR"
