#!/bin/sh
# Writes vectors.jsonl anew, in a folder for what it needs: ./make.sh FOLDER. Needs Python 3, PHP, Go, Java 17 and Maven.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/go"
[ -x "$1/python/bin/pip" ] || python3 -m venv "$1/python"
"$1/python/bin/pip" install --quiet --requirement "$here/requirements.txt"
cp "$here/make.go" "$here/go.mod" "$here/go.sum" "$1/go/"
mvn --quiet --batch-mode --file "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$1/java"
keycloak=$(basename "$1"/java/keycloak-core-*.jar .jar)
{
  "$1/python/bin/python" "$here/make.py"
  java -Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8 -cp "$1/java/*" "$here/Keycloak.java" "${keycloak#keycloak-core-}"
  php "$here/make.php"
  cd "$1/go" && go run make.go
} > "$here/vectors.jsonl"
