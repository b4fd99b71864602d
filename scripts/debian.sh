#!/usr/bin/env bash
# Installs the Debian packages named as arguments that are not there yet.
set -euo pipefail

missing=()
for package in "$@"; do
  if [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) != ii* ]]; then missing+=("$package"); fi
done
((${#missing[@]})) || exit 0

as_root=()
if [[ $(id -u) != 0 ]]; then
  as_root=(sudo -n)
  if ! "${as_root[@]}" true 2>/dev/null; then
    echo "error: please install, as root: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
fi
# One at a time: apt does not wait for another apt.
mkdir -p "$(dirname "$0")/../.tools"
exec 9>"$(dirname "$0")/../.tools/apt.lock"
flock 9
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
