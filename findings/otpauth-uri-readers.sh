#!/usr/bin/env bash
# Two readers of otpauth:// addresses name another account, or refuse, for the same address.
#
# The key URI format has no RFC; its best known text lets the colon between issuer and account be written ":" or "%3A", with blanks
# ("%20") after it. Read by PyOTP 2.12.1 and by otpauth 9.5.2 of npm: an encoded colon is a separator for otpauth and a part of the
# account's name for PyOTP, "+" in a value is a blank for PyOTP and a plus sign for otpauth, the blank after the colon stays in the name
# with both, a lower-case algorithm or another issuer in the label than in the parameter is refused by PyOTP alone. Seen 2026-11.
#
# Writers are safe with the narrowest form: ":" as it is, "%20" for a blank and never "+", SHA1 in capitals or left out, the same issuer
# in both places. URLSearchParams writes "+", so it is not for this; encodeURIComponent is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pyotp==2.12.1
npm install --silent --no-audit --no-fund --prefix . otpauth@9.5.2

cat > addresses <<'TEXT'
otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Example
otpauth://totp/Example%3Aalice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP
otpauth://totp/Example:%20alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Example
otpauth://totp/Big%20Shop:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Big+Shop
otpauth://totp/Old:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=New
otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=sha1
TEXT
cat > read.py <<'PYTHON'
import pyotp
for number, address in enumerate(open('addresses'), 1):
  try:
    read = pyotp.parse_uri(address.strip())
    print(number, f'PyOTP: issuer "{read.issuer}", account "{read.name}"')
  except ValueError as error:
    print(number, 'PyOTP:', error)
PYTHON
cat > read.mjs <<'NODE'
import { readFileSync } from 'node:fs'
import { URI } from 'otpauth'
for (const [index, address] of readFileSync('addresses', 'utf8').trim().split('\n').entries()) {
  const { issuer, label } = URI.parse(address)
  console.log(index + 1, `otpauth: issuer "${issuer}", account "${label}"`)
}
NODE

{ venv/bin/python read.py; node read.mjs; } | sort -s -n | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
1 PyOTP: issuer "Example", account "alice"
1 otpauth: issuer "Example", account "alice"
2 PyOTP: issuer "None", account "Example:alice"
2 otpauth: issuer "Example", account "alice"
3 PyOTP: issuer "Example", account " alice"
3 otpauth: issuer "Example", account " alice"
4 PyOTP: issuer "Big Shop", account "alice"
4 otpauth: issuer "Big+Shop", account "alice"
5 PyOTP: If issuer is specified in both label and parameters, it should be equal.
5 otpauth: issuer "New", account "alice"
6 PyOTP: Invalid value for algorithm, must be SHA1, SHA256 or SHA512
6 otpauth: issuer "Example", account "alice"
STATED
