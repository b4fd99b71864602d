# shellcheck shell=bash
# Helpers that every script here sources: the environment, the root of the repository, messages with
# times, and jobs side by side whose output is shown only when they fail.

# shellcheck source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
root=$onway
tools=$root/.tools
logs=$tools/log
cd "$root" || exit 1
mkdir -p "$logs"

say() { printf '%s\n' "$*"; }
die() { printf '\nerror: %s\n' "$*" >&2; exit 1; }

# Seconds since the epoch, with a tenth.
now() { local t=${EPOCHREALTIME/,/.}; printf '%s' "${t%?????}"; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { s = b - a; if (s < 60) printf "%.1f s", s; else printf "%d min %02d s", s / 60, s % 60 }'; }

# The version of a package in Cargo.lock.
locked() { awk -v name="name = \"$1\"" '$0 == name { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock; }

# One hash of the content of files and folders.
hash_of() { find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1; }

# start COMMAND...: runs it in the background, in a process group of its own; sets `started` to its number.
start() {
  set -m
  "$@" </dev/null &
  started=$!
  set +m
}

# Ends the groups that `start` made, their children included, and waits until they are gone.
stop() {
  local group tries
  for group in "$@"; do kill -TERM -- "-$group" 2>/dev/null || true; done
  for group in "$@"; do
    for ((tries = 0; tries < 50; tries++)); do
      kill -0 -- "-$group" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$group" 2>/dev/null || true
  done
}

# task NAME COMMAND...: starts it with its output in a log; `tasks_done` waits for it.
tasks=() # numbers of the process groups
declare -A task_name task_start task_took
task() {
  start "${@:2}" >"$(log_of "$1")" 2>&1
  tasks+=("$started")
  task_name[$started]=$1 task_start[$started]=$(now)
  say "  · $1"
}

log_of() { printf '%s/%s.log' "$logs" "${1//[^a-zA-Z0-9]/-}"; }

# Waits for all tasks. Says how long each took, now and then what it is doing, and of one that fails the log.
tasks_done() {
  local group running name ticks=0
  while ((${#tasks[@]})); do
    sleep 0.1
    ticks=$((ticks + 1))
    running=()
    for group in "${tasks[@]}"; do
      name=${task_name[$group]}
      if kill -0 "$group" 2>/dev/null; then
        running+=("$group")
        if ((ticks % 300 == 0)); then say "    … $name: $(since "${task_start[$group]}"), $(tail -n 1 "$(log_of "$name")" | cut -c1-100)"; fi
        continue
      fi
      task_took[$name]=$(since "${task_start[$group]}")
      if wait "$group"; then
        say "  ✓ $name: ${task_took[$name]}"
      else
        task_took[$name]+=", FAILED"
        say "  ✗ $name: ${task_took[$name]}"
        tail -n 60 "$(log_of "$name")"
        say "all of what it said: $(log_of "$name")"
        return 1
      fi
    done
    tasks=(${running[@]+"${running[@]}"})
  done
}
