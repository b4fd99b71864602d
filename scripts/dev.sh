#!/usr/bin/env bash
# Runs everything on this machine: builds what is missing, serves it on 127.0.0.1, and drives a demonstration
# delivery. PORT (8787), STATE_DIR (.wrangler/state) and DEMO=0 change that. Ends what it started when it ends.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

port=${PORT:-8787}
state=${STATE_DIR:-.wrangler/state}
url=http://127.0.0.1:$port
# How long the server may take to answer.
readonly start_limit_s=300
begun=$(now)

running=()
trap 'stop "${tasks[@]}" "${running[@]}"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
if listening; then die "port $port is taken by another program; choose one: make dev PORT=8788"; fi

say "1/4 tools and packages"
start scripts/tools.sh . web
running=("$started")
wait "$started" || exit 1
running=()

say "2/4 the Worker, the pages, the tool"
task "WebAssembly" scripts/wasm.sh
task "pages" scripts/web.sh
task "onway" cargo build --quiet --package onway-cli
tasks_done

if [[ ! -f .dev.vars ]]; then
  cp .dev.vars.example .dev.vars
  say "    .dev.vars made from .dev.vars.example: secrets for development alone"
fi

wrangler d1 migrations apply DB --local --persist-to "$state" >"$logs/migrations.log" 2>&1 </dev/null ||
  { cat "$logs/migrations.log"; die "the database could not be migrated: see above"; }

say "3/4 server on $url, state in $state"
serving=$(now)
# Wrangler would keep a trace of each request, for about a sixth of the processor time.
export X_LOCAL_OBSERVABILITY=false
KEEP_SERVING=1 start wrangler dev --ip 127.0.0.1 --port "$port" --inspector-port 0 --persist-to "$state" --var ALLOW_SIM_CLOCK:1 --var ALLOW_LOCAL_ENDPOINTS:1 --var FRAMES_PER_SECOND:1000 \
  --show-interactive-dev-session=false
server=$started
running+=("$server")
until curl --silent --fail --output /dev/null --max-time 2 "$url/health"; do
  kill -0 "$server" 2>/dev/null || die "the server ended: see above"
  awk -v a="$serving" -v b="$(now)" -v limit=$start_limit_s 'BEGIN { exit b - a < limit }' && die "no answer on $url/health after $start_limit_s s"
  sleep 0.2
done
say "  ✓ /health answers: $(since "$serving")"

link="none: DEMO=0"
if [[ ${DEMO:-1} != 0 ]]; then
  say "4/4 demonstration delivery"
  start target/debug/onway simulate --url "$url" --loop >"$logs/demo.log" 2>&1
  running+=("$started")
  until link=$(grep -m1 -oE 'http://[^ ]+' "$logs/demo.log"); do
    kill -0 "$started" 2>/dev/null || { cat "$logs/demo.log"; die "the demonstration failed: see above"; }
    sleep 0.1
  done
fi

dispatcher=$(target/debug/onway token --role dispatcher --sub me)
cat <<END

Ready after $(since "$begun").
  follow the delivery  $link
  all deliveries       $url/dispatch#token=$dispatcher
  health               $url/health
  API                  $url/openapi.json
  a token              cargo run -q -p onway-cli -- token --role dispatcher --sub me
Ctrl-C ends everything.

END
wait "$server" || die "the server ended: see above"
