/*
 * Why a MAC over the row when secrets are sealed anyway: what decides is mostly not secret. Whoever
 * can write to the file but lacks the keyring could otherwise zero a failure counter, set last_step
 * back, or copy a user's whole record over another's. The place is part of the MAC, so a row counts
 * only where it was written.
 */
#include "store/row.h"

#include "store/big_endian.h"

enum { ROW_VERSION = 1, ROW_HEADER = 1 + 4, ROW_MAC = 16 };

static enum err row_mac(const struct mac_key *key, const struct row_id *id, struct bytes row,
                        uint8_t ret_mac[static SHA256_BYTES])
{
    const struct bytes parts[] = {
        bytes_of_text(id->kind),
        bytes_of_text(id->org),
        bytes_of_text(id->username),
        {.p = row.p, .n = ROW_HEADER},
        {.p = row.p + ROW_HEADER, .n = row.n - ROW_HEADER},
    };

    return mac_parts_under(key, parts, ARRAY_LEN(parts), ret_mac);
}

enum err row_encode(const struct codec *c, const struct row_id *id, const ProtobufCMessage *message,
                    struct bytes *ret_row)
{
    size_t n = ROW_HEADER + protobuf_c_message_get_packed_size(message);
    uint8_t *row = arena_alloc(c->arena, n + ROW_MAC), mac[SHA256_BYTES];
    uint32_t key_id = keyring_active(c->keyring);
    const struct mac_key *key;

    if (!row)
        return ERR_UNAVAILABLE;
    TRY(keyring_mac_key(c->keyring, key_id, KEY_ROW, &key));
    row[0] = ROW_VERSION;
    be_put(row + 1, 4, key_id);
    protobuf_c_message_pack(message, row + ROW_HEADER);
    TRY(row_mac(key, id, (struct bytes){.p = row, .n = n}, mac));
    memcpy(row + n, mac, ROW_MAC);
    *ret_row = (struct bytes){.p = row, .n = n + ROW_MAC};
    return ERR_OK;
}

enum err row_key_id(struct bytes row, uint32_t *ret_id)
{
    if (row.n < ROW_HEADER + ROW_MAC || row.p[0] != ROW_VERSION)
        return ERR_UNAVAILABLE;
    *ret_id = (uint32_t)be_get(row.p + 1, 4);
    return ERR_OK;
}

enum err row_decode(const struct codec *c, const struct row_id *id, struct bytes row,
                    const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret_message)
{
    struct bytes signed_part = {.p = row.p, .n = row.n - ROW_MAC};
    const struct mac_key *key;
    uint8_t mac[SHA256_BYTES];
    uint32_t key_id;

    TRY(row_key_id(row, &key_id));
    if (keyring_mac_key(c->keyring, key_id, KEY_ROW, &key))
        return ERR_UNAVAILABLE;
    TRY(row_mac(key, id, signed_part, mac));
    if (!ct_equal(mac, row.p + signed_part.n, ROW_MAC))
        return ERR_UNAVAILABLE;
    return message_unpack(c,
                          (struct bytes){.p = row.p + ROW_HEADER, .n = signed_part.n - ROW_HEADER},
                          descriptor, ret_message);
}

enum err message_pack(const struct codec *c, const ProtobufCMessage *message,
                      struct bytes *ret_packed)
{
    size_t n = protobuf_c_message_get_packed_size(message);
    uint8_t *p = arena_alloc(c->arena, n);

    if (!p)
        return ERR_UNAVAILABLE;
    protobuf_c_message_pack(message, p);
    *ret_packed = (struct bytes){.p = p, .n = n};
    return ERR_OK;
}

static void *allocate(void *arena, size_t n)
{
    return arena_alloc(arena, n);
}

static void release(void *arena, void *p)
{
    (void)arena; /* resetting the arena frees and wipes all of it */
    (void)p;
}

enum err message_unpack(const struct codec *c, struct bytes packed,
                        const ProtobufCMessageDescriptor *descriptor,
                        ProtobufCMessage **ret_message)
{
    ProtobufCAllocator allocator = {
        .alloc = allocate,
        .free = release,
        .allocator_data = c->arena,
    };
    ProtobufCMessage *m = protobuf_c_message_unpack(descriptor, &allocator, packed.n, packed.p);

    if (!m)
        return ERR_UNAVAILABLE;
    *ret_message = m;
    return ERR_OK;
}

ProtobufCBinaryData field_of(const void *p, size_t n)
{
    /* The library has one type for what it reads and what it fills, so its pointer is not const. */
    return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)p, .len = n};
}

ProtobufCBinaryData field_of_text(const char *text)
{
    return field_of(text, strlen(text));
}

enum err field_exact(ProtobufCBinaryData field, void *ret, size_t n)
{
    if (field.len != n)
        return ERR_UNAVAILABLE;
    if (n)
        memcpy(ret, field.data, n);
    return ERR_OK;
}

enum err field_text(ProtobufCBinaryData field, char *ret_text, size_t size)
{
    if (field.len >= size || (field.len && memchr(field.data, 0, field.len)))
        return ERR_UNAVAILABLE;
    if (field.len)
        memcpy(ret_text, field.data, field.len);
    ret_text[field.len] = '\0';
    return ERR_OK;
}
