#!/usr/bin/env bash
# Tests the service against the OpenAPI document that it serves, with schemathesis: every check, every route,
# right and wrong requests. Installs it into .tools/contract where it is missing. A failure prints the request.
# Options go to schemathesis: scripts/contract.sh --include-path /tracking/start -n 1000
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

venv=$tools/contract
wanted=tests/contract/requirements.txt
if ! cmp -s "$wanted" "$venv/.installed"; then
  command -v python3 >/dev/null || scripts/debian.sh python3
  python3 -c 'import ensurepip' 2>/dev/null || scripts/debian.sh python3-venv
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$wanted"
  cp "$wanted" "$venv/.installed"
fi
exec node tests/contract/run.ts "$venv/bin/schemathesis" "$@"
