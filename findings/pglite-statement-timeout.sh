#!/usr/bin/env bash
# PGlite takes statement_timeout and does not keep to it, and the whole process waits with the statement.
#
# PGlite 0.5.16: "set statement_timeout = '50ms'" is accepted and shown by SHOW, and pg_sleep(0.5) runs to its end. WebAssembly runs on the
# thread that called it: no timer of the process fires meanwhile, so a timeout of one's own in the same thread is no help.
# Seen 2026-11.
#
# A service that runs on PGlite in development and on PostgreSQL in production sees errors 57014 only in production. Bound the work
# (LIMIT, batches) instead of the time, and let a test of the timeout run on PostgreSQL.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm install --silent --no-audit --no-fund --prefix . @electric-sql/pglite@0.5.16
cat > wait.mjs <<'NODE'
import { PGlite } from '@electric-sql/pglite'
const database = await PGlite.create()
await database.exec(`set statement_timeout = '50ms'`)
console.log('shown:', (await database.query('show statement_timeout')).rows[0].statement_timeout)
let ticks = 0
const timer = setInterval(() => ticks++, 10)
const started = performance.now()
const outcome = await database.query('select pg_sleep(0.5)').then(() => 'no error', (error) => error.message)
console.log(`after ${performance.now() - started >= 500 ? 'the whole half second' : 'less'}: ${outcome}`)
console.log(`a timer of 10 ms fired ${ticks < 5 ? 'fewer than five times' : 'on'}`)
clearInterval(timer)
await database.close()
NODE

node wait.mjs | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
shown: 50ms
after the whole half second: no error
a timer of 10 ms fired fewer than five times
STATED
