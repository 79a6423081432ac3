#!/usr/bin/env bash
# passlib 1.7.4 with bcrypt 5 says of a six-letter password that it is longer than 72 bytes.
#
# passlib, last released in 2020 and still under many services, tries out its bcrypt backend before the first hash with a password of
# more than 72 bytes. bcrypt 5.0.0 raises for such a password, where bcrypt 4 cut it off. The error reaches the caller as if
# it were about the caller's own password. With bcrypt 4.3.0 all works. Seen 2026-11.
#
# Pin bcrypt below 5 while passlib is there, or call bcrypt (or argon2-cffi) directly; the hashes stay readable.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > hash.py <<'PYTHON'
import importlib.metadata, logging
logging.disable()
from passlib.hash import bcrypt
version = importlib.metadata.version('bcrypt')
try:
  print(f'bcrypt {version}:', bcrypt.verify('secret', bcrypt.using(rounds=4).hash('secret')))
except ValueError as error:
  print(f'bcrypt {version}: {error}')
PYTHON
python3 -m venv venv
for version in 4.3.0 5.0.0; do
  venv/bin/pip install -q --disable-pip-version-check passlib==1.7.4 "bcrypt==$version"
  venv/bin/python -W ignore hash.py
done | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
bcrypt 4.3.0: True
bcrypt 5.0.0: password cannot be longer than 72 bytes, truncate manually if necessary (e.g. my_password[:72])
STATED
