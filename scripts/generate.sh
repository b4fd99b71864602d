#!/usr/bin/env bash
# Writes what is generated from the Rust types: the OpenAPI document, and from it the TypeScript types.
# With --check it only compares, and fails where a file is out of date.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly document=web/public/openapi.json
readonly types=web/client/wire.generated.ts

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
# As the tests compile it, so that nothing is compiled twice.
cargo build --quiet --workspace --all-features --examples
"${CARGO_TARGET_DIR:-target}/debug/examples/openapi" >"$fresh/openapi.json"
web/node_modules/.bin/openapi-typescript "$fresh/openapi.json" --output "$fresh/types.ts" >/dev/null

if [[ ${1-} == --check ]]; then
  diff -u "$document" "$fresh/openapi.json" || die "$document is out of date: run scripts/generate.sh"
  diff -u "$types" "$fresh/types.ts" || die "$types is out of date: run scripts/generate.sh"
  say "generated files are current"
else
  cp "$fresh/openapi.json" "$document"
  cp "$fresh/types.ts" "$types"
fi
