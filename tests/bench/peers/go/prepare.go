package main

import (
	"runtime"

	"github.com/nats-io/nats.go"
)

// Requests, decoded, with the codes of the user computed: what needs no transaction is done by all processors
// while the writer waits for the disk. The writer looks again whether the secret is still that one.
func prepared(bus *nats.Conn, v *verifier) <-chan *call {
	arrived := make(chan *nats.Msg, queued)
	ready := make(chan *call, queued)
	_, err := bus.ChanQueueSubscribe("twofold.v1."+org+".verification.verify", "twofold", arrived)
	try(err)
	try(bus.Flush())
	for i := 0; i < runtime.GOMAXPROCS(0); i++ {
		go func() {
			for msg := range arrived {
				ready <- v.prepare(msg)
			}
		}()
	}
	return ready
}
