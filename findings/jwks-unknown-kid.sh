#!/usr/bin/env bash
# What a verifier asks of the key set's address: nothing that Cache-Control says, and by some once for each token with an unknown "kid".
#
# The key set is served with "Cache-Control: no-store". Twenty good tokens cost one request with each library: none reads the header.
# Then come twenty tokens whose "kid" the set does not hold, as anybody can write them: jose 6.2.18 and PyJWT 2.15.1 ask nothing more
# (a cooldown of 30 seconds), keyfunc 3.9.2 asks once, jwks-rsa 4.1.0 (rateLimit is off by default) and go-oidc 3.21.0 ask twenty times.
# Seen 2026-11.
#
# Who publishes keys: max-age does not shorten the wait before a new key signs (jose keeps a set ten minutes, PyJWT five), so
# publish the key well before. Serve the set from memory, outside the limits that guard other routes: a client that forwards
# strangers' tokens forwards their number too. Users of jwks-rsa set rateLimit: true.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check PyJWT==2.15.1 cryptography==50.0.2
npm install --silent --no-audit --no-fund --prefix . jose@6.2.18 jwks-rsa@4.1.0
export GOMODCACHE="$work/modules" GOFLAGS='-mod=mod -modcacherw'
go mod init finding
go get github.com/golang-jwt/jwt/v5@v5.3.1 github.com/MicahParks/keyfunc/v3@v3.9.2 github.com/coreos/go-oidc/v3@v3.21.0 github.com/go-jose/go-jose/v4@v4.1.9

cat > ask.mjs <<'NODE'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import * as jose from 'jose'
import jwksRsa from 'jwks-rsa'

const { publicKey, privateKey } = await jose.generateKeyPair('RS256', { extractable: true })
const keys = JSON.stringify({ keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'known', use: 'sig', alg: 'RS256' }] })
const token = (kid) => new jose.SignJWT({}).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
const tokens = { known: [], unknown: [] }
for (let i = 0; i < 20; i++) {
  tokens.known.push(await token('known'))
  tokens.unknown.push(await token(`unknown-${i}`))
}
writeFileSync('given.json', JSON.stringify({ keys, ...tokens }))

let asked = 0
const server = createServer((_, response) => {
  asked++
  response.writeHead(200, { 'content-type': 'application/jwk-set+json', 'cache-control': 'no-store' }).end(keys)
})
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const url = `http://127.0.0.1:${server.address().port}/`
const report = async (library, find) => {
  const counts = []
  for (const kind of ['known', 'unknown']) {
    asked = 0
    for (const each of tokens[kind]) await find(each).catch(() => undefined)
    counts.push(`${kind} ${asked}`)
  }
  console.log(`${library}: ${counts.join(', ')}`)
}
const remote = jose.createRemoteJWKSet(new URL(url))
await report('jose', (each) => jose.jwtVerify(each, remote))
const client = jwksRsa({ jwksUri: url })
await report('jwks-rsa', (each) => client.getSigningKey(jose.decodeProtectedHeader(each).kid))
server.close()
NODE

cat > ask.py <<'PYTHON'
import json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
import jwt

given, asked = json.load(open('given.json')), 0

class KeySet(BaseHTTPRequestHandler):
  def do_GET(self):
    global asked
    asked += 1
    self.send_response(200)
    self.send_header('cache-control', 'no-store')
    self.end_headers()
    self.wfile.write(given['keys'].encode())
  def log_message(self, *_):
    pass

server = HTTPServer(('127.0.0.1', 0), KeySet)
threading.Thread(target=server.serve_forever, daemon=True).start()
client, counts = jwt.PyJWKClient(f'http://127.0.0.1:{server.server_port}/'), []
for kind in ['known', 'unknown']:
  asked = 0
  for token in given[kind]:
    try:
      client.get_signing_key_from_jwt(token)
    except jwt.PyJWKClientError:
      pass
  counts.append(f'{kind} {asked}')
print('PyJWT:', ', '.join(counts))
PYTHON

cat > main.go <<'GO'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	var given struct {
		Keys           string
		Known, Unknown []string
	}
	text, _ := os.ReadFile("given.json")
	if err := json.Unmarshal(text, &given); err != nil {
		panic(err)
	}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprint(w, given.Keys)
	}))
	defer server.Close()
	ctx := context.Background()
	report := func(library string, verify func(token string)) {
		for _, token := range given.Known {
			verify(token)
		}
		known := asked.Swap(0)
		for _, token := range given.Unknown {
			verify(token)
		}
		fmt.Printf("%s: known %d, unknown %d\n", library, known, asked.Swap(0))
	}
	remote := oidc.NewRemoteKeySet(ctx, server.URL)
	report("go-oidc", func(token string) { remote.VerifySignature(ctx, token) })
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{server.URL})
	if err != nil {
		panic(err)
	}
	report("keyfunc", func(token string) { jwt.Parse(token, keys.Keyfunc) })
}
GO

{ node ask.mjs; venv/bin/python ask.py; go run .; } | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
jose: known 1, unknown 0
jwks-rsa: known 1, unknown 20
PyJWT: known 1, unknown 0
go-oidc: known 1, unknown 20
keyfunc: known 1, unknown 1
STATED
