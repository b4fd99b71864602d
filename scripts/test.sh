#!/usr/bin/env bash
# Every check and test, one step after the other; stops at the first that fails and shows what it said.
# Ends with a table of times, the test runners' closing lines, and the sum of passed and failed tests.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# "name|command". With "& " in front, beside the one before: they share no locks, and two cores have room.
steps=(
  "tools and packages|tools"
  "& Chromium and shellcheck|debian"
  "formatting|scripts/lint.sh format"
  "& shellcheck|scripts/lint.sh shell"
  "clippy|scripts/lint.sh native"
  "& clippy for WebAssembly|scripts/lint.sh wasm"
  "native tests|cargo test --workspace --all-features"
  "& WebAssembly|scripts/wasm.sh"
  "WebAssembly: size|scripts/size.sh"
  "generated files|scripts/generate.sh --check"
  "pages|npm --prefix web run check"
  "onway, the tool|cargo build --package onway-cli"
  "& WebAssembly with test routes|scripts/wasm.sh --test"
  "end to end: types|npm --prefix tests run check"
  "end to end, on workerd|npm --prefix tests test"
  "& contract, by schemathesis|scripts/contract.sh"
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

names=()
summary() {
  local name closing passed failed
  closing=$(for name in "${names[@]}"; do closing_lines "$name"; done)
  passed=$(sum passed pass <<<"$closing")
  failed=$(sum failed fail <<<"$closing")
  # A step that fails without a failed test is a failure all the same.
  if [[ $1 == failed ]] && ((failed == 0)); then failed=1; fi
  printf '\n'
  for name in "${names[@]}"; do printf '%-32s %s\n' "$name" "${task_took[$name]-not finished}"; done
  printf '\nall in %s, load %s\n\n%s\n' "$(since "$begun")" "$(cut -d' ' -f1-3 /proc/loadavg)" "$closing"
  # Once more where whoever sees only the end finds it.
  for name in "${names[@]}"; do
    if [[ ${task_took[$name]-} == *FAILED ]]; then printf '\n%s ended with:\n%s\n' "$name" "$(tail -n 25 "$(log_of "$name")")"; fi
  done
  say "$passed passed, $failed failed"
}

begun=$(now)
trap 'stop "${tasks[@]}"' EXIT
for ((i = 0; i < ${#steps[@]}; i++)); do
  step=${steps[i]#& }
  name=${step%%|*}
  read -ra command <<<"${step#*|}"
  printf '[%2d/%d] after %s\n' $((i + 1)) ${#steps[@]} "$(since "$begun")"
  task "$name" "${command[@]}"
  names+=("$name")
  if [[ ${steps[i + 1]-} == "& "* ]]; then continue; fi
  if ! tasks_done; then
    summary failed
    exit 1
  fi
done
summary passed
