#!/usr/bin/env bash
# Authlib's validator for RFC 9068 refuses a person who has no roles.
#
# Authlib 1.9.10 with joserfc 1.8.0: JWTBearerTokenValidator names "roles", "groups", "entitlements" and "scope" as optional claims.
# A token without them is accepted, one with ["reader"] too, and one with an empty list is invalid_token although the resource asked
# for no role at all: joserfc takes an empty value for a broken one unless allow_blank is set, and Authlib does not set it.
# An empty "amr" passes. RFC 9068 and SCIM (RFC 7643) allow empty lists. Seen 2026-11.
#
# The people who notice are new users without any role: each of their calls is 401. An issuer that wants to serve such clients
# leaves an empty claim out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check Authlib==1.9.10 joserfc==1.8.0 cryptography==50.0.2
cat > validate.py <<'PYTHON'
import time
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwt
from joserfc.jwk import ECKey

key = ECKey.generate_key('P-256')

class Validator(JWTBearerTokenValidator):
  def get_jwks(self):
    return key.as_dict(private=False)

now = int(time.time())
required = {'iss': 'https://issuer.example', 'sub': 'alice', 'aud': 'https://api.example', 'client_id': 'app', 'jti': '1', 'iat': now, 'exp': now + 600}
validator = Validator('https://issuer.example', 'https://api.example')
for more in [{}, {'roles': ['reader']}, {'roles': []}, {'groups': []}, {'entitlements': []}, {'scope': ''}, {'amr': []}]:
  token = jwt.encode({'alg': 'ES256', 'typ': 'at+jwt'}, required | more, key)
  try:
    validator.validate_token(validator.authenticate_token(token), None, None)
    print(more, 'is accepted')
  except Exception as error:
    print(more, 'is refused:', error.__cause__)
PYTHON

venv/bin/python validate.py | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
{} is accepted
{'roles': ['reader']} is accepted
{'roles': []} is refused: invalid_claim: Invalid claim: 'roles'
{'groups': []} is refused: invalid_claim: Invalid claim: 'groups'
{'entitlements': []} is refused: invalid_claim: Invalid claim: 'entitlements'
{'scope': ''} is refused: invalid_claim: Invalid claim: 'scope'
{'amr': []} is accepted
STATED
