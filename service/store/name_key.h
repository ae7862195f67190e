/* Where a user's rows lie: org, NUL, username. Neither contains a NUL, so an org's users lie
 * together in byte order. Private to store/. */
#ifndef TWOFOLD_STORE_NAME_KEY_H
#define TWOFOLD_STORE_NAME_KEY_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"

/* Room for one byte more than the longest names, to seek what follows. */
enum { NAME_KEY_BYTES = ORG_MAX + 1 + USERNAME_MAX + 1 };

struct name_key {
    size_t n;
    uint8_t bytes[NAME_KEY_BYTES];
};

/* ERR_INTERNAL for names that no request can have. */
NODISCARD enum err name_key_of(const char *org, const char *username, struct name_key *ret_key);

/* The place right behind KEY; ERR_UNAVAILABLE for a key that is too long to be one of ours. */
NODISCARD enum err name_key_behind(struct bytes key, struct name_key *ret_key);

/* Splits KEY into its names, or, without a NUL, takes all of it as the org's. False: none of ours.
 */
bool name_key_names(struct bytes key, char ret_org[static ORG_MAX + 1],
                    char ret_username[static USERNAME_MAX + 1]);

static inline struct bytes name_key_view(const struct name_key *k)
{
    return (struct bytes){.p = k->bytes, .n = k->n};
}

#endif
