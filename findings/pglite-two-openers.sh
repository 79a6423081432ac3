#!/usr/bin/env bash
# Two PGlite instances open one directory, and each goes on with a database of its own.
#
# PGlite 0.5.16: PostgreSQL keeps a second server off a data directory (postmaster.pid). Of PGlite's instances the second opens it without an
# error. From then on neither sees what the other commits, and both write to the same files. Seen 2026-11.
#
# An auth service meets it when a command (create a user, rotate a key) opens the directory while the service runs: the command
# says "done" and the service never hears of it. Take a lock file of your own before opening, or hand commands to the running process.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm install --silent --no-audit --no-fund --prefix . @electric-sql/pglite@0.5.16
cat > open.mjs <<'NODE'
import { PGlite } from '@electric-sql/pglite'
const open = () => PGlite.create('./data')
const users = async (database) => (await database.query('select name from users order by name')).rows.map(({ name }) => name).join(', ')
const service = await open()
await service.exec(`create table users (name text primary key); insert into users values ('alice')`)
const command = await open()
console.log('the second opens it and reads:', await users(command))
await command.exec(`insert into users values ('bob')`)
await service.exec(`insert into users values ('carol')`)
console.log('the first sees:', await users(service))
console.log('the second sees:', await users(command))
process.exit()
NODE

node open.mjs | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
the second opens it and reads: alice
the first sees: alice, carol
the second sees: alice, bob
STATED
