package main

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	period = 30
	skew   = 1
	window = 2*skew + 1
	digits = 6
)

// AES-256-GCM under one key.
type seal struct {
	aead cipher.AEAD
}

// With the key of FOLDER, which is made when it is not there.
func openSeal(folder string) (*seal, error) {
	file := filepath.Join(folder, "key")
	key, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		key = make([]byte, 32)
		try2(rand.Read(key))
		err = os.WriteFile(file, key, 0600)
	}
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &seal{aead}, err
}

func try2(_ int, err error) { try(err) }

func bound(username, id string) []byte {
	return []byte(org + "/" + username + "/" + id)
}

func (s *seal) seal(plain []byte, username, id string) []byte {
	nonce := make([]byte, s.aead.NonceSize(), sealedSize)
	try2(rand.Read(nonce))
	return s.aead.Seal(nonce, nonce, plain, bound(username, id))
}

func (s *seal) open(sealed []byte, username, id string) ([]byte, error) {
	n := s.aead.NonceSize()
	return s.aead.Open(nil, sealed[:n], sealed[n:], bound(username, id))
}

// Whether the code is that of each step around now; all of them are computed and compared.
func matches(secret []byte, code string, now uint64) (is [window]bool, err error) {
	text := string(secret)
	for i := range is {
		right, err := hotp.GenerateCodeCustom(text, now-skew+uint64(i),
			hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return is, err
		}
		is[i] = subtle.ConstantTimeCompare([]byte(right), []byte(code)) == 1
	}
	for i := range secret {
		secret[i] = 0
	}
	return is, nil
}

// Asks the kernel seldom. For one goroutine: the one that writes.
var random = bufio.NewReaderSize(rand.Reader, 4096)

// RFC 9562, version 7, as text.
func uuid7(ms int64) string {
	var id [16]byte
	var text [36]byte
	try2(io.ReadFull(random, id[6:]))
	for i := 0; i < 6; i++ {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = 0x70 | id[6]&0x0f
	id[8] = 0x80 | id[8]&0x3f
	hex.Encode(text[:8], id[:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
