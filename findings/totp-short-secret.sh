#!/usr/bin/env bash
# Secrets of ten bytes, which authenticator apps were given for years, stop two of three libraries, at different lengths.
#
# Ten bytes in sixteen letters were the usual size of a TOTP secret for a decade, though RFC 4226 asks for 128 bits. PyOTP 2.12.1
# refuses below 14 bytes (112 bits), otplib 13.5.0 below 16, otpauth 9.5.2 takes all. A secret of 14 bytes
# passes one and not the other. Seen 2026-11.
#
# Whoever moves users with a second factor from another service, or raises the library: look at the lengths of the stored secrets first.
# The people concerned cannot sign in, and the error names a secret that they never see. Let them set up a new one, or check by
# a library that takes short secrets until they have. otplib takes other limits through createGuardrails.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pyotp==2.12.1
npm install --silent --no-audit --no-fund --prefix . otplib@13.5.0 otpauth@9.5.2

cat > codes.py <<'PYTHON'
import base64, pyotp
for length in [10, 14, 16, 20]:
  secret = base64.b32encode(bytes(range(length))).decode().rstrip('=')
  try:
    print(length, 'bytes: PyOTP gives', pyotp.TOTP(secret).at(0))
  except ValueError as error:
    print(length, 'bytes: PyOTP refuses:', error)
PYTHON
cat > codes.mjs <<'NODE'
import { Secret, TOTP } from 'otpauth'
import { generate } from 'otplib'
for (const length of [10, 14, 16, 20]) {
  const secret = new Secret({ buffer: Uint8Array.from({ length }, (_, index) => index).buffer })
  console.log(length, 'bytes: otpauth gives', new TOTP({ secret }).generate({ timestamp: 0 }))
  const code = await generate({ secret: secret.base32, epoch: 0 }).catch((error) => error)
  console.log(length, 'bytes: otplib', typeof code === 'string' ? `gives ${code}` : `refuses: ${code.message}`)
}
NODE

{ venv/bin/python codes.py; node codes.mjs; } | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
10 bytes: PyOTP refuses: Secrets must be at least 112 bits after decoding
14 bytes: PyOTP gives 485766
16 bytes: PyOTP gives 990870
20 bytes: PyOTP gives 858575
10 bytes: otpauth gives 207059
10 bytes: otplib refuses: Secret must be at least 16 bytes (128 bits), got 10 bytes
14 bytes: otpauth gives 485766
14 bytes: otplib refuses: Secret must be at least 16 bytes (128 bits), got 14 bytes
16 bytes: otpauth gives 990870
16 bytes: otplib gives 990870
20 bytes: otpauth gives 858575
20 bytes: otplib gives 858575
STATED
