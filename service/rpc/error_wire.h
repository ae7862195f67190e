/* Refusals on the wire: ADR-32 headers and a twofold.v1.Error body. */
#ifndef TWOFOLD_RPC_ERROR_WIRE_H
#define TWOFOLD_RPC_ERROR_WIRE_H

#include "base/arena.h"
#include "base/err.h"

/* The body for ERR with the details of FAULT, in ARENA. ERR_EXHAUSTED when the arena is full: a
 * reply with headers and no body is still a true answer. */
NODISCARD enum err error_encode(enum err err, const struct fault *fault, struct arena *arena,
                                struct bytes *ret_body);

/* "403", for Nats-Service-Error-Code. Static. */
const char *error_code_text(enum err err);

/* "403:CODE_REJECTED", for statistics. Static. */
const char *error_stat_text(enum err err);

#endif
