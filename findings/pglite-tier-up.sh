#!/usr/bin/env bash
# V8's optimiser takes hundreds of megabytes for one function of PGlite, and the process keeps them as its peak.
#
# Node 24.21.0, PGlite 0.5.16: a handful of queries make PostgreSQL's expression interpreter hot, one function of which the optimising
# compiler of WebAssembly makes a graph of several hundred MiB, on a thread of its own. Without --no-wasm-tier-up the peak of the
# process is 200 MiB and more above what it is with it; on Node 20 the same costs seconds of processor time. Seen 2026-11.
#
# A container that is sized by what PGlite itself holds is killed some seconds after its start. Give V8 --no-wasm-tier-up and
# --no-wasm-dynamic-tiering by setFlagsFromString of node:v8 before PGlite is loaded: NODE_OPTIONS does not take them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Newer releases of npm run no script of a package unasked, and node's own brings the program.
echo '{ "allowScripts": { "node": true } }' > package.json
npm install --silent --no-audit --no-fund --prefix . node@24.21.0 @electric-sql/pglite@0.5.16
cat > peak.mjs <<'NODE'
import { setFlagsFromString } from 'node:v8'
if (process.argv[2] === 'baseline') for (const flag of ['tier-up', 'dynamic-tiering']) setFlagsFromString(`--no-wasm-${flag}`)
const { PGlite } = await import('@electric-sql/pglite')
const database = await PGlite.create()
for (let i = 0; i < 300; i++) {
  await database.query('select count(*) from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relname <> $1', [`x${i}`])
}
// The optimiser works on threads of its own.
await new Promise((done) => setTimeout(done, 8_000))
console.log(Math.round(process.resourceUsage().maxRSS / 1024))
await database.close()
NODE

usual=$(node_modules/.bin/node peak.mjs usual)
baseline=$(node_modules/.bin/node peak.mjs baseline)
echo "peak in MiB: $usual as usual, $baseline without optimised WebAssembly"
((usual - baseline > 200)) || { echo 'This is no longer so.' >&2; exit 1; }
