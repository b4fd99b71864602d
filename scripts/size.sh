#!/usr/bin/env bash
# Fails when the Worker's WebAssembly, compressed, is larger than its budget.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly budget=$((640 * 1024))

size=$(gzip -9 -c build/index_bg.wasm | wc -c)
line="WebAssembly: $size bytes gzip, $((size * 100 / budget)) % of the budget of $budget ($(wc -c <build/index_bg.wasm) bytes uncompressed)"
if ((size > budget)); then die "$line"; fi
say "$line"
