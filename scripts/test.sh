#!/usr/bin/env bash
# Every check and test, one step after the other; stops at the first that fails and shows what it said.
# Ends with a table of times, the test runners' closing lines, and the sum of passed and failed tests.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

steps=(
  "tools and packages|tools"
  "Chromium and shellcheck|debian"
  "formatting|scripts/lint.sh format"
  "shellcheck|scripts/lint.sh shell"
  "clippy|scripts/lint.sh native"
  "native tests|cargo test --workspace --all-features"
  "generated files|scripts/generate.sh --check"
  "pages: types, lint, unit tests|npm --prefix web run check"
  "pages: build|npm --prefix web run build"
  "clippy for WebAssembly|scripts/lint.sh wasm"
  "WebAssembly|scripts/wasm.sh"
  "WebAssembly: size|scripts/size.sh"
  "WebAssembly with test routes|scripts/wasm.sh --test"
  "onway, the tool|cargo build --package onway-cli"
  "end to end: types|npm --prefix tests run check"
  "end to end, on workerd|npm --prefix tests test"
  "in Chromium|npm --prefix tests run browser"
)

tools() { scripts/tools.sh . web tests; }
debian() { if [[ -z $CHROMIUM_BIN ]]; then scripts/debian.sh chromium; fi; scripts/debian.sh shellcheck; }

# The lines with which cargo, vitest and node's runner close, without colours.
closing_lines() {
  sed 's/\x1b\[[0-9;]*m//g' "$(log_of "$1")" | grep -E '^test result: |^ *Tests  |^(ℹ|#) (tests|pass|fail) ' | sed "s|^ *|$1: |" || true
}

# Of such lines, how many tests passed or failed: `sum passed pass`, `sum failed fail`.
sum() { { grep -oE "[0-9]+ $1|(ℹ|#) $2 [0-9]+" || true; } | awk '{ gsub(/[^0-9]/, ""); n += $0 } END { print n + 0 }'; }

table=() closing=() failed_step=""
summary() {
  local passed failed
  passed=$(printf '%s\n' "${closing[@]}" | sum passed pass)
  failed=$(printf '%s\n' "${closing[@]}" | sum failed fail)
  # A step that fails without a failed test is a failure all the same.
  if [[ -n $failed_step ]] && ((failed == 0)); then failed=1; fi
  printf '\n'
  printf '%s\n' "${table[@]}"
  printf '\nall in %s, load %s\n\n' "$(since "$begun")" "$(cut -d' ' -f1-3 /proc/loadavg)"
  if ((${#closing[@]})); then printf '%s\n' "${closing[@]}"; fi
  if [[ -n $failed_step ]]; then say "failed: $failed_step"; fi
  say "$passed passed, $failed failed"
}

begun=$(now)
trap 'stop "${tasks[@]}"' EXIT
for i in "${!steps[@]}"; do
  name=${steps[i]%%|*}
  read -ra command <<<"${steps[i]#*|}"
  step_begun=$(now)
  printf '[%2d/%d] after %s\n' $((i + 1)) ${#steps[@]} "$(since "$begun")"
  task "$name" "${command[@]}"
  tasks_done || failed_step=$name
  mapfile -t -O ${#closing[@]} closing < <(closing_lines "$name")
  table+=("$(printf '%-32s %14s  %s' "$name" "$(since "$step_begun")" "${failed_step:+FAILED}")")
  if [[ -n $failed_step ]]; then
    summary
    exit 1
  fi
done
summary
