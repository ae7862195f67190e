/*
 * From a decoded message to values: each field of the contract has one meaning, whichever request
 * it is in, so one table of fields (parse.c) serves all methods.
 */
#ifndef TWOFOLD_RPC_PARSE_H
#define TWOFOLD_RPC_PARSE_H

#include "rpc/method.h"

/* Fills ASK from REQUEST, which must outlive it; adds a violation to FAULT for every field that is
 * missing or malformed. */
void parse_request(const struct rpc_method *method, const ProtobufCMessage *request,
                   struct rpc_ask *ask, struct fault *fault);

/* Is there a parser for request fields of this name? */
bool parse_knows_field(const char *name);

/* Is this a legal organization token: 1..64 of [A-Za-z0-9_-]? */
bool parse_is_org(const char *text, size_t n);

/* Is this a legal request id: 1..64 printable ASCII characters? */
bool parse_is_request_id(const char *text);

/* Is this a W3C trace context header of version 00? */
bool parse_is_traceparent(const char *text);

#endif
