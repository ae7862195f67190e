/* Orgs, the failures of unknown users, and kept answers. Users have a file of their own. */
#include "store/record.h"

#include "store/big_endian.h"
#include "store/record_parts.h"

#include <assert.h>

static_assert((int)POLICY_DISABLED == TWOFOLD__RECORD__POLICY__MODE__DISABLED &&
                  (int)POLICY_OPTIONAL == TWOFOLD__RECORD__POLICY__MODE__OPTIONAL &&
                  (int)POLICY_REQUIRED == TWOFOLD__RECORD__POLICY__MODE__REQUIRED,
              "mode numbers of the disk format");

static bool policy_known(const struct policy *p)
{
    struct fault fault = {0};

    policy_check(p, &fault);
    return fault.n == 0 && p->mode >= POLICY_DISABLED && p->mode <= POLICY_REQUIRED &&
           otp_params_known(&p->otp) && memchr(p->issuer, 0, sizeof p->issuer);
}

static Twofold__Record__Policy policy_message(const struct policy *p)
{
    Twofold__Record__Policy m = TWOFOLD__RECORD__POLICY__INIT;

    m.mode = (Twofold__Record__Policy__Mode)p->mode;
    m.issuer = field_of_text(p->issuer);
    m.algorithm = (Twofold__Record__Algorithm)p->otp.algorithm;
    m.digits = p->otp.digits;
    m.period_s = p->otp.period_s;
#define X(name, least, most, fallback, rule) m.name = p->name;
    POLICY_NUMBERS(X)
#undef X
    m.disable_requires_code = p->disable_requires_code;
    return m;
}

static enum err policy_of(const Twofold__Record__Policy *m, struct policy *ret_policy)
{
    struct policy p = {
        .mode = (enum policy_mode)m->mode,
        .otp = {.algorithm = (enum mac_algorithm)m->algorithm,
                .digits = m->digits,
                .period_s = m->period_s},
#define X(name, least, most, fallback, rule) .name = m->name,
        POLICY_NUMBERS(X)
#undef X
            .disable_requires_code = m->disable_requires_code != 0,
    };

    TRY(field_text(m->issuer, p.issuer, sizeof p.issuer));
    if (!policy_known(&p))
        return ERR_UNAVAILABLE;
    *ret_policy = p;
    return ERR_OK;
}

static struct row_id org_row(const char *name)
{
    return (struct row_id){.kind = "org", .org = name, .username = ""};
}

enum err record_encode_org(const struct codec *c, const char *name, const struct org *org,
                           struct bytes *ret_row)
{
    Twofold__Record__Org m = TWOFOLD__RECORD__ORG__INIT;
    Twofold__Record__Policy policy;
    Twofold__Record__AuditChain chain = chain_message(&org->chain);
    struct row_id row = org_row(name);

    if (!policy_known(&org->policy))
        return ERR_INTERNAL;
    policy = policy_message(&org->policy);
    m.policy = &policy;
    m.policy_version = org->policy_version;
    m.chain = &chain;
    return row_encode(c, &row, &m.base, ret_row);
}

enum err record_decode_org(const struct codec *c, const char *name, struct bytes row,
                           struct org *ret_org)
{
    struct row_id id = org_row(name);
    struct org org = {.exists = true};
    ProtobufCMessage *message;
    const Twofold__Record__Org *m;

    TRY(row_decode(c, &id, row, &twofold__record__org__descriptor, &message));
    m = (const Twofold__Record__Org *)message;
    if (!m->policy)
        return ERR_UNAVAILABLE;
    TRY(policy_of(m->policy, &org.policy));
    org.policy_version = m->policy_version;
    TRY(chain_of(m->chain, &org.chain));
    *ret_org = org;
    return ERR_OK;
}

static struct row_id decoy_row(const struct user_id *id)
{
    return (struct row_id){.kind = "decoy", .org = id->org, .username = id->username};
}

enum err record_encode_decoy(const struct codec *c, const struct user_id *id,
                             const struct lockout *lockout, struct bytes *ret_row)
{
    Twofold__Record__Lockout m = lockout_message(lockout);
    struct row_id row = decoy_row(id);

    return row_encode(c, &row, &m.base, ret_row);
}

enum err record_decode_decoy(const struct codec *c, const struct user_id *id, struct bytes row,
                             struct lockout *ret_lockout)
{
    struct row_id row_id = decoy_row(id);
    ProtobufCMessage *message;

    TRY(row_decode(c, &row_id, row, &twofold__record__lockout__descriptor, &message));
    *ret_lockout = lockout_of((const Twofold__Record__Lockout *)message);
    return ERR_OK;
}

