#include "store/record_parts.h"

#include "store/big_endian.h"

#include <assert.h>

static_assert(RECOVERY_CODES_MAX <= 32, "spent slots are bits of a uint32");

bool sealed_before(const struct codec *c, struct bytes sealed)
{
    return sealed.n >= SEALED_OVERHEAD &&
           (uint32_t)be_get(sealed.p, 4) != keyring_active(c->keyring);
}

Twofold__Record__Lockout lockout_message(const struct lockout *l)
{
    Twofold__Record__Lockout m = TWOFOLD__RECORD__LOCKOUT__INIT;

    m.failures = l->failures;
    m.until_s = l->until_s;
    return m;
}

struct lockout lockout_of(const Twofold__Record__Lockout *m)
{
    if (!m)
        return (struct lockout){0};
    return (struct lockout){.failures = m->failures, .until_s = m->until_s};
}

Twofold__Record__AuditChain chain_message(const struct audit_chain *chain)
{
    Twofold__Record__AuditChain m = TWOFOLD__RECORD__AUDIT_CHAIN__INIT;

    m.sequence = chain->sequence;
    m.digest = field_of(chain->digest, sizeof chain->digest);
    return m;
}

enum err chain_of(const Twofold__Record__AuditChain *m, struct audit_chain *ret_chain)
{
    struct audit_chain chain = {0};

    if (m) {
        chain.sequence = m->sequence;
        TRY(field_exact(m->digest, chain.digest, sizeof chain.digest));
    }
    *ret_chain = chain;
    return ERR_OK;
}

enum err recovery_message(const struct codec *c, const struct recovery_set *s,
                          Twofold__Record__RecoverySet *ret)
{
    uint8_t *macs = arena_alloc(c->arena, (size_t)s->n * SHA256_BYTES);

    if (!macs)
        return ERR_UNAVAILABLE;
    twofold__record__recovery_set__init(ret);
    ret->id = field_of(s->id, sizeof s->id);
    ret->pepper = s->pepper;
    for (unsigned i = 0; i < s->n; i++) {
        memcpy(macs + (size_t)i * SHA256_BYTES, s->at[i].mac, SHA256_BYTES);
        ret->spent |= (uint32_t)s->at[i].spent << i;
    }
    ret->macs = field_of(macs, (size_t)s->n * SHA256_BYTES);
    return ERR_OK;
}

enum err recovery_of(const Twofold__Record__RecoverySet *m, struct recovery_set *s)
{
    if (!m)
        return ERR_OK;
    if (m->macs.len == 0 || m->macs.len % SHA256_BYTES ||
        m->macs.len > sizeof s->at[0].mac * RECOVERY_CODES_MAX)
        return ERR_UNAVAILABLE;
    TRY(field_exact(m->id, s->id, sizeof s->id));
    s->pepper = m->pepper;
    s->n = (unsigned)(m->macs.len / SHA256_BYTES);
    if ((uint64_t)m->spent >> s->n)
        return ERR_UNAVAILABLE;
    for (unsigned i = 0; i < s->n; i++) {
        memcpy(s->at[i].mac, m->macs.data + (size_t)i * SHA256_BYTES, SHA256_BYTES);
        s->at[i].spent = m->spent >> i & 1;
    }
    return ERR_OK;
}
