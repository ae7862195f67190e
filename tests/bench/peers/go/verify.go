package main

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"peer/wire"
)

const (
	requestMax    = 1024
	usernameMax   = 254
	purposeMax    = 64
	freeFailures  = 5
	waitS         = 30
	waitMaxS      = 3600
	failuresMax   = 100
	ownPurpose    = "twofold:verification.verify"
	headerRequest = "Twofold-Request-Id"
)

// One request on its way.
type call struct {
	msg     *nats.Msg
	reply   *nats.Msg
	ask     wire.VerifyRequest
	code    string
	now     time.Time
	judged  user // the row whose secret the rest belongs to; nil: none
	is      [window]bool
	damaged bool
}

type verifier struct {
	store    *store
	seal     *seal
	instance string
}

// The data folder; fills it when it is empty.
func open(folder string, users int) (*verifier, error) {
	s, err := openStore(folder)
	if err != nil {
		return nil, err
	}
	seal, err := openSeal(folder)
	if err != nil {
		return nil, err
	}
	v := &verifier{s, seal, strings.ReplaceAll(uuid7(time.Now().UnixMilli()), "-", "")}
	empty, err := s.empty()
	for i := 0; err == nil && empty && i < users; {
		err = s.transact(func(t *txn) error {
			for end := i + 10000; i < users && i < end; i++ {
				name, row := newUser(i, seal)
				if err := t.users.Put([]byte(name), row); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return v, err
}

// What needs no transaction: decodes, and computes the codes. A call that has its reply is refused already.
func (v *verifier) prepare(msg *nats.Msg) *call {
	c := &call{msg: msg, now: time.Now()}
	if len(msg.Data) > requestMax {
		c.refuse(wire.Error_TOO_LARGE, &wire.Error{})
	} else if proto.Unmarshal(msg.Data, &c.ask) != nil {
		c.refuse(wire.Error_VALIDATION, &wire.Error{})
	} else if _, ok := c.ask.SecondFactor.(*wire.VerifyRequest_RecoveryCode); ok {
		c.refuse(wire.Error_UNIMPLEMENTED, &wire.Error{})
	} else if wrong := violations(&c.ask); len(wrong) > 0 {
		c.refuse(wire.Error_VALIDATION, &wire.Error{Violations: wrong})
	} else {
		c.code = c.ask.GetCode()
		v.compute(c, v.store.look([]byte(c.ask.Username)))
	}
	return c
}

func (v *verifier) compute(c *call, row user) {
	c.judged = row
	if len(row) == 0 {
		return
	}
	secret, err := v.seal.open(row.sealed(), c.ask.Username, row.id())
	if err == nil {
		c.is, err = matches(secret, c.code, uint64(c.now.Unix()/period))
	}
	c.damaged = err != nil
}

func violations(ask *wire.VerifyRequest) (found []*wire.Error_Violation) {
	control := func(r rune) bool { return r < 0x20 || r == 0x7f }
	if n := len(ask.Username); n < 1 || n > usernameMax || strings.IndexFunc(ask.Username, control) >= 0 {
		found = append(found, &wire.Error_Violation{Field: "username",
			Rule: "must be 1 to 254 bytes without control characters"})
	}
	other := func(r rune) bool { return r < '0' || r > '9' }
	if len(ask.GetCode()) != digits || strings.IndexFunc(ask.GetCode(), other) >= 0 {
		found = append(found, &wire.Error_Violation{Field: "code", Rule: "must be 6 digits"})
	}
	if len(ask.Purpose) > purposeMax {
		found = append(found, &wire.Error_Violation{Field: "purpose", Rule: "must be at most 64 bytes"})
	}
	return
}

// Decides, within the transaction.
func (v *verifier) answer(t *txn, c *call) error {
	if c.reply != nil {
		return nil
	}
	row := user(t.users.Get([]byte(c.ask.Username)))
	if row == nil {
		c.refuse(wire.Error_NOT_ENROLLED, &wire.Error{})
		return v.report(t, c, nil, denied(wire.AuditEvent_UNKNOWN_USER))
	}
	u := append(user(nil), row...)
	if len(c.judged) == 0 || !u.sameSecret(c.judged) {
		v.compute(c, u)
	}
	if err := v.judge(t, c, u); err != nil {
		return err
	}
	return t.users.Put([]byte(c.ask.Username), u)
}

// The step within the window whose code this is: the first that is new, else one that is not, else 0.
func (c *call) match(last uint64) (found uint64, offset int32) {
	now := uint64(c.now.Unix() / period)
	for i, is := range c.is {
		if is && found <= last {
			found = now - skew + uint64(i)
			offset = int32(i) - skew
		}
	}
	return
}

func (v *verifier) judge(t *txn, c *call, u user) error {
	if u.failures() >= failuresMax {
		c.refuse(wire.Error_SUSPENDED, &wire.Error{})
		return v.report(t, c, u, denied(wire.AuditEvent_SUSPENDED))
	}
	if wait := u.until() - c.now.Unix(); wait > 0 {
		c.refuse(wire.Error_LOCKED, &wire.Error{RetryAfterSeconds: wait})
		return v.report(t, c, u, denied(wire.AuditEvent_LOCKED))
	}
	if c.damaged {
		c.refuse(wire.Error_INTERNAL, &wire.Error{})
		return v.report(t, c, u, denied(wire.AuditEvent_DAMAGED))
	}
	found, offset := c.match(u.step())
	if found <= u.step() {
		why := wire.AuditEvent_WRONG_CODE
		if found > 0 {
			why = wire.AuditEvent_REPLAYED
		}
		return v.fail(t, c, u, &wire.AuditEvent{Reason: why, StepOffset: offset})
	}
	u.setStep(found)
	u.setFailures(0, 0)
	c.accept(u)
	return v.report(t, c, u, &wire.AuditEvent{Type: "verification.succeeded",
		Outcome: wire.AuditEvent_SUCCESS, StepOffset: offset})
}

func waitOf(failures uint16) int64 {
	beyond := int(failures) - freeFailures
	if beyond <= 0 {
		return 0
	}
	if beyond > 7 {
		return waitMaxS
	}
	return waitS << (beyond - 1)
}

// Counts the failure, which may begin a wait.
func (v *verifier) fail(t *txn, c *call, u user, e *wire.AuditEvent) error {
	n := u.failures() + 1
	wait, until, left := waitOf(n), u.until(), int32(freeFailures)-int32(n)
	if wait > 0 {
		until = c.now.Unix() + wait
	}
	if left < 0 {
		left = 0
	}
	u.setFailures(n, until)
	c.refuse(wire.Error_CODE_REJECTED, &wire.Error{RetryAfterSeconds: wait, AttemptsLeft: left})
	e.Type, e.Outcome = "verification.failed", wire.AuditEvent_DENIED
	if err := v.report(t, c, u, e); err != nil || wait == 0 {
		return err
	}
	e.Type = "account.locked"
	if n >= failuresMax {
		e.Type = "account.suspended"
	}
	return v.report(t, c, u, e)
}

func denied(why wire.AuditEvent_Reason) *wire.AuditEvent {
	return &wire.AuditEvent{Type: "verification.failed", Outcome: wire.AuditEvent_DENIED, Reason: why}
}

// Appends the event to the outbox, and to the chain of the user when there is one.
func (v *verifier) report(t *txn, c *call, u user, e *wire.AuditEvent) error {
	e.Id = uuid7(c.now.UnixMilli())
	e.TimeUnixMs = c.now.UnixMilli()
	e.Org = org
	e.Username = c.ask.Username
	e.Method = wire.AuditEvent_TOTP
	e.Purpose = ownPurpose
	if c.ask.Purpose != "" {
		e.Purpose = c.ask.Purpose
	}
	if c.msg.Header != nil {
		e.RequestId = c.msg.Header.Get(headerRequest)
		e.Traceparent = c.msg.Header.Get("traceparent")
	}
	e.Instance = v.instance
	e.KeyId = 1
	e.PolicyVersion = 1
	if u != nil {
		e.AuthenticatorId = u.id()
		e.Sequence = u.sequence() + 1
		if e.Sequence > 1 {
			e.PreviousDigest = u.digest()
		}
	}
	bytes, err := proto.Marshal(e)
	if err != nil {
		return err
	}
	if u != nil {
		u.chain(sha256.Sum256(bytes))
	}
	return t.append(bytes)
}
