package identity

import (
	"context"
	"errors"
	"fmt"
)

func newVerifier() func(string) string {
	return func(token string) string {
		claims, err := ClaimsOf(context.Background(), token)
		switch {
		case errors.Is(err, ErrUnavailable):
			return fmt.Sprint("503 ", err)
		case err != nil:
			return fmt.Sprint("401 ", err)
		}
		return "200 " + claims.Subject
	}
}
