package identity

import (
	"errors"
	"fmt"
	"net/http"
)

func newVerifier() func(string) string {
	return func(assertion string) string {
		claims, err := Of(&http.Request{Header: http.Header{"X-Auth-Assertion": {assertion}}})
		switch {
		case errors.Is(err, ErrUnavailable):
			return fmt.Sprint("503 ", err)
		case err != nil:
			return fmt.Sprint("401 ", err)
		case claims == nil:
			return "nobody"
		}
		return "200 " + claims.Subject
	}
}
