package main

import (
	"encoding/binary"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

const (
	kept          = 100000 // events at least that the outbox holds
	trimmedAtOnce = 1000
)

var usersName, outboxName = []byte("users"), []byte("outbox")

// Users and outbox in bbolt, with its own durability.
type store struct {
	db          *bbolt.DB
	first, next uint64 // of the outbox
}

type txn struct {
	users, outbox *bbolt.Bucket
	store         *store
}

func openStore(folder string) (*store, error) {
	if err := os.MkdirAll(folder, 0700); err != nil {
		return nil, err
	}
	db, err := bbolt.Open(filepath.Join(folder, "peer.bolt"), 0600, &bbolt.Options{
		FreelistType:    bbolt.FreelistMapType,
		NoFreelistSync:  true,
		InitialMmapSize: 4 << 30,
	})
	if err != nil {
		return nil, err
	}
	s := &store{db: db, first: 1, next: 1}
	return s, db.Update(func(t *bbolt.Tx) error {
		if _, err := t.CreateBucketIfNotExists(usersName); err != nil {
			return err
		}
		outbox, err := t.CreateBucketIfNotExists(outboxName)
		if err != nil {
			return err
		}
		if k, _ := outbox.Cursor().First(); k != nil {
			s.first = binary.BigEndian.Uint64(k)
		}
		if k, _ := outbox.Cursor().Last(); k != nil {
			s.next = binary.BigEndian.Uint64(k) + 1
		}
		return nil
	})
}

func (s *store) empty() (empty bool, err error) {
	err = s.db.View(func(t *bbolt.Tx) error {
		k, _ := t.Bucket(usersName).Cursor().First()
		empty = k == nil
		return nil
	})
	return
}

// One transaction, on disk when this returns.
func (s *store) transact(decide func(t *txn) error) error {
	return s.db.Update(func(bt *bbolt.Tx) error {
		t := &txn{users: bt.Bucket(usersName), outbox: bt.Bucket(outboxName), store: s}
		t.outbox.FillPercent = 1
		if err := decide(t); err != nil {
			return err
		}
		return t.trim()
	})
}

// The row of a user, outside of any transaction of the writer; nil: nobody. It is the caller's.
func (s *store) look(username []byte) (row []byte) {
	_ = s.db.View(func(t *bbolt.Tx) error {
		row = append(row, t.Bucket(usersName).Get(username)...)
		return nil
	})
	return
}

func (t *txn) append(event []byte) error {
	key := make([]byte, 8)
	binary.BigEndian.PutUint64(key, t.store.next)
	t.store.next++
	return t.outbox.Put(key, event)
}

func (t *txn) trim() error {
	if t.store.next-t.store.first < kept+trimmedAtOnce {
		return nil
	}
	key := make([]byte, 8)
	for i := 0; i < trimmedAtOnce; i++ {
		binary.BigEndian.PutUint64(key, t.store.first)
		if err := t.outbox.Delete(key); err != nil {
			return err
		}
		t.store.first++
	}
	return nil
}

func (s *store) events(each func(key, event []byte) error) error {
	return s.db.View(func(t *bbolt.Tx) error {
		return t.Bucket(outboxName).ForEach(each)
	})
}

func (s *store) close() error {
	return s.db.Close()
}
