#include "support/trail.h"

#include "crypto/mac.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 4 * 1024 * 1024 };

struct trail *trail_read(struct service *s)
{
    struct trail *t = calloc(1, sizeof *t);

    assert_non_null(t);
    t->arena = arena_new(ARENA_BYTES);
    t->n = peek_outbox(s, t->arena, t->entries, TRAIL_EVENTS_MAX);
    for (size_t i = 0; i < t->n; i++)
        t->events[i] =
            twofold__v1__audit_event__unpack(NULL, t->entries[i].event.n, t->entries[i].event.p);
    return t;
}

void trail_free(struct trail *t)
{
    for (size_t i = 0; i < t->n; i++)
        twofold__v1__audit_event__free_unpacked(t->events[i], NULL);
    arena_free(t->arena);
    free(t);
}

size_t trail_follow(const struct trail *t, const char *org, const char *username)
{
    uint8_t digest[SHA256_BYTES];
    uint64_t sequence = 0;
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++) {
        const Twofold__V1__AuditEvent *e = t->events[i];

        if (strcmp(e->org, org) != 0 || strcmp(e->username, username) != 0)
            continue;
        if (e->sequence != sequence + 1 || e->previous_digest.len != (sequence ? sizeof digest : 0))
            return 0;
        if (sequence && memcmp(e->previous_digest.data, digest, sizeof digest) != 0)
            return 0;
        assert_int_equal(mac_sha256(t->entries[i].event, digest), ERR_OK);
        sequence = strcmp(e->type, "user.deleted") == 0 ? 0 : e->sequence;
        n++;
    }
    return n;
}
