#!/usr/bin/env bash
# golang.org/x/oauth2 sends a refused code or refresh token a second time.
#
# golang.org/x/oauth2 0.38.0, with Endpoint.AuthStyle left as it is: until a first success it does not know how the server wants the
# client to authenticate. It tries HTTP Basic, and after *any* failure, an invalid_grant or a 503 as well as an invalid_client, sends the
# same code or refresh token again with the secret in the form. After one success it asks once. Seen 2026-11.
#
# What a server sees: one wrong code counts as two tries, a code that failed half way comes back at once (and may look like a
# replay), a service in trouble gets twice the requests. Counters of failures should allow for it; users set
# Endpoint.AuthStyle to AuthStyleInHeader, or AuthStyleInParams, and are asked nothing twice.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

export GOMODCACHE="$work/modules" GOFLAGS='-mod=mod -modcacherw'
go mod init finding
go get golang.org/x/oauth2@v0.38.0
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"golang.org/x/oauth2"
)

func main() {
	status, answer := 400, `{"error":"invalid_grant"}`
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		way := "form"
		if _, _, basic := r.BasicAuth(); basic {
			way = "basic"
		}
		r.ParseForm()
		asked = append(asked, way+" "+r.PostForm.Get("code")+r.PostForm.Get("refresh_token"))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	report := func(what string) {
		fmt.Printf("%s: %q\n", what, asked)
		asked = nil
	}
	config := &oauth2.Config{ClientID: "app", ClientSecret: "secret", Endpoint: oauth2.Endpoint{TokenURL: server.URL}}
	ctx := context.Background()

	config.Exchange(ctx, "code-1")
	report("invalid_grant")
	status = 503
	config.TokenSource(ctx, &oauth2.Token{RefreshToken: "refresh-1"}).Token()
	report("503")

	named := *config
	named.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	status = 400
	named.Exchange(ctx, "code-2")
	report("invalid_grant, style named")

	status, answer = 200, `{"access_token":"x","token_type":"Bearer"}`
	config.Exchange(ctx, "code-3")
	report("success")
	status, answer = 400, `{"error":"invalid_grant"}`
	config.Exchange(ctx, "code-4")
	report("invalid_grant after a success")
}
GO

go run . | tee seen
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
invalid_grant: ["basic code-1" "form code-1"]
503: ["basic refresh-1" "form refresh-1"]
invalid_grant, style named: ["basic code-2"]
success: ["basic code-3"]
invalid_grant after a success: ["basic code-4"]
STATED
