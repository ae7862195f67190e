#include "bench/verdict.h"

#include <stdio.h>
#include <string.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

enum { TOLD = 3, METHOD = 1, VERIFIED_AT = 4, REASON = 101 };

static bool varint(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
    *ret = 0;
    for (unsigned shift = 0; shift < 64 && *p < end; shift += 7) {
        const uint8_t byte = *(*p)++;

        *ret |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* Walks the whole message, as protobuf-c would: false when it is no message. What is in the
 * numbered field (a varint) goes into RET, 0 when it is not there. */
static bool field_of(const struct wire_message *m, unsigned field, uint64_t *ret)
{
    const uint8_t *p = m->body, *end = m->body + m->n_body;
    uint64_t key, value;

    *ret = 0;
    while (p < end) {
        if (!varint(&p, end, &key) || !varint(&p, end, &value) || (key & 5) != 0)
            return false;
        if ((key & 7) == 2 && value > (uint64_t)(end - p))
            return false;
        if ((key & 7) == 2)
            p += value;
        else if (key >> 3 == field)
            *ret = value;
    }
    return true;
}

static enum verdict verdict_of_reason(uint64_t reason)
{
    switch (reason) {
    case TWOFOLD__V1__ERROR__REASON__CODE_REJECTED:
    case TWOFOLD__V1__ERROR__REASON__WRONG_CREDENTIALS:
        return VERDICT_DENIED;
    case TWOFOLD__V1__ERROR__REASON__LOCKED:
    case TWOFOLD__V1__ERROR__REASON__SUSPENDED:
        return VERDICT_LOCKED;
    case TWOFOLD__V1__ERROR__REASON__EXHAUSTED:
        return VERDICT_SHED;
    case TWOFOLD__V1__ERROR__REASON__UNAVAILABLE:
        return VERDICT_UNAVAILABLE;
    default:
        return VERDICT_OTHER;
    }
}

enum verdict verdict_of(const struct wire_message *m)
{
    static const char code[] = "Nats-Service-Error-Code", nobody[] = "NATS/1.0 503";
    uint64_t method, when, reason;

    if (m->n_header >= sizeof nobody - 1 &&
        strncmp((const char *)m->header, nobody, sizeof nobody - 1) == 0)
        return VERDICT_NOBODY;
    if (m->n_header && memmem(m->header, m->n_header, code, sizeof code - 1))
        return field_of(m, REASON, &reason) ? verdict_of_reason(reason) : VERDICT_OTHER;
    if (field_of(m, METHOD, &method) && method == TWOFOLD__V1__SECOND_FACTOR__METHOD__TOTP &&
        field_of(m, VERIFIED_AT, &when) && when > 0)
        return VERDICT_ACCEPTED;
    return VERDICT_OTHER;
}

const char *verdict_name(enum verdict v)
{
    static const char *const names[N_VERDICTS] = {
        [VERDICT_ACCEPTED] = "accepted",
        [VERDICT_DENIED] = "denied",
        [VERDICT_LOCKED] = "locked",
        [VERDICT_SHED] = "shed",
        [VERDICT_UNAVAILABLE] = "unavailable",
        [VERDICT_NOBODY] = "nobody",
        [VERDICT_OTHER] = "other",
    };

    return names[v];
}

void verdict_tell(enum verdict v, const struct wire_message *m)
{
    static unsigned told;

    if (told++ >= TOLD)
        return;
    fprintf(stderr, "not expected: %s: %.*s\n", verdict_name(v), (int)m->n_header,
            m->header ? (const char *)m->header : "");
}
