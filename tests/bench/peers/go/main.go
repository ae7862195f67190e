// A peer of twofoldd that answers Verification.Verify, as one would write it in Go for speed:
//
//	peer URL DATA_DIR USERS
//
// The same work with the same durability: every request that waits is decided in one transaction with one durable
// commit, and the replies leave after it. Fills an empty DATA_DIR with USERS users, says "serving", ends on SIGTERM.
// With "--events DATA_DIR" it prints the events of the outbox instead, in base64.
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/nats-io/nats.go"
)

const (
	org      = "default"
	batchMax = 1024
	queued   = 1 << 16
)

func try(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

// Decides what waits in one transaction, and then answers: nothing is told that is not on disk. A failed commit
// ends the process.
func serve(asked <-chan *call, v *verifier) {
	batch := make([]*call, 0, batchMax)
	for first := range asked {
		batch = append(batch[:0], first)
		for more := true; more && len(batch) < batchMax; {
			select {
			case next := <-asked:
				batch = append(batch, next)
			default:
				more = false
			}
		}
		try(v.store.transact(func(t *txn) error {
			for _, c := range batch {
				if err := v.answer(t, c); err != nil {
					return err
				}
			}
			return nil
		}))
		for _, c := range batch {
			try(c.msg.RespondMsg(c.reply))
		}
	}
}

func printEvents(folder string) error {
	s, err := openStore(folder)
	if err != nil {
		return err
	}
	return s.events(func(_, event []byte) error {
		_, err := fmt.Println(base64.StdEncoding.EncodeToString(event))
		return err
	})
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "--events" {
		try(printEvents(os.Args[2]))
		return
	}
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: peer URL DATA_DIR USERS")
		os.Exit(2)
	}
	users, err := strconv.Atoi(os.Args[3])
	try(err)
	v, err := open(os.Args[2], users)
	try(err)
	bus, err := nats.Connect(os.Args[1])
	try(err)
	asked := prepared(bus, v)
	go serve(asked, v)
	fmt.Println("serving")
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	<-ended
	bus.Close()
	try(v.store.close())
}
