/*
 * The home of key material, codes and passwords: a fixed buffer that its owner wipes by type.
 *
 * Wiping cannot promise more than this: the bytes are gone from this object. Copies that libraries
 * made (the NATS client's receive buffer, OpenSSL's key schedules) are theirs to clear.
 */
#ifndef TWOFOLD_BASE_SECRET_H
#define TWOFOLD_BASE_SECRET_H

#include "base/attr.h"
#include "base/bytes.h"

enum { SECRET_MAX = 64 };

struct secret {
    size_t n;
    uint8_t bytes[SECRET_MAX];
};

/* Overwrites N bytes at P; never optimised away. */
void wipe(void *p, size_t n);

/* Empties and wipes. */
void secret_wipe(struct secret *s);

/* A secret that is wiped when it leaves scope: auto_secret key = {0}; */
#define auto_secret CLEANUP(secret_wipe) struct secret

static inline struct bytes secret_view(const struct secret *s)
{
    return (struct bytes){.p = s->bytes, .n = s->n};
}

#endif
