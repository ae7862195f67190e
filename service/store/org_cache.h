/*
 * Organizations as they are in one write transaction. Every request of a batch asks for one of the
 * same few, and a row costs a MAC and a decoding; so what was read or written once is kept, for as
 * long as the transaction that it is true in. Nobody else writes meanwhile: there is one writer.
 */
#ifndef TWOFOLD_STORE_ORG_CACHE_H
#define TWOFOLD_STORE_ORG_CACHE_H

#include "store/store.h"

enum { ORG_CACHE_SLOTS = 8 };

/* Empty: all zero. */
struct org_cache {
    struct {
        char name[ORG_MAX + 1]; /* empty: nothing is kept here */
        struct org org;
    } at[ORG_CACHE_SLOTS];
};

/* What is kept of NAME, until the next org_cache_keep; NULL: nothing. */
const struct org *org_cache_find(const struct org_cache *c, const char *name);

/* Keeps ORG, in the place of another one if need be. To be told of every row that is read whole or
 * written. */
void org_cache_keep(struct org_cache *c, const char *name, const struct org *org);

#endif
