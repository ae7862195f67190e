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

static enum err make(struct stand_in *s, const struct codec *c)
{
    uint32_t key_id = keyring_active(c->keyring);
    struct bytes row;

    if (s->n && s->key_id == key_id)
        return ERR_OK;
    make_up(&s->user);
    TRY(record_encode_user(c, &nobody, &s->user, &row));
    if (row.n > sizeof s->row)
        return ERR_INTERNAL;
    memcpy(s->row, row.p, row.n);
    s->n = row.n;
    s->key_id = key_id;
    return ERR_OK;
}

static enum err load(struct stand_in *s, const struct codec *c)
{
    auto_user user = {0};

    TRY(make(s, c));
    return record_decode_user(c, &nobody, (struct bytes){.p = s->row, .n = s->n}, &user);
}

static enum err open_password(struct stand_in *s, const struct codec *c)
{
    TRY(make(s, c));
    s->user.password_phc[0] = '\0';
    return record_open_password(c, &nobody, &s->user);
}

static enum err save(struct stand_in *s, const struct codec *c)
{
    struct bytes row;

    TRY(make(s, c));
    return record_encode_user(c, &nobody, &s->user, &row);
}

void stand_in_load(struct stand_in *s, const struct codec *c, bool counted)
{
    if (!counted)
        err_drop(load(s, c));
}

void stand_in_open(struct stand_in *s, const struct codec *c)
{
    err_drop(open_password(s, c));
}

void stand_in_save(struct stand_in *s, const struct codec *c, bool counted)
{
    if (!counted)
        err_drop(save(s, c));
}
