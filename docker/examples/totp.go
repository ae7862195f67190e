// What an authenticator app shows (RFC 6238), with nothing but Go's own library.
//
//	echo GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ | go run totp.go
//
// A line of standard input is SECRET,ALGORITHM,DIGITS,PERIOD,TIME; all but the secret may be left out. Without a
// time it is the next code that was not shown yet, so the same line again gives another code.
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"log"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// Key is what an otpauth:// URI says of an authenticator.
type Key struct {
	Secret    string
	Algorithm string // SHA1, SHA256 or SHA512
	Digits    int
	Period    int64
}

var algorithms = map[string]func() hash.Hash{"SHA1": sha1.New, "SHA256": sha256.New, "SHA512": sha512.New}

func (k Key) Totp(unix int64) (string, error) {
	algorithm, known := algorithms[strings.ToUpper(k.Algorithm)]
	if !known {
		return "", fmt.Errorf("there is no algorithm %q", k.Algorithm)
	}
	// As people write it: small or capital letters, with or without spaces, dashes and the "=" at the end.
	letters := strings.NewReplacer(" ", "", "-", "").Replace(strings.ToUpper(k.Secret))
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(letters, "="))
	if err != nil || len(secret) == 0 {
		return "", fmt.Errorf("the secret is not base32")
	}
	mac := hmac.New(algorithm, secret)
	binary.Write(mac, binary.BigEndian, unix/k.Period)
	sum := mac.Sum(nil)
	number := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", k.Digits, int64(number)%int64(math.Pow10(k.Digits))), nil
}

// Authenticator is one user's app. A code is good once, so each is shown once: that of now, then that of the next
// step, which the service takes as well (skew_steps 1); for a third one it waits, for a step at most. It belongs to
// one goroutine.
type Authenticator struct {
	Key
	next int64 // step of the first code that was not shown yet
}

func (a *Authenticator) Code() (string, error) {
	step := a.now()
	if step < a.next {
		step = a.next
	}
	a.next = step + 1
	for step > a.now()+1 {
		time.Sleep(100 * time.Millisecond)
	}
	return a.Totp(step * a.Period)
}

func (a *Authenticator) now() int64 {
	return time.Now().Unix() / a.Period
}

// parse makes a key of what a line says, and the time if there is one.
func parse(line string) (key Key, unix string, err error) {
	fields := strings.Split(line+",,,,", ",")
	for i, usual := range []string{"", "SHA1", "6", "30"} {
		if fields[i] == "" {
			fields[i] = usual
		}
	}
	key = Key{Secret: fields[0], Algorithm: fields[1]}
	if key.Digits, err = strconv.Atoi(fields[2]); err == nil {
		key.Period, err = strconv.ParseInt(fields[3], 10, 64)
	}
	return key, fields[4], err
}

func main() {
	apps := map[string]*Authenticator{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		line := lines.Text()
		key, at, err := parse(line)
		if err != nil {
			log.Fatal(err)
		}
		if apps[line] == nil {
			apps[line] = &Authenticator{Key: key}
		}
		code := ""
		if at == "" {
			code, err = apps[line].Code()
		} else if unix, wrong := strconv.ParseInt(at, 10, 64); wrong == nil {
			code, err = key.Totp(unix)
		} else {
			err = wrong
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(code)
	}
}
