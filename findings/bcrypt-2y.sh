#!/usr/bin/env bash
# The "bcrypt" package of npm says "wrong password" to every hash that PHP or htpasswd wrote.
#
# PHP's password_hash and Apache's htpasswd -B write bcrypt hashes that begin with "$2y$"; they are the same as "$2b$" for the same
# password. bcrypt 6.0.0 of npm answers false for the right password, with no error. bcryptjs 3.0.3, @node-rs/bcrypt 2.0.0 and
# Python's bcrypt 5.0.0 answer true. Seen 2026-11.
#
# After a move of users from PHP nobody can sign in, and it looks as if all had forgotten their passwords. Write "$2b$" for "$2y$" when
# the hashes are imported, or check them with one of the others.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check bcrypt==5.0.0
npm install --silent --no-audit --no-fund --prefix . bcrypt@6.0.0 bcryptjs@3.0.3 @node-rs/bcrypt@2.0.0

cat > check.py <<'PYTHON'
import bcrypt
written = bcrypt.hashpw(b'correct horse', bcrypt.gensalt(4)).decode()
open('hash', 'w').write(written)
for version in ['2b', '2y']:
  print(f'${version}$: bcrypt of Python', bcrypt.checkpw(b'correct horse', written.replace('$2b$', f'${version}$').encode()))
PYTHON
cat > check.mjs <<'NODE'
import { readFileSync } from 'node:fs'
import * as nodeRs from '@node-rs/bcrypt'
import bcrypt from 'bcrypt'
import bcryptjs from 'bcryptjs'
const written = readFileSync('hash', 'utf8')
for (const version of ['2b', '2y']) {
  const hash = `$${version}$${written.slice(4)}`
  console.log(`$${version}$: bcrypt ${await bcrypt.compare('correct horse', hash)}`)
  console.log(`$${version}$: bcryptjs ${await bcryptjs.compare('correct horse', hash)}`)
  console.log(`$${version}$: @node-rs/bcrypt ${await nodeRs.verify('correct horse', hash)}`)
}
NODE

{ venv/bin/python check.py; node check.mjs; } | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
$2b$: bcrypt of Python True
$2y$: bcrypt of Python True
$2b$: bcrypt true
$2b$: bcryptjs true
$2b$: @node-rs/bcrypt true
$2y$: bcrypt false
$2y$: bcryptjs true
$2y$: @node-rs/bcrypt true
STATED
