#!/usr/bin/env bash
# One client, one secret, two Authorization headers: some clients do not form-encode for HTTP Basic.
#
# RFC 6749, section 2.3.1: client id and secret are form-encoded first, and only then joined by ":" and written in base64.
# openid-client 6.9.0 and golang.org/x/oauth2 0.38.0 do so. Authlib 1.9.10, requests-oauthlib 2.0.0 and httpx-auth 0.23.1 send both
# as they are. A server that decodes gets another secret from the second kind when it holds "+" or "%", and a server that does not
# decode gets another from the first kind when it holds "+", "/" or "=", as base64 does. Seen 2026-11.
#
# Issue secrets and client ids of letters, digits, "-", "." and "_" alone (base64url without padding, hex): both kinds then agree.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check Authlib==1.9.10 requests==2.34.2 requests-oauthlib==2.0.0 oauthlib==4.0.1 httpx==0.28.1 httpx-auth==0.23.1
npm install --silent --no-audit --no-fund --prefix . openid-client@6.9.0
export GOMODCACHE="$work/modules" GOFLAGS='-mod=mod -modcacherw'
go mod init finding
go get golang.org/x/oauth2@v0.38.0

cat > main.go <<'GO'
package main

import (
	"context"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	config := clientcredentials.Config{ClientID: "my app", ClientSecret: "p+q/r%3D==", TokenURL: os.Args[1], AuthStyle: oauth2.AuthStyleInHeader}
	if _, err := config.Token(context.Background()); err != nil {
		panic(err)
	}
}
GO
go build -o ask .
cat > ask.mjs <<'NODE'
import * as client from 'openid-client'
const issuer = new URL(process.argv[2]).origin
const config = new client.Configuration({ issuer, token_endpoint: process.argv[2] }, 'my app', undefined, client.ClientSecretBasic('p+q/r%3D=='))
client.allowInsecureRequests(config)
await client.clientCredentialsGrant(config)
NODE
cat > ask.py <<'PYTHON'
import base64, json, os, subprocess, threading, warnings
from http.server import BaseHTTPRequestHandler, HTTPServer
warnings.simplefilter('ignore')
os.environ['OAUTHLIB_INSECURE_TRANSPORT'] = '1'
import httpx, httpx_auth
from authlib.integrations.requests_client import OAuth2Session
from oauthlib.oauth2 import BackendApplicationClient
import requests_oauthlib

ID, SECRET = 'my app', 'p+q/r%3D=='

class TokenEndpoint(BaseHTTPRequestHandler):
  def do_POST(self):
    self.rfile.read(int(self.headers['content-length']))
    print(f'{asking}: {base64.b64decode(self.headers["authorization"].split()[1]).decode()}', flush=True)
    self.answer()
  def do_GET(self):
    self.answer()
  def answer(self):
    body = json.dumps({'access_token': 'x', 'token_type': 'Bearer', 'expires_in': 60}).encode()
    self.send_response(200)
    self.send_header('content-type', 'application/json')
    self.send_header('content-length', str(len(body)))
    self.end_headers()
    self.wfile.write(body)
  def log_message(self, *_):
    pass

server = HTTPServer(('127.0.0.1', 0), TokenEndpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f'http://127.0.0.1:{server.server_port}/token'
asking = 'Authlib'
OAuth2Session(ID, SECRET, token_endpoint_auth_method='client_secret_basic').fetch_token(url, grant_type='client_credentials')
asking = 'requests-oauthlib'
requests_oauthlib.OAuth2Session(client=BackendApplicationClient(ID)).fetch_token(url, client_id=ID, client_secret=SECRET)
asking = 'httpx-auth'
httpx.get(url, auth=httpx_auth.OAuth2ClientCredentials(url, ID, SECRET))
asking = 'openid-client'
subprocess.run(['node', 'ask.mjs', url], check=True)
asking = 'golang.org/x/oauth2'
subprocess.run(['./ask', url], check=True)
PYTHON

venv/bin/python ask.py | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
Authlib: my app:p+q/r%3D==
requests-oauthlib: my app:p+q/r%3D==
httpx-auth: my app:p+q/r%3D==
openid-client: my+app:p%2Bq%2Fr%253D%3D%3D
golang.org/x/oauth2: my+app:p%2Bq%2Fr%253D%3D%3D
STATED
