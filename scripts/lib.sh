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

# task NAME COMMAND...: runs in the background, its output in a log.
task_pids=() task_names=() task_starts=()
task() {
  local name=$1
  shift
  say "  · $name"
  "$@" >"$logs/${name// /-}.log" 2>&1 &
  task_pids+=($!) task_names+=("$name") task_starts+=("$(now)")
}

# Waits for all tasks, says how long each took, and shows the log of the first that failed.
tasks_done() {
  local done_pid status left=${#task_pids[@]} i
  while ((left > 0)); do
    status=0
    wait -n -p done_pid "${task_pids[@]}" || status=$?
    for i in "${!task_pids[@]}"; do
      [[ ${task_pids[i]} == "$done_pid" ]] || continue
      if ((status)); then
        say "  ✗ ${task_names[i]} failed after $(since "${task_starts[i]}"):"
        tail -n 40 "$logs/${task_names[i]// /-}.log"
        tasks_stop
        exit 1
      fi
      say "  ✓ ${task_names[i]}: $(since "${task_starts[i]}")"
      unset "task_pids[i]"
    done
    left=$((left - 1))
  done
  task_pids=() task_names=() task_starts=()
}

# Ends what `task` started and is still running, children included.
tasks_stop() {
  local pid
  for pid in "${task_pids[@]}"; do stop_tree "$pid"; done
}

# Ends a process that we started, and its descendants.
stop_tree() {
  local child
  for child in $(pgrep -P "$1" || true); do stop_tree "$child"; done
  kill "$1" 2>/dev/null || true
}
