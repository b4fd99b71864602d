#!/usr/bin/env bash
# Builds the pages into web/dist. Does nothing when their sources are as they were the last time.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

hash=$(find web -type d \( -name node_modules -o -name dist \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
stamp=$tools/web-sources
if [[ -d web/dist && -f $stamp && $(<"$stamp") == "$hash" ]]; then exit 0; fi
rm -f "$stamp"
npm --prefix web run build
say "$hash" >"$stamp"
