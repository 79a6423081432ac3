#!/bin/sh
# Writes vectors.jsonl anew, in a folder for what it needs: ./make.sh FOLDER. Needs Python 3, PHP, Go and openssl.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/go"
[ -x "$1/python/bin/pip" ] || python3 -m venv "$1/python"
"$1/python/bin/pip" install --quiet --requirement "$here/requirements.txt"
cp "$here/make.go" "$here/go.mod" "$here/go.sum" "$1/go/"
{
  "$1/python/bin/python" "$here/make.py"
  php "$here/make.php"
  cd "$1/go" && go run make.go
} > "$here/vectors.jsonl"
