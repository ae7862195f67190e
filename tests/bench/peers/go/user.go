package main

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"time"
)

const password = "$scrypt$ln=14,r=8,p=5$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"

// Layout of a row; after the last comes the password's hash.
const (
	atStep     = 0
	atFailures = 8
	atLeft     = 10
	atUntil    = 12
	atSequence = 20
	atDigest   = 28
	atID       = 60
	atCreated  = 96
	atSealed   = 104
	sealedSize = 12 + 32 + 16 // nonce, the secret as base32 text, tag
	atPassword = atSealed + sealedSize
)

// A view of a row.
type user []byte

func (u user) step() uint64        { return binary.BigEndian.Uint64(u[atStep:]) }
func (u user) failures() uint16    { return binary.BigEndian.Uint16(u[atFailures:]) }
func (u user) codesLeft() uint16   { return binary.BigEndian.Uint16(u[atLeft:]) }
func (u user) until() int64        { return int64(binary.BigEndian.Uint64(u[atUntil:])) }
func (u user) sequence() uint64    { return binary.BigEndian.Uint64(u[atSequence:]) }
func (u user) digest() []byte      { return u[atDigest:atID] }
func (u user) id() string          { return string(u[atID:atCreated]) }
func (u user) sealed() []byte      { return u[atSealed:atPassword] }
func (u user) setStep(step uint64) { binary.BigEndian.PutUint64(u[atStep:], step) }

func (u user) setFailures(n uint16, until int64) {
	binary.BigEndian.PutUint16(u[atFailures:], n)
	binary.BigEndian.PutUint64(u[atUntil:], uint64(until))
}

func (u user) chain(digest [32]byte) {
	binary.BigEndian.PutUint64(u[atSequence:], u.sequence()+1)
	copy(u[atDigest:], digest[:])
}

func (u user) sameSecret(other user) bool {
	return bytes.Equal(u.sealed(), other.sealed())
}

// As tests/attack/rotate_load.c names users and makes their keys.
func newUser(i int, seal *seal) (username string, row user) {
	key := make([]byte, 20)
	for j := range key {
		key[j] = byte(i>>(j%4*8)) ^ byte(j*37)
	}
	username = fmt.Sprintf("user%07d", i)
	row = make(user, atPassword, atPassword+len(password))
	id := uuid7(time.Now().UnixMilli())
	copy(row[atID:], id)
	binary.BigEndian.PutUint64(row[atCreated:], uint64(time.Now().Unix()))
	copy(row[atSealed:], seal.seal([]byte(base32.StdEncoding.EncodeToString(key)), username, id))
	return username, append(row, password...)
}
