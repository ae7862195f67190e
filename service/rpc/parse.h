/*
 * From a decoded message to values: each field of the contract has one meaning, whichever request
 * it is in, so one table of fields (parse.c) serves all methods.
 */
#ifndef TWOFOLD_RPC_PARSE_H
#define TWOFOLD_RPC_PARSE_H

#include "rpc/method.h"

/* Which field of a method's request is parsed by what: looked up once, not for every request. */
enum { PARSE_FIELDS_MAX = 8 };
struct parse_plan {
    const struct rpc_method *method;
    const ProtobufCMessageDescriptor *request;
    const struct field_parser *at[PARSE_FIELDS_MAX]; /* in the order of the descriptor's fields */
};

/* ERR_INTERNAL when a field of REQUEST, the type of METHOD's requests, has no parser. */
NODISCARD enum err parse_plan_make(const struct rpc_method *method,
                                   const ProtobufCMessageDescriptor *request,
                                   struct parse_plan *ret);

/* Fills call->ask from REQUEST, a message of PLAN's type that must outlive it; adds a violation to
 * call->fault for every field that is missing or malformed. */
void parse_request(const struct parse_plan *plan, const ProtobufCMessage *request,
                   struct rpc_call *call);

/* Is there a parser for request fields of this name? */
bool parse_knows_field(const char *name);

/* Is this a legal organization token: 1..64 of [A-Za-z0-9_-]? */
bool parse_is_org(const char *text, size_t n);

/* Is this a legal request id: 1..64 printable ASCII characters? */
bool parse_is_request_id(const char *text);

/* Is this a W3C trace context header of version 00? */
bool parse_is_traceparent(const char *text);

#endif
