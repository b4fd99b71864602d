#!/usr/bin/env bash
# Puts a Rust that can build std for WebAssembly at .tools/rust: from rustup, into a folder of its own
# (.tools/rustup), or else from Debian's packages. WASM_RUST=rustup or WASM_RUST=debian decides it.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# The release that Debian 12 carries too, so that both ways compile alike.
readonly release=1.96.0
# What `worker` needs.
readonly oldest=1.91
source_wanted=${WASM_RUST:-any}
stamp=$tools/rust-source

works() { RUSTC_BOOTSTRAP=1 "$tools/rust/bin/cargo" -Zhelp >/dev/null 2>&1 && "$tools/rust/bin/rustc" --version >/dev/null 2>&1; }

from_rustup() {
  command -v rustup >/dev/null || return 1
  # `check` only reads; 100 means that there are updates. It tells quickly whether there is a network.
  local status=0
  timeout 15 rustup check >/dev/null 2>&1 || status=$?
  if ((status != 0 && status != 100)); then
    say "rustup reaches no server"
    return 1
  fi
  RUSTUP_HOME=$tools/rustup timeout 600 rustup toolchain install "$release" \
    --profile minimal --component rust-src,clippy --no-self-update || return 1
  local toolchain
  toolchain=$(RUSTUP_HOME=$tools/rustup rustup "+$release" which rustc) || return 1
  rm -rf "$tools/rust"
  ln -s "$(dirname "$(dirname "$toolchain")")" "$tools/rust"
  say "rustup $release" >"$stamp"
}

from_debian() {
  command -v apt-get >/dev/null || return 1
  local llvm version
  "$root/scripts/debian.sh" rustc-web cargo-web rust-web-src rust-web-llvm rust-web-clippy || return 1
  # The linker has the number of the LLVM that this Rust is made with.
  llvm=$(dpkg-query -W -f='${Depends}' rust-web-llvm | sed -nE 's/.*llvm-([0-9]+).*/\1/p')
  "$root/scripts/debian.sh" "lld-$llvm" || return 1
  version=$(/usr/bin/rustc --version | cut -d' ' -f2)
  if [[ $(printf '%s\n' "$oldest" "$version" | sort -V | head -1) != "$oldest" ]]; then
    say "Debian's rustc-web is $version; $oldest or newer is needed (it is in the security suite)"
    return 1
  fi
  rm -rf "$tools/rust"
  mkdir -p "$tools/rust/bin"
  local program
  for program in cargo rustc rustdoc cargo-clippy clippy-driver; do ln -s "/usr/bin/$program" "$tools/rust/bin/"; done
  say "debian $version" >"$stamp"
}

if [[ -f $stamp ]] && works; then
  if [[ $source_wanted == any || $(<"$stamp") == "$source_wanted "* ]]; then exit 0; fi
fi
rm -f "$stamp"
case $source_wanted in
  rustup) from_rustup ;;
  debian) from_debian ;;
  any) from_rustup || from_debian ;;
  *) die "WASM_RUST is rustup or debian, not $source_wanted" ;;
esac || die "no Rust for WebAssembly: needs rustup with a network, or Debian's packages (see docs/development.md)"
works || die "$tools/rust does not run"
