package identity

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
)

// The libraries as they come, asked for the signature alone.
func newVerifier() func(string) string {
	ctx, url := context.Background(), os.Getenv("GATEHOUSE_ISSUER")+"/.well-known/jwks.json"
	var verify func(token string) error
	switch library := os.Getenv("LIBRARY"); library {
	case "go-oidc":
		keys := oidc.NewRemoteKeySet(ctx, url)
		verify = func(token string) error {
			_, err := keys.VerifySignature(ctx, token)
			return err
		}
	case "jwx":
		cache, err := jwk.NewCache(ctx, httprc.NewClient(httprc.WithHTTPClient(http.DefaultClient)))
		if err != nil {
			panic(err)
		}
		if err := cache.Register(ctx, url); err != nil {
			panic(err)
		}
		keys, err := cache.CachedSet(url)
		if err != nil {
			panic(err)
		}
		verify = func(token string) error {
			_, err := jws.Verify([]byte(token), jws.WithKeySet(keys))
			return err
		}
	default:
		panic("LIBRARY: " + library)
	}
	return func(token string) string {
		if err := verify(token); err != nil {
			return fmt.Sprintf("401 %q", err)
		}
		return "200 "
	}
}
