#!/usr/bin/env bash
# One key of a new kind in a key set stops some verifiers, and others do not notice it.
#
# RFC 7517, section 5: a reader SHOULD ignore the keys of a set whose "kty" or parameters it does not know. Here a set holds the
# P-256 key that signed the token and, beside it, either an ML-DSA-44 key ("kty": "AKP") or an Ed448 key (RFC 8037).
# Authlib 1.9.10 and python-jose 3.5.0 stop at the new key, go-jose 4.1.9 and keyfunc 3.9.2 refuse the whole set, jwx 3.4.0
# refuses it for AKP alone. jose 6.2.18, PyJWT 2.15.1, joserfc 1.8.0, jwcrypto 1.6.1 and go-oidc 3.21.0 do as the RFC says.
# Seen 2026-11.
#
# Whoever publishes a key set: a new kind of key is a breaking change for clients that never use it. Publish it under another
# address, or after the clients were asked. Whoever verifies with jwx: jwk.WithIgnoreParseError(true).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check Authlib==1.9.10 python-jose==3.5.0 joserfc==1.8.0 PyJWT==2.15.1 jwcrypto==1.6.1 cryptography==50.0.2
npm install --silent --no-audit --no-fund --prefix . jose@6.2.18
export GOMODCACHE="$work/modules" GOFLAGS='-mod=mod -modcacherw'
go mod init finding
go get github.com/go-jose/go-jose/v4@v4.1.9 github.com/golang-jwt/jwt/v5@v5.3.1 github.com/MicahParks/keyfunc/v3@v3.9.2 \
  github.com/lestrrat-go/jwx/v3@v3.4.0 github.com/coreos/go-oidc/v3@v3.21.0

cat > verify.py <<'PYTHON'
import base64, json, time, warnings
warnings.simplefilter('ignore')
import jwt
from authlib.jose import JsonWebKey, JsonWebToken
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from jose import jwt as python_jose
from jwcrypto import jwk, jwt as jwcrypto_jwt

private = ec.generate_private_key(ec.SECP256R1())
signing = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key())) | {'kid': 'now', 'use': 'sig', 'alg': 'ES256'}
other = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key()))
sets = {
  'AKP': {'kty': 'AKP', 'kid': 'next', 'use': 'sig', 'alg': 'ML-DSA-44', 'pub': base64.urlsafe_b64encode(bytes([7]) * 1312).decode().rstrip('=')},
  'Ed448': other | {'kid': 'next', 'use': 'sig', 'alg': 'EdDSA'},
}
claims = {'iss': 'https://issuer.example', 'sub': 'alice', 'aud': 'api', 'exp': int(time.time()) + 600}
token = jwt.encode(claims, private, 'ES256', headers={'kid': 'now'})
open('token', 'w').write(token)

def with_pyjwt(keys):
  known = {key.key_id: key for key in jwt.PyJWKSet.from_dict(keys).keys}
  return jwt.decode(token, known['now'], algorithms=['ES256'], audience='api')

readers = {
  'Authlib': lambda keys: JsonWebToken(['ES256']).decode(token, JsonWebKey.import_key_set(keys)),
  'python-jose': lambda keys: python_jose.decode(token, keys, algorithms=['ES256'], audience='api'),
  'joserfc': lambda keys: joserfc_jwt.decode(token, KeySet.import_key_set(keys), algorithms=['ES256']),
  'PyJWT': with_pyjwt,
  'jwcrypto': lambda keys: jwcrypto_jwt.JWT(jwt=token, key=jwk.JWKSet.from_json(json.dumps(keys)), algs=['ES256'], expected_type='JWS'),
}
for kind, new in sets.items():
  keys = {'keys': [new, signing]}
  json.dump(keys, open(f'{kind}.json', 'w'))
  for name, read in readers.items():
    try:
      read(keys)
      print(f'{kind}: {name} accepts the token')
    except Exception as error:
      print(f'{kind}: {name} raises {type(error).__name__}')
PYTHON

cat > verify.mjs <<'NODE'
import { readFileSync } from 'node:fs'
import { createLocalJWKSet, jwtVerify } from 'jose'
for (const kind of ['AKP', 'Ed448']) {
  const keys = createLocalJWKSet(JSON.parse(readFileSync(`${kind}.json`, 'utf8')))
  await jwtVerify(readFileSync('token', 'utf8'), keys, { audience: 'api' })
  console.log(`${kind}: jose accepts the token`)
}
NODE

cat > main.go <<'GO'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
)

func main() {
	token, _ := os.ReadFile("token")
	for _, kind := range []string{"AKP", "Ed448"} {
		keys, _ := os.ReadFile(kind + ".json")
		report := func(name string, err error) {
			if err == nil {
				fmt.Printf("%s: %s accepts the token\n", kind, name)
			} else {
				fmt.Printf("%s: %s refuses\n", kind, name)
			}
		}
		report("go-jose", json.Unmarshal(keys, &jose.JSONWebKeySet{}))

		known, err := keyfunc.NewJWKSetJSON(keys)
		if err == nil {
			_, err = jwt.Parse(string(token), known.Keyfunc)
		}
		report("keyfunc", err)

		set, err := jwk.Parse(keys)
		if err == nil {
			_, err = jwxjwt.Parse(token, jwxjwt.WithKeySet(set))
		}
		report("jwx", err)

		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(keys) }))
		remote := oidc.NewRemoteKeySet(context.Background(), server.URL)
		verifier := oidc.NewVerifier("https://issuer.example", remote, &oidc.Config{ClientID: "api", SupportedSigningAlgs: []string{"ES256"}})
		_, err = verifier.Verify(context.Background(), string(token))
		report("go-oidc", err)
		server.Close()
	}
}
GO

{ venv/bin/python verify.py; node verify.mjs; go run .; } | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
AKP: Authlib raises KeyError
AKP: python-jose raises JWKError
AKP: joserfc accepts the token
AKP: PyJWT accepts the token
AKP: jwcrypto accepts the token
Ed448: Authlib accepts the token
Ed448: python-jose raises JWKError
Ed448: joserfc accepts the token
Ed448: PyJWT accepts the token
Ed448: jwcrypto accepts the token
AKP: jose accepts the token
Ed448: jose accepts the token
AKP: go-jose refuses
AKP: keyfunc refuses
AKP: jwx refuses
AKP: go-oidc accepts the token
Ed448: go-jose refuses
Ed448: keyfunc refuses
Ed448: jwx accepts the token
Ed448: go-oidc accepts the token
STATED