enum { RETRY_CONTEXT_PARTS = 3 };

/* The time stands outside the seal, so it is bound to it. */
static void retry_context(const struct user_id *id, const uint8_t *expires,
                          struct bytes ret_parts[static RETRY_CONTEXT_PARTS])
{
    ret_parts[0] = bytes_of_text(id->org);
    ret_parts[1] = bytes_of_text(id->username);
    ret_parts[2] = (struct bytes){.p = expires, .n = RETRY_EXPIRES_BYTES};
}

enum err record_encode_retry(const struct codec *c, const struct user_id *id,
                             const struct retry_answer *answer, struct bytes *ret_value)
{
    Twofold__Record__RetryAnswer m = TWOFOLD__RECORD__RETRY_ANSWER__INIT;
    struct bytes context[RETRY_CONTEXT_PARTS], plain;
    size_t n;
    uint8_t *value;

    m.request_id = field_of_text(answer->request_id);
    m.actor = field_of_text(answer->actor);
    m.digest = field_of(answer->digest, sizeof answer->digest);
    m.err = answer->err;
    m.reply = field_of(answer->reply.p, answer->reply.n);
    m.mismatches = answer->mismatches;
    m.digest_key = answer->digest_key;
    TRY(message_pack(c, &m.base, &plain));
    n = RETRY_EXPIRES_BYTES + plain.n + SEALED_OVERHEAD;
    value = arena_alloc(c->arena, n);
    if (!value)
        return ERR_UNAVAILABLE;
    be_put(value, RETRY_EXPIRES_BYTES, (uint64_t)answer->expires_ms);
    retry_context(id, value, context);
    TRY(keyring_seal(c->keyring, KEY_RETRY, context, RETRY_CONTEXT_PARTS, plain,
                     value + RETRY_EXPIRES_BYTES));
    *ret_value = (struct bytes){.p = value, .n = n};
    return ERR_OK;
}

enum err record_retry_expires(struct bytes value, int64_t *ret_expires_ms)
{
    if (value.n < RETRY_EXPIRES_BYTES)
        return ERR_UNAVAILABLE;
    *ret_expires_ms = (int64_t)be_get(value.p, RETRY_EXPIRES_BYTES);
    return ERR_OK;
}

static enum err retry_unseal(const struct codec *c, const struct user_id *id, struct bytes value,
                             struct bytes *ret_plain)
{
    struct bytes context[RETRY_CONTEXT_PARTS], sealed;
    uint8_t *plain;

    if (value.n < RETRY_EXPIRES_BYTES + SEALED_OVERHEAD)
        return ERR_UNAVAILABLE;
    sealed = (struct bytes){.p = value.p + RETRY_EXPIRES_BYTES, .n = value.n - RETRY_EXPIRES_BYTES};
    plain = arena_alloc(c->arena, sealed.n - SEALED_OVERHEAD);
    if (!plain)
        return ERR_UNAVAILABLE;
    retry_context(id, value.p, context);
    if (keyring_unseal(c->keyring, KEY_RETRY, context, RETRY_CONTEXT_PARTS, sealed, plain))
        return ERR_UNAVAILABLE;
    *ret_plain = (struct bytes){.p = plain, .n = sealed.n - SEALED_OVERHEAD};
    return ERR_OK;
}

enum err record_decode_retry(const struct codec *c, const struct user_id *id, struct bytes value,
                             struct retry_answer *ret_answer)
{
    struct retry_answer answer = {0};
    ProtobufCMessage *message;
    const Twofold__Record__RetryAnswer *m;
    struct bytes plain;

    TRY(record_retry_expires(value, &answer.expires_ms));
    TRY(retry_unseal(c, id, value, &plain));
    TRY(message_unpack(c, plain, &twofold__record__retry_answer__descriptor, &message));
    m = (const Twofold__Record__RetryAnswer *)message;
    if (m->err > ERR_INTERNAL)
        return ERR_UNAVAILABLE;
    TRY(field_text(m->request_id, answer.request_id, sizeof answer.request_id));
    TRY(field_text(m->actor, answer.actor, sizeof answer.actor));
    TRY(field_exact(m->digest, answer.digest, sizeof answer.digest));
    answer.err = (enum err)m->err;
    answer.reply = (struct bytes){.p = m->reply.data, .n = m->reply.len};
    answer.mismatches = m->mismatches;
    answer.digest_key = m->digest_key;
    *ret_answer = answer;
    return ERR_OK;
}
