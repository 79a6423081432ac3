package identity

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A token per line; the answer to each. "+90s" lets that time pass, in a bubble whose clock is the program's own.
func TestVerify(t *testing.T) {
	// A kept connection would hold the bubble's time.
	http.DefaultTransport.(*http.Transport).DisableKeepAlives = true
	synctest.Test(t, func(*testing.T) {
		var verify func(token string) string
		lines := bufio.NewReader(os.Stdin)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				os.Exit(0)
			}
			line = strings.TrimSpace(line)
			if passed, isTime := strings.CutPrefix(line, "+"); isTime {
				duration, err := time.ParseDuration(passed)
				if err != nil {
					panic(err)
				}
				time.Sleep(duration)
				synctest.Wait()
				continue
			}
			if verify == nil {
				verify = newVerifier()
			}
			fmt.Println(verify(line))
		}
	})
}
