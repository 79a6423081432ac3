#!/usr/bin/env bash
# The types of @auth/core name types that the package does not have, so a strict compiler never passes with it.
#
# @auth/core 0.41.3 leaves declarations that it marks as internal out of what it publishes, and others of its declarations go on to
# name them: RequestInternal, InternalOptions, OAuthConfigInternal, EndpointHandler. TypeScript 6.0.3 without skipLibCheck reports each as
# an error for a program of two lines, with the optional peers @simplewebauthn/* and nodemailer and their types installed, with and
# without the types of browsers. The peers themselves are wanted old: npm refuses nodemailer 10, which the program may use for its own
# mails, beside it. Seen 2026-11.
#
# Set skipLibCheck, or keep the configuration in a file of JavaScript; npm's `overrides` lets the peers be newer.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo '{ "private": true, "type": "module" }' > package.json
if npm install --silent --no-audit --no-fund @auth/core@0.41.3 nodemailer@10.6.0 > refused.txt 2>&1; then
  echo 'nodemailer 10 is taken beside it: no longer as seen'
  exit 1
fi
echo 'npm refuses nodemailer 10.6.0 beside @auth/core 0.41.3'

npm install --silent --no-audit --no-fund @auth/core@0.41.3 typescript@6.0.3 @types/node@24.19.2 \
  nodemailer@8.0.5 @types/nodemailer@8.0.2 @simplewebauthn/server@9.0.3 @simplewebauthn/browser@9.0.1 @simplewebauthn/types@9.0.1
cat > program.ts <<'TS'
import { Auth } from '@auth/core'
export const answer = (request: Request) => Auth(request, { providers: [] })
TS
compile() { node_modules/.bin/tsc --noEmit --strict --module nodenext --target es2024 --types node "$@" program.ts; }
compile --lib es2024 --skipLibCheck
echo 'with skipLibCheck: no errors'

expected='EndpointHandler
InternalOptions
OAuthConfigInternal
RequestInternal'
for lib in es2024 es2024,dom,dom.iterable; do
  named=$(compile --lib "$lib" | sed -nE "s/^node_modules\/@auth\/core\/.*(no exported member|Cannot find name) '(\w+)'.*/\2/p" | sort -u || true)
  echo "--lib $lib, without skipLibCheck, in @auth/core: $(echo $named)"
  [ "$named" = "$expected" ] || { echo 'no longer as seen'; exit 1; }
done
