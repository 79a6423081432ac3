#!/usr/bin/env bash
# Node's fetch says Sec-Fetch-Mode: cors, as a script of a page does, whatever its caller says.
#
# Node.js 24.21.0 (undici 7.29.1): every request of the global fetch has "Sec-Fetch-Mode: cors" and none of the other headers of fetch
# metadata. A caller's own Sec-Fetch-Mode is replaced without a word, while its Sec-Fetch-Dest and Sec-Fetch-Site are sent as given. The
# option "mode" changes it, but "navigate", which browsers say when somebody opens a page, is refused. node:http sends what it is
# told. Seen 2026-11.
#
# A server that leads only navigations to its sign-in page gives a gateway or a server-side renderer that passes a browser's headers on by
# fetch a 401, whoever is looking; and the header is no sign of a browser. Who passes headers on uses node:http or undici's request.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Newer releases of npm run no script of a package unasked, and node's own brings the program.
echo '{ "allowScripts": { "node": true } }' > package.json
npm install --silent --no-audit --no-fund --prefix . node@24.21.0
cat > ask.mjs <<'NODE'
import { createServer, get } from 'node:http'

const server = createServer(({ headers }, response) => {
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith('sec-fetch-'))
  response.end(metadata.map((header) => header.join(': ')).toSorted().join(', '))
})
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const url = `http://127.0.0.1:${server.address().port}/`
const headers = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }

console.log(`Node.js ${process.versions.node}, undici ${process.versions.undici}`)
console.log('fetch:', await (await fetch(url)).text())
console.log('fetch with headers:', await (await fetch(url, { headers })).text())
console.log('fetch with a mode:', await (await fetch(url, { mode: 'same-origin' })).text())
console.log('fetch with mode navigate:', await fetch(url, { mode: 'navigate' }).catch(({ message }) => message))
get(url, { headers }, async (response) => {
  console.log('node:http with headers:', (await response.setEncoding('utf8').toArray()).join(''))
  server.close()
})
NODE

node_modules/node/bin/node ask.mjs | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
Node.js 24.21.0, undici 7.29.1
fetch: sec-fetch-mode: cors
fetch with headers: sec-fetch-dest: document, sec-fetch-mode: cors, sec-fetch-site: none
fetch with a mode: sec-fetch-mode: same-origin
fetch with mode navigate: Request constructor: invalid request mode navigate.
node:http with headers: sec-fetch-dest: document, sec-fetch-mode: navigate, sec-fetch-site: none
STATED
