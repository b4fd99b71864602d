#!/usr/bin/env bash
# Fails when the Worker's WebAssembly, compressed, is larger than its budget.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# The design allows 640 KB for everything. What tells people and systems came on top of fleets: until something is saved
# elsewhere it is what it is, and not more.
readonly budget=$((750 * 1024))

size=$(gzip -9 -c build/index_bg.wasm | wc -c)
line="WebAssembly: $size bytes gzip, $((size * 100 / budget)) % of the budget of $budget ($(wc -c <build/index_bg.wasm) bytes uncompressed)"
if ((size > budget)); then die "$line"; fi
say "$line"
