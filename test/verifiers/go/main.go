package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		claims, err := ClaimsOf(context.Background(), lines.Text())
		if err != nil {
			fmt.Println("refused:", err)
		} else {
			fmt.Println("accepted:", claims.Subject)
		}
	}
}
