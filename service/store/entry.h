/*
 * What a transaction did to one row, as the journal has it. Private to tables*.c.
 *
 * An entry is 8 bytes, key and value, filled up to a multiple of eight:
 *
 *     kind (1) | table (1) | length of the key (2) | of the value (4) | key | value
 */
#ifndef TWOFOLD_STORE_ENTRY_H
#define TWOFOLD_STORE_ENTRY_H

#include "store/table.h"

enum entry_kind { ENTRY_PUT, ENTRY_ERASE };

struct entry {
    enum entry_kind kind;
    enum table table;
    struct bytes key, value;
};

/* Bytes that an entry takes. */
static inline size_t entry_bytes(size_t n_key, size_t n_value)
{
    return (8 + n_key + n_value + 7) / 8 * 8;
}
/* RET has room for entry_bytes, zeroed. */
void entry_write(const struct entry *e, uint8_t *ret);
/* The entry at P, which is whole. */
void entry_at(const uint8_t *p, struct entry *ret);
/* ERR_UNAVAILABLE when there is no whole entry at the beginning of FROM. */
NODISCARD enum err entry_read(struct bytes from, struct entry *ret);

#endif
