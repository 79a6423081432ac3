#!/usr/bin/env bash
# A token that is a few seconds "from the future" is refused by some verifiers, and the standard gives none a reason.
#
# RFC 7519, section 4.1.6, says of "iat" only that it tells the token's age; "nbf" is the claim for "not yet". A verifier whose
# clock is 50 seconds behind the issuer's sees iat = now + 50. PyJWT 2.15.1, joserfc 1.8.0 and jwx 3.4.0 refuse such a token, with
# no leeway by default; go-jose 4.1.9 looks too, with a leeway of one minute. jose 6.2.18, jsonwebtoken 9.0.3,
# fast-jwt 6.3.6, python-jose 3.5.0, jwcrypto 1.6.1 and golang-jwt 5.3.1 do not look. Seen 2026-11.
#
# Symptom: right after sign-in the first calls are 401, the same token works seconds later. Issuers may date "iat" some seconds back;
# users of PyJWT set leeway=, of joserfc JWTClaimsRegistry(leeway=), of jwx jwt.WithAcceptableSkew().
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check PyJWT==2.15.1 joserfc==1.8.0 python-jose==3.5.0 jwcrypto==1.6.1 cryptography==50.0.2
npm install --silent --no-audit --no-fund --prefix . jose@6.2.18 fast-jwt@6.3.6 jsonwebtoken@9.0.3
export GOMODCACHE="$work/modules" GOFLAGS='-mod=mod -modcacherw'
go mod init finding
go get github.com/go-jose/go-jose/v4@v4.1.9 github.com/golang-jwt/jwt/v5@v5.3.1 github.com/lestrrat-go/jwx/v3@v3.4.0

cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwa"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
)

func main() {
	key := []byte("a shared key of thirty-two bytes")
	claims := jwt.MapClaims{"iat": time.Now().Unix() + 50, "exp": time.Now().Unix() + 600}
	token, _ := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(key)
	os.WriteFile("token", []byte(token), 0o600)
	report := func(library string, err error) {
		if err == nil {
			fmt.Println(library, "accepts")
		} else {
			fmt.Println(library, "refuses")
		}
	}
	parsed, err := josejwt.ParseSigned(token, []jose.SignatureAlgorithm{"HS256"})
	var found josejwt.Claims
	if err == nil {
		err = parsed.Claims(key, &found)
	}
	if err == nil {
		err = found.Validate(josejwt.Expected{})
	}
	report("go-jose", err)
	_, err = jwt.Parse(token, func(*jwt.Token) (any, error) { return key, nil })
	report("golang-jwt", err)
	_, err = jwxjwt.Parse([]byte(token), jwxjwt.WithKey(jwa.HS256(), key))
	report("jwx", err)
}
GO

cat > verify.mjs <<'NODE'
import { readFileSync } from 'node:fs'
import { createVerifier } from 'fast-jwt'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
const key = Buffer.from('a shared key of thirty-two bytes')
const token = readFileSync('token', 'utf8')
const report = async (library, verify) => {
  try {
    await verify()
    console.log(library, 'accepts')
  } catch {
    console.log(library, 'refuses')
  }
}
await report('jose', () => jwtVerify(token, key))
await report('jsonwebtoken', () => jsonwebtoken.verify(token, key))
await report('fast-jwt', () => createVerifier({ key })(token))
NODE

cat > verify.py <<'PYTHON'
import jwt
from joserfc import jwk as joserfc_jwk, jwt as joserfc_jwt
from jose import jwt as python_jose
from jwcrypto import jwk, jwt as jwcrypto_jwt
import base64
key, token = 'a shared key of thirty-two bytes', open('token').read()

def with_joserfc():
  found = joserfc_jwt.decode(token, joserfc_jwk.OctKey.import_key(key), algorithms=['HS256'])
  joserfc_jwt.JWTClaimsRegistry().validate(found.claims)

def with_jwcrypto():
  shared = jwk.JWK(kty='oct', k=base64.urlsafe_b64encode(key.encode()).decode().rstrip('='))
  jwcrypto_jwt.JWT(jwt=token, key=shared, expected_type='JWS')

readers = {
  'PyJWT': lambda: jwt.decode(token, key, algorithms=['HS256']),
  'joserfc': with_joserfc,
  'python-jose': lambda: python_jose.decode(token, key, algorithms=['HS256']),
  'jwcrypto': with_jwcrypto,
}
for library, read in readers.items():
  try:
    read()
    print(library, 'accepts')
  except Exception:
    print(library, 'refuses')
PYTHON

# The program is built first: the token must not be older than the verifiers take to start.
go build -o verify .
{ ./verify; node verify.mjs; venv/bin/python verify.py; } | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
go-jose accepts
golang-jwt accepts
jwx refuses
jose accepts
jsonwebtoken accepts
fast-jwt accepts
PyJWT refuses
joserfc refuses
python-jose accepts
jwcrypto accepts
STATED
