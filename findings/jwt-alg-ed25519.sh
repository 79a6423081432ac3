#!/usr/bin/env bash
# The two names of one signature: few verifiers take a token whose "alg" is Ed25519.
#
# RFC 9864 (2025) gave Ed25519 signatures a name of their own, "Ed25519", and deprecated the old "EdDSA" (RFC 8037). The signature
# is the same. With the public key in a set that says "EdDSA", one that says "Ed25519" and one that says no "alg", each library
# is given a token of either name and told to allow both names. Of nine libraries one, jwcrypto, accepts all six. jose and joserfc
# want the same name in token and set. fast-jwt, PyJWT, golang-jwt, Authlib and go-jose know only the old name.
# PyJWT goes further: a key whose "alg" is the new name is no key. jsonwebtoken 9.0.3 knows neither. Seen 2026-11; versions below.
#
# An issuer that signs with Ed25519 keeps "EdDSA" in the header and in the set until its clients are known to read the new name,
# and one that moves changes the two together. ES256 and RS256 know no such question.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check Authlib==1.9.10 joserfc==1.8.0 PyJWT==2.15.1 jwcrypto==1.6.1 cryptography==50.0.2
npm install --silent --no-audit --no-fund --prefix . jose@6.2.18 fast-jwt@6.3.6 jsonwebtoken@9.0.3
export GOMODCACHE="$work/modules" GOFLAGS='-mod=mod -modcacherw'
go mod init finding
go get github.com/go-jose/go-jose/v4@v4.1.9 github.com/golang-jwt/jwt/v5@v5.3.1 github.com/MicahParks/keyfunc/v3@v3.9.2

cat > verify.mjs <<'NODE'
import { writeFileSync } from 'node:fs'
import * as jose from 'jose'
import { createVerifier } from 'fast-jwt'
import jsonwebtoken from 'jsonwebtoken'

const names = ['EdDSA', 'Ed25519']
const { publicKey, privateKey } = await jose.generateKeyPair('Ed25519', { extractable: true })
const key = { ...(await jose.exportJWK(publicKey)), kid: 'k', use: 'sig' }
const pem = await jose.exportSPKI(publicKey)
const sets = { EdDSA: { ...key, alg: 'EdDSA' }, Ed25519: { ...key, alg: 'Ed25519' }, none: key }
for (const [said, jwk] of Object.entries(sets)) writeFileSync(`set-${said}.json`, JSON.stringify({ keys: [jwk] }))
const tokens = {}
for (const alg of names) {
  const token = new jose.SignJWT({}).setProtectedHeader({ alg, kid: 'k' }).setIssuedAt().setExpirationTime('1h')
  tokens[alg] = await token.sign(privateKey)
  writeFileSync(`token-${alg}`, tokens[alg])
}
const verdict = async (verify) => {
  try {
    await verify()
    return 'yes'
  } catch {
    return 'no'
  }
}
const row = async (library, verify) => {
  const cells = []
  for (const said of Object.keys(sets)) for (const alg of names) cells.push(await verdict(() => verify(tokens[alg], sets[said])))
  console.log([library, ...cells].join(' '))
}
console.log('library EdDSA/EdDSA EdDSA/Ed25519 Ed25519/EdDSA Ed25519/Ed25519 none/EdDSA none/Ed25519')
await row('jose', (token, jwk) => jose.jwtVerify(token, jose.createLocalJWKSet({ keys: [jwk] }), { algorithms: names }))
await row('fast-jwt', (token) => createVerifier({ key: pem })(token))
await row('jsonwebtoken', (token) => jsonwebtoken.verify(token, pem))
NODE

cat > verify.py <<'PYTHON'
import json, warnings
warnings.simplefilter('ignore')
import jwt
from authlib.jose import JsonWebKey, JsonWebToken
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from jwcrypto import jwk, jwt as jwcrypto_jwt

names = ['EdDSA', 'Ed25519']
readers = {
  'PyJWT': lambda token, keys: jwt.decode(token, jwt.PyJWKSet.from_dict(keys)['k'], algorithms=names),
  'Authlib': lambda token, keys: JsonWebToken(names).decode(token, JsonWebKey.import_key_set(keys)),
  'joserfc': lambda token, keys: joserfc_jwt.decode(token, KeySet.import_key_set(keys), algorithms=names),
  'jwcrypto': lambda token, keys: jwcrypto_jwt.JWT(jwt=token, key=jwk.JWKSet.from_json(json.dumps(keys)), algs=names, expected_type='JWS'),
}
for library, read in readers.items():
  cells = []
  for said in ['EdDSA', 'Ed25519', 'none']:
    for alg in names:
      try:
        read(open(f'token-{alg}').read(), json.load(open(f'set-{said}.json')))
        cells.append('yes')
      except Exception:
        cells.append('no')
  print(library, *cells)
PYTHON

cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
)

func goJose(token string, keys []byte) error {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(keys, &set); err != nil {
		return err
	}
	parsed, err := josejwt.ParseSigned(token, []jose.SignatureAlgorithm{"EdDSA", "Ed25519"})
	if err != nil {
		return err
	}
	return parsed.Claims(set, &josejwt.Claims{})
}

func golangJwt(token string, keys []byte) error {
	set, err := keyfunc.NewJWKSetJSON(keys)
	if err != nil {
		return err
	}
	_, err = jwt.Parse(token, set.Keyfunc, jwt.WithValidMethods([]string{"EdDSA", "Ed25519"}))
	return err
}

func row(library string, verify func(string, []byte) error) {
	cells := []string{library}
	for _, said := range []string{"EdDSA", "Ed25519", "none"} {
		keys, _ := os.ReadFile("set-" + said + ".json")
		for _, alg := range []string{"EdDSA", "Ed25519"} {
			token, _ := os.ReadFile("token-" + alg)
			if verify(string(token), keys) == nil {
				cells = append(cells, "yes")
			} else {
				cells = append(cells, "no")
			}
		}
	}
	fmt.Println(strings.Join(cells, " "))
}

func main() {
	row("go-jose", goJose)
	row("golang-jwt", golangJwt)
}
GO

{ node verify.mjs; venv/bin/python verify.py; go run .; } > table
echo 'Columns: "alg" of the key / "alg" of the token'
column -t table
diff - table << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
library EdDSA/EdDSA EdDSA/Ed25519 Ed25519/EdDSA Ed25519/Ed25519 none/EdDSA none/Ed25519
jose yes no no yes yes yes
fast-jwt yes no yes no yes no
jsonwebtoken no no no no no no
PyJWT yes no no no yes no
Authlib yes no yes no yes no
joserfc yes no no yes yes yes
jwcrypto yes yes yes yes yes yes
go-jose yes no yes no yes no
golang-jwt yes no no no yes no
STATED
