#!/usr/bin/env bash
# The MCP TypeScript SDK finds the metadata of a protected resource only in the first challenge, in one spelling.
#
# @modelcontextprotocol/sdk 1.32.2: extractWWWAuthenticateParams reads the header only where it begins with "Bearer". RFC 9110 lets a
# server name several schemes, in one line or in several, and RFC 9449 has it offer DPoP beside Bearer. It reads "scope" by a search
# through the whole text, so words inside a quoted error_description are taken for the parameter. Parameter names in capitals
# and blanks around "=", both valid, are not seen. oauth4webapi 3.8.8 reads all of these. Seen 2026-11.
#
# Resource servers for such clients send the Bearer challenge first, with lower-case names, scope ahead of any description, and no "word="
# inside a description.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm install --silent --no-audit --no-fund --prefix . @modelcontextprotocol/sdk@1.32.2 oauth4webapi@3.8.8
cat > read.mjs <<'NODE'
import { extractWWWAuthenticateParams } from '@modelcontextprotocol/sdk/client/auth.js'
import * as oauth from 'oauth4webapi'

const metadata = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource"'
const challenges = {
  'Bearer alone': `Bearer ${metadata}, scope="read"`,
  'Basic, Bearer': `Basic realm="api", Bearer ${metadata}, scope="read"`,
  'DPoP, Bearer': `DPoP algs="ES256", Bearer ${metadata}, scope="read"`,
  'blanks around =': `Bearer ${metadata.replace('=', ' = ')}, scope="read"`,
  capitals: `Bearer ${metadata.toUpperCase()}, SCOPE="read"`,
  'words in a description': `Bearer error_description="give scope=admin, or ask", ${metadata}, scope="read"`
}
const found = (url, scope) => `${url ? 'metadata' : 'no metadata'}, scope ${scope}`
for (const [name, header] of Object.entries(challenges)) {
  const response = () => new Response('', { status: 401, headers: { 'www-authenticate': header } })
  const sdk = extractWWWAuthenticateParams(response())
  const whole = await oauth
    .processUserInfoResponse({ issuer: 'https://issuer.example' }, { client_id: 'app' }, oauth.skipSubjectCheck, response())
    .catch((error) => error.cause.find(({ scheme }) => scheme === 'bearer').parameters)
  console.log(`${name}: MCP SDK ${found(sdk.resourceMetadataUrl, sdk.scope)}; oauth4webapi ${found(whole.resource_metadata, whole.scope)}`)
}
NODE

node read.mjs | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
Bearer alone: MCP SDK metadata, scope read; oauth4webapi metadata, scope read
Basic, Bearer: MCP SDK no metadata, scope undefined; oauth4webapi metadata, scope read
DPoP, Bearer: MCP SDK no metadata, scope undefined; oauth4webapi metadata, scope read
blanks around =: MCP SDK no metadata, scope read; oauth4webapi metadata, scope read
capitals: MCP SDK no metadata, scope undefined; oauth4webapi metadata, scope read
words in a description: MCP SDK metadata, scope admin; oauth4webapi metadata, scope read
STATED
