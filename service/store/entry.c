#include "store/entry.h"

enum { ENTRY_HEADER = 8 };

void entry_write(const struct entry *e, uint8_t *ret)
{
    const uint16_t n_key = (uint16_t)e->key.n;
    const uint32_t n_value = (uint32_t)e->value.n;

    ret[0] = (uint8_t)e->kind;
    ret[1] = (uint8_t)e->table;
    memcpy(ret + 2, &n_key, sizeof n_key);
    memcpy(ret + 4, &n_value, sizeof n_value);
    memcpy(ret + ENTRY_HEADER, e->key.p, e->key.n);
    if (e->value.n)
        memcpy(ret + ENTRY_HEADER + e->key.n, e->value.p, e->value.n);
}

void entry_at(const uint8_t *p, struct entry *ret)
{
    uint16_t n_key;
    uint32_t n_value;

    memcpy(&n_key, p + 2, sizeof n_key);
    memcpy(&n_value, p + 4, sizeof n_value);
    *ret = (struct entry){.kind = (enum entry_kind)p[0],
                          .table = (enum table)p[1],
                          .key = {.p = p + ENTRY_HEADER, .n = n_key},
                          .value = {.p = p + ENTRY_HEADER + n_key, .n = n_value}};
}

enum err entry_read(struct bytes from, struct entry *ret)
{
    if (from.n < ENTRY_HEADER)
        return ERR_UNAVAILABLE;
    entry_at(from.p, ret);
    if ((unsigned)ret->kind > ENTRY_ERASE || (unsigned)ret->table >= TABLES || ret->key.n == 0 ||
        entry_bytes(ret->key.n, ret->value.n) > from.n)
        return ERR_UNAVAILABLE;
    return ERR_OK;
}
