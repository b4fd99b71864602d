#!/usr/bin/env bash
# Fuzzes each decoder (or those named as arguments) for FUZZ_SECONDS (20), with cargo-fuzz. What is found is
# kept in fuzz/artifacts, what was learned in fuzz/corpus. Not part of `make test`: the property tests are,
# which check the same.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

seconds=${FUZZ_SECONDS:-20}
command -v c++ >/dev/null || die "libFuzzer is compiled from C++: install g++ or clang first"
if ! cargo fuzz --version >/dev/null 2>&1; then
  say "cargo install cargo-fuzz, into .tools"
  CARGO_TARGET_DIR=$tools/build cargo install cargo-fuzz --version 0.13.2 --locked --root "$tools" ||
    die "cargo-fuzz is missing and could not be installed: cargo install cargo-fuzz"
  rm -rf "$tools/build"
fi

# The decoders have no unsafe code for a sanitizer to watch; without one stable Rust will do.
fuzz=(cargo fuzz)
options=(--sanitizer none --fuzz-dir fuzz)
"${fuzz[@]}" build "${options[@]}" || die "the fuzz targets do not compile here: see above"

targets=("$@")
((${#targets[@]})) || mapfile -t targets < <("${fuzz[@]}" list --fuzz-dir fuzz)
for target in "${targets[@]}"; do
  mkdir -p "fuzz/corpus/$target"
  say "$target, $seconds s"
  "${fuzz[@]}" run "$target" "${options[@]}" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=4096 -print_final_stats=1 2>"$logs/fuzz-$target.log" || {
    tail -n 40 "$logs/fuzz-$target.log"
    die "$target: the input is in fuzz/artifacts/$target"
  }
  grep -E 'number_of_executed_units|average_exec_per_sec|peak_rss' "$logs/fuzz-$target.log" | sed 's/^stat::/  /'
done
