#!/usr/bin/env bash
# Authlib's private_key_jwt takes every PEM text for an RSA key, whatever "alg" says.
#
# Authlib 1.9.10: PrivateKeyJWT(alg='ES256') with the PEM text of a P-256 key raises "Not a key of: 'RSA'" when the token is asked for.
# The same text read into an ECKey of joserfc works. The class names ES256 nowhere as an exception, and its example shows a text.
# Seen 2026-11.
#
# Clients of an issuer that asks for ES256 or EdDSA pass ECKey.import_key(pem) or OKPKey.import_key(pem) as client_secret.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check Authlib==1.9.10 joserfc==1.8.0 cryptography==50.0.2
cat > sign.py <<'PYTHON'
from types import SimpleNamespace
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey, RSAKey

method = lambda alg: PrivateKeyJWT('https://issuer.example/token', alg=alg)
def report(what, alg, key):
  try:
    assertion = method(alg).sign(SimpleNamespace(client_id='app', client_secret=key), 'https://issuer.example/token')
    print(what, 'signs, in', len(assertion.split('.')), 'parts')
  except Exception as error:
    print(what, 'raises', type(error).__name__, '-', error)

rsa, ec = RSAKey.generate_key(2048), ECKey.generate_key('P-256')
report('RS256 with PEM text', 'RS256', rsa.as_pem(private=True).decode())
report('ES256 with PEM text', 'ES256', ec.as_pem(private=True).decode())
report('ES256 with ECKey', 'ES256', ec)
PYTHON

venv/bin/python sign.py | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
RS256 with PEM text signs, in 3 parts
ES256 with PEM text raises InvalidKeyTypeError - invalid_key_type: Not a key of: 'RSA'
ES256 with ECKey signs, in 3 parts
STATED
