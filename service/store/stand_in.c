#include "store/stand_in.h"

enum { A_TIME = 1800000000 };

static const struct user_id nobody = {.org = "", .username = ""};

/* As Verify tells of unknown names: somebody with a password and without a factor. */
static void make_up(struct user *u)
{
    *u = (struct user){.exists = true, .created_s = A_TIME, .credential_version = 2};
    memset(u->password_phc, '$', STAND_IN_HASH_TEXT);
    u->chain.sequence = 1;
}

static enum err seal(struct stand_in *s, const struct codec *c, uint8_t *ret_sealed)
{
    const struct bytes context[] = {bytes_of_text("stand-in")};
    struct bytes plain = {.p = (const uint8_t *)s->user.password_phc, .n = STAND_IN_HASH_TEXT};

    return keyring_seal(c->keyring, KEY_FIELD, context, ARRAY_LEN(context), plain, ret_sealed);
}

static enum err unseal(struct stand_in *s, const struct codec *c)
{
    const struct bytes context[] = {bytes_of_text("stand-in")};
    struct bytes sealed = {.p = s->sealed, .n = sizeof s->sealed};
    uint8_t plain[STAND_IN_HASH_TEXT];

    return keyring_unseal(c->keyring, KEY_FIELD, context, ARRAY_LEN(context), sealed, plain);
}

static enum err make(struct stand_in *s, const struct codec *c)
{
    uint32_t key_id = keyring_active(c->keyring);
    struct bytes row;

    if (s->n && s->key_id == key_id)
        return ERR_OK;
    make_up(&s->user);
    TRY(seal(s, c, s->sealed));
    TRY(record_encode_user(c, &nobody, &s->user, &row));
    if (row.n > sizeof s->row)
        return ERR_INTERNAL;
    memcpy(s->row, row.p, row.n);
    s->n = row.n;
    s->key_id = key_id;
    return ERR_OK;
}

static enum err load(struct stand_in *s, const struct codec *c, bool counted)
{
    auto_user user = {0};

    TRY(make(s, c));
    if (counted)
        return unseal(s, c);
    return record_decode_user(c, &nobody, (struct bytes){.p = s->row, .n = s->n}, &user);
}

static enum err save(struct stand_in *s, const struct codec *c, bool counted)
{
    uint8_t sealed[sizeof s->sealed];
    struct bytes row;

    TRY(make(s, c));
    if (counted)
        return seal(s, c, sealed);
    return record_encode_user(c, &nobody, &s->user, &row);
}

void stand_in_load(struct stand_in *s, const struct codec *c, bool counted)
{
    err_drop(load(s, c, counted));
}

void stand_in_save(struct stand_in *s, const struct codec *c, bool counted)
{
    err_drop(save(s, c, counted));
}
