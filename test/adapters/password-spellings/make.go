// Prints hashes that go-crypt, which Authelia stores passwords by, makes of the passwords: one JSON object a line.
package main

import (
	"encoding/json"
	"os"
	"runtime/debug"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
	"github.com/go-crypt/crypt/algorithm/scrypt"
	"github.com/go-crypt/crypt/algorithm/shacrypt"
)

func must[T any](made T, err error) T {
	if err != nil {
		panic(err)
	}
	return made
}

func main() {
	maker := "go-crypt"
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/go-crypt/crypt" {
			maker += " " + module.Version
		}
	}
	write := json.NewEncoder(os.Stdout)
	write.SetEscapeHTML(false)
	hashers := []struct {
		spelling string
		hasher   algorithm.Hash
	}{
		{"argon2", must(argon2.New(argon2.WithVariantID(), argon2.WithT(3), argon2.WithM(1024), argon2.WithP(4)))},
		{"argon2", must(argon2.New(argon2.WithVariantI(), argon2.WithT(3), argon2.WithM(1024), argon2.WithP(4)))},
		{"bcrypt", must(bcrypt.New(bcrypt.WithIterations(10)))},
		{"passlib-pbkdf2", must(pbkdf2.NewSHA1(pbkdf2.WithIterations(100_000)))},
		{"passlib-pbkdf2", must(pbkdf2.NewSHA224(pbkdf2.WithIterations(100_000)))},
		{"passlib-pbkdf2", must(pbkdf2.NewSHA256(pbkdf2.WithIterations(100_000)))},
		{"passlib-pbkdf2", must(pbkdf2.NewSHA384(pbkdf2.WithIterations(100_000)))},
		{"passlib-pbkdf2", must(pbkdf2.NewSHA512(pbkdf2.WithIterations(100_000)))},
		{"passlib-scrypt", must(scrypt.New(scrypt.WithLN(12)))},
		{"sha256-crypt", must(shacrypt.New(shacrypt.WithSHA256(), shacrypt.WithIterations(1_500)))},
		{"sha512-crypt", must(shacrypt.New(shacrypt.WithSHA512(), shacrypt.WithIterations(1_500)))},
	}
	for _, password := range []string{"correct horse battery staple", "Pässwörter: 한국어 🦉"} {
		for _, one := range hashers {
			made := must(one.hasher.Hash(password)).Encode()
			err := write.Encode(map[string]string{"spelling": one.spelling, "maker": maker, "password": password, "hash": made})
			if err != nil {
				panic(err)
			}
		}
	}
}
