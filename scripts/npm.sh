#!/usr/bin/env bash
# Installs npm's packages in the folders named as arguments, as their lock files say, where a lock file has
# changed since the last time. (`npm ci` would do, but refuses a lock file without the optional packages of
# all other platforms, and that is what one gets from a registry that mirrors only some of them.)
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

for folder in "$@"; do
  stamp=$root/$folder/node_modules/.installed
  hash=$(hash_of "$folder/package.json" "$folder/package-lock.json")
  if [[ -f $stamp && $(<"$stamp") == "$hash" ]]; then continue; fi
  say "$folder"
  rm -rf "$root/$folder/node_modules"
  npm --prefix "$root/$folder" install --no-save --no-fund --no-audit --loglevel=error
  say "$hash" >"$stamp"
done
