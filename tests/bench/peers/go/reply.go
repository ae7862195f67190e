package main

import (
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"peer/wire"
)

var refusals = map[wire.Error_Reason]struct{ code, text string }{
	wire.Error_VALIDATION:    {"422", "The request has missing or malformed fields."},
	wire.Error_CODE_REJECTED: {"403", "The code was not accepted."},
	wire.Error_LOCKED:        {"429", "Too many failures; wait before the next try."},
	wire.Error_SUSPENDED:     {"403", "Suspended after too many failures; an administrator must unlock it."},
	wire.Error_NOT_ENROLLED:  {"409", "The user has no active authenticator."},
	wire.Error_TOO_LARGE:     {"413", "The request is too large."},
	wire.Error_UNIMPLEMENTED: {"501", "There is no such method."},
	wire.Error_INTERNAL:      {"500", "The service failed; this is a bug."},
}

func (c *call) say(body proto.Message) {
	data, err := proto.Marshal(body)
	try(err)
	c.reply = &nats.Msg{Data: data}
	if c.msg.Header != nil {
		if id := c.msg.Header.Get(headerRequest); id != "" {
			c.reply.Header = nats.Header{headerRequest: {id}}
		}
	}
}

func (c *call) accept(u user) {
	c.say(&wire.VerifyReply{
		Method:            wire.SecondFactor_TOTP,
		Amr:               []string{"otp"},
		RecoveryCodesLeft: int32(u.codesLeft()),
		VerifiedAt:        c.now.Unix(),
	})
}

// BODY with what all refusals say.
func (c *call) refuse(reason wire.Error_Reason, body *wire.Error) {
	row := refusals[reason]
	body.Reason, body.Message = reason, row.text
	c.say(body)
	if c.reply.Header == nil {
		c.reply.Header = nats.Header{}
	}
	c.reply.Header["Nats-Service-Error-Code"] = []string{row.code}
	c.reply.Header["Nats-Service-Error"] = []string{row.text}
}
