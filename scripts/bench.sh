#!/usr/bin/env bash
# Measures Onway beside a minimal Durable Object in JavaScript, or beside the server at BENCH_PEER_URL: processor
# time, memory and latency, in turns on this machine. BENCH_SCALE (1) shortens it, BENCH_ROUNDS (3) repeats it.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
trap 'stop "${tasks[@]}"' EXIT

# From this load on, per core, others use the machine too much for figures to be trusted.
readonly busy=0.5

say "1/3 tools and packages"
scripts/tools.sh . tests
say "2/3 the Worker, the load generator"
# One after the other: they share the cores.
task "WebAssembly" scripts/wasm.sh
tasks_done
task "WebAssembly with test routes" scripts/wasm.sh --test
tasks_done
task "onway" cargo build --quiet --profile tool --package onway-cli
tasks_done

say "3/3 measuring"
load=$(cut -d' ' -f1 /proc/loadavg)
if awk -v load="$load" -v cores="$(nproc)" -v busy=$busy 'BEGIN { exit load <= busy * cores }'; then
  say "    warning: the load is $load on $(nproc) cores, the build's own share included: wait until it is below $busy a core"
fi
# Thousands of sockets at both ends.
ulimit -n "$(ulimit -Hn)"
node tests/bench/run.ts
# The service has pages, which are not measured.
mkdir -p web/dist
node tests/bench/decide.ts
