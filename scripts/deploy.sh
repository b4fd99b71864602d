#!/usr/bin/env bash
# Builds and deploys to the account that wrangler is logged in to.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

scripts/tools.sh . web
scripts/wasm.sh
scripts/size.sh
scripts/web.sh

wrangler whoami >/dev/null 2>&1 || die "wrangler is not logged in: run \`. scripts/env.sh && wrangler login\`, or set CLOUDFLARE_API_TOKEN"
# A queue has to be there before a Worker is bound to it.
mapfile -t queues < <(sed -nE 's/^(queue|dead_letter_queue) = "(.*)"/\2/p' wrangler.toml | sort -u)
for queue in "${queues[@]}"; do
  wrangler queues info "$queue" >/dev/null 2>&1 || wrangler queues create "$queue"
done
wrangler deploy
# Until the tables are there, deliveries keep what they have for the archive.
wrangler d1 migrations apply DB --remote

missing=() required=(ID_SECRET)
# Tokens of an identity provider need no secret of ours.
grep -q '^JWKS_URL' wrangler.toml || required+=(JWT_SECRET)
secrets=$(wrangler secret list)
for secret in "${required[@]}"; do [[ $secrets == *"\"$secret\""* ]] || missing+=("$secret"); done
if ((${#missing[@]})); then
  cat <<END

Deployed, but it refuses to work until these secrets are set, each random and of its own:
$(for secret in "${missing[@]}"; do say "  openssl rand -base64 48 | wrangler secret put $secret"; done)
JWT_SECRET signs the tokens. ID_SECRET keys the checksum in tracking ids: when it changes, all links break.
END
fi
