/*
 * The envelope of a stored row, and what records are made of. Private to store/.
 *
 *     format version (1 byte) | key id (4, big endian) | protobuf payload | MAC (16)
 *
 * The MAC is HMAC-SHA-256, cut to 128 bits, under the keyring's KEY_ROW of that id, over the kind
 * of the row, whose it is, version, key id and payload. A row that was changed, cut, or copied to
 * another place is damage and reported as ERR_UNAVAILABLE, never handed out. An older copy of the
 * same row passes: the audit chain shows that.
 */
#ifndef TWOFOLD_STORE_ROW_H
#define TWOFOLD_STORE_ROW_H

#include "base/arena.h"
#include "crypto/keyring.h"

#include <protobuf-c/protobuf-c.h>

/* What encoding and decoding needs. The arena holds every intermediate value; whoever owns it wipes
 * it afterwards. */
struct codec {
    const struct keyring *keyring;
    struct arena *arena;
};

/* Whose row; USERNAME is empty for a row of an org. */
struct row_id {
    const char *kind, *org, *username;
};

/* Encodes MESSAGE as the row ID, under the active key; RET_ROW lies in the arena. */
NODISCARD enum err row_encode(const struct codec *c, const struct row_id *id,
                              const ProtobufCMessage *message, struct bytes *ret_row);

/* Checks ROW and unpacks its payload into the arena. The caller knows the type that DESCRIPTOR
 * describes. */
NODISCARD enum err row_decode(const struct codec *c, const struct row_id *id, struct bytes row,
                              const ProtobufCMessageDescriptor *descriptor,
                              ProtobufCMessage **ret_message);

/* The id of the key that ROW says it is under; ERR_UNAVAILABLE when it is none of ours. Does not
 * check the row. */
NODISCARD enum err row_key_id(struct bytes row, uint32_t *ret_id);

/* The bare steps, for values that are sealed instead of MACed. */
NODISCARD enum err message_pack(const struct codec *c, const ProtobufCMessage *message,
                                struct bytes *ret_packed);
NODISCARD enum err message_unpack(const struct codec *c, struct bytes packed,
                                  const ProtobufCMessageDescriptor *descriptor,
                                  ProtobufCMessage **ret_message);

/* A field that points at P or TEXT. Packing only reads it. */
ProtobufCBinaryData field_of(const void *p, size_t n);
ProtobufCBinaryData field_of_text(const char *text);

/* Copies a field of exactly N bytes; ERR_UNAVAILABLE for another length. */
NODISCARD enum err field_exact(ProtobufCBinaryData field, void *ret, size_t n);
/* Copies text and its NUL into a buffer of SIZE bytes; ERR_UNAVAILABLE when it is too long or has a
 * NUL inside. */
NODISCARD enum err field_text(ProtobufCBinaryData field, char *ret_text, size_t size);

#endif
