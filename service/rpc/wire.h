/*
 * Bytes of a stranger to a message that is safe to touch (DESIGN rule 14). protobuf-c alone accepts
 * NUL inside strings, invalid UTF-8, doubled fields (the last one wins) and any number of unknown
 * ones at fifty times their size; so the bytes are walked first, against the descriptor.
 */
#ifndef TWOFOLD_RPC_WIRE_H
#define TWOFOLD_RPC_WIRE_H

#include "base/arena.h"
#include "base/err.h"

#include <protobuf-c/protobuf-c.h>

/*
 * Decodes DATA into ARENA. ERR_VALIDATION with violations when it is not well formed, has more than
 * REQUEST_FIELDS_MAX fields or REQUEST_UNKNOWN_FIELDS_MAX unknown ones, a singular field twice, two
 * members of a oneof, or text that is not UTF-8 without NUL. ERR_EXHAUSTED when the arena is full.
 */
NODISCARD enum err wire_decode(const ProtobufCMessageDescriptor *type, struct bytes data,
                               struct arena *arena, ProtobufCMessage **ret, struct fault *fault);

/* Encodes MESSAGE into ARENA. ERR_EXHAUSTED when the arena is full. */
NODISCARD enum err wire_encode(const ProtobufCMessage *message, struct arena *arena,
                               struct bytes *ret);

/* TEXT ("" for NULL) as a field of a message that is only encoded: protobuf-c's strings are not
 * const, though nothing writes through them. */
char *wire_borrow(const char *text);
ProtobufCBinaryData wire_borrow_bytes(struct bytes b);

/* An initialised message of TYPE in ARENA, or NULL. */
ProtobufCMessage *wire_new(const ProtobufCMessageDescriptor *type, struct arena *arena);

#endif
