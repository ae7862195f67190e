/*
 * Authenticators. The row's MAC says that the record is whole; the seal of a key says besides that
 * the key belongs to this authenticator of this user. An enrolment's key has the same place in its
 * seal as an active one, so that completing the enrolment keeps the sealed bytes.
 */
#include "store/record_parts.h"

#include <assert.h>

static_assert((int)SEALED_SECRET_MAX >= SECRET_MAX + SEALED_OVERHEAD, "room for a sealed key");

/* The core's numbers are what is stored: whoever changes one must translate it here. */
static_assert((int)MAC_SHA1 == TWOFOLD__RECORD__ALGORITHM__SHA1 &&
                  (int)MAC_SHA256 == TWOFOLD__RECORD__ALGORITHM__SHA256 &&
                  (int)MAC_SHA512 == TWOFOLD__RECORD__ALGORITHM__SHA512,
              "algorithm numbers of the disk format");

bool otp_params_known(const struct otp_params *p)
{
    return (unsigned)p->algorithm <= MAC_SHA512 && (p->digits == 6 || p->digits == 8) &&
           (p->period_s == 30 || p->period_s == 60);
}

bool authenticator_known(const struct authenticator *a)
{
    return otp_params_known(&a->otp) && memchr(a->label, 0, sizeof a->label) &&
           a->key.n <= sizeof a->key.bytes && a->n_sealed <= sizeof a->sealed;
}

enum { KEY_CONTEXT_PARTS = 4 };

static void key_context(const struct user_id *id, const struct authenticator *a,
                        struct bytes ret_parts[static KEY_CONTEXT_PARTS])
{
    ret_parts[0] = bytes_of_text(id->org);
    ret_parts[1] = bytes_of_text(id->username);
    ret_parts[2] = (struct bytes){.p = a->id, .n = sizeof a->id};
    ret_parts[3] = bytes_of_text("authenticator.key");
}

/* A damaged key has nothing to seal: what was stored stays, for whoever can repair it. */
enum err authenticator_seal(const struct codec *c, const struct user_id *id,
                            struct authenticator *a)
{
    struct bytes context[KEY_CONTEXT_PARTS], sealed = {.p = a->sealed, .n = a->n_sealed};

    if ((a->n_sealed && !sealed_before(c, sealed)) || a->damaged)
        return ERR_OK;
    key_context(id, a, context);
    TRY(keyring_seal(c->keyring, KEY_FIELD, context, KEY_CONTEXT_PARTS, secret_view(&a->key),
                     a->sealed));
    a->n_sealed = a->key.n + SEALED_OVERHEAD;
    return ERR_OK;
}

Twofold__Record__Authenticator authenticator_message(const struct authenticator *a)
{
    Twofold__Record__Authenticator m = TWOFOLD__RECORD__AUTHENTICATOR__INIT;

    m.id = field_of(a->id, sizeof a->id);
    m.label = field_of_text(a->label);
    m.algorithm = (Twofold__Record__Algorithm)a->otp.algorithm;
    m.digits = a->otp.digits;
    m.period_s = a->otp.period_s;
    m.sealed_key = field_of(a->sealed, a->n_sealed);
    m.created_s = a->created_s;
    m.last_used_s = a->last_used_s;
    m.last_step = a->last_step;
    return m;
}

static enum err key_unseal(const struct codec *c, const struct user_id *id, struct authenticator *a)
{
    struct bytes context[KEY_CONTEXT_PARTS];
    enum err err = ERR_INVALID_TOKEN;

    key_context(id, a, context);
    if (a->n_sealed >= SEALED_OVERHEAD && a->n_sealed - SEALED_OVERHEAD <= sizeof a->key.bytes)
        err = keyring_unseal(c->keyring, KEY_FIELD, context, KEY_CONTEXT_PARTS,
                             (struct bytes){.p = a->sealed, .n = a->n_sealed}, a->key.bytes);
    if (err != ERR_OK && err != ERR_INVALID_TOKEN)
        return err;
    a->damaged = err != ERR_OK;
    a->key.n = a->damaged ? 0 : a->n_sealed - SEALED_OVERHEAD;
    return ERR_OK;
}

enum err authenticator_of(const struct codec *c, const struct user_id *id,
                          const Twofold__Record__Authenticator *m, struct authenticator *a)
{
    TRY(field_exact(m->id, a->id, sizeof a->id));
    TRY(field_text(m->label, a->label, sizeof a->label));
    a->otp = (struct otp_params){
        .algorithm = (enum mac_algorithm)m->algorithm,
        .digits = m->digits,
        .period_s = m->period_s,
    };
    a->created_s = m->created_s;
    a->last_used_s = m->last_used_s;
    a->last_step = m->last_step;
    if (m->sealed_key.len > sizeof a->sealed)
        return ERR_UNAVAILABLE;
    a->n_sealed = m->sealed_key.len;
    TRY(field_exact(m->sealed_key, a->sealed, a->n_sealed));
    return key_unseal(c, id, a);
}
