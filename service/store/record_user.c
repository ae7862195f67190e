/*
 * A user as a record. The password hash is sealed inside it: without the keyring, a stolen database
 * is nothing that passwords could be guessed against.
 */
#include "store/record.h"

#include "store/record_parts.h"

#include <assert.h>

static_assert((int)ENROLLMENT_NONE == TWOFOLD__RECORD__ENROLLMENT__STATE__NONE &&
                  (int)ENROLLMENT_PENDING == TWOFOLD__RECORD__ENROLLMENT__STATE__PENDING &&
                  (int)ENROLLMENT_CONFIRMED == TWOFOLD__RECORD__ENROLLMENT__STATE__CONFIRMED,
              "enrolment numbers of the disk format");
static_assert((int)TOKEN_ACCOUNT == TWOFOLD__RECORD__STEP_TOKEN__PURPOSE__ACCOUNT &&
                  (int)TOKEN_LOGIN == TWOFOLD__RECORD__STEP_TOKEN__PURPOSE__LOGIN &&
                  (int)TOKEN_ENROLL == TWOFOLD__RECORD__STEP_TOKEN__PURPOSE__ENROLL &&
                  (int)TOKEN_FIRST_FACTOR == TWOFOLD__RECORD__STEP_TOKEN__PURPOSE__FIRST_FACTOR,
              "purpose numbers of the disk format");

static_assert((int)SEALED_PHC_MAX == PHC_MAX - 1 + SEALED_OVERHEAD, "room for a sealed hash");

/* What every user's message points at. What only some have lies in the arena beside it. */
struct user_parts {
    Twofold__Record__User user;
    Twofold__Record__Lockout password_lockout, code_lockout, recovery_lockout;
    Twofold__Record__AuditChain chain;
    Twofold__Record__RecoverySet recovery;
    Twofold__Record__Enrollment enrollment;
    Twofold__Record__Authenticator enrolled;
    Twofold__Record__RecoverySet enrolled_recovery;
};

static bool sealed_fits(size_t n)
{
    return n == 0 || (n > SEALED_OVERHEAD && n <= SEALED_PHC_MAX);
}

/* Is every count and enum one that the core knows? */
static bool user_known(const struct user *u)
{
    const struct enrollment *e = &u->enrollment;

    if (u->n_authenticators > AUTHENTICATORS_MAX || u->n_tokens > STEP_TOKENS_MAX ||
        u->recovery.n > RECOVERY_CODES_MAX || e->recovery.n > RECOVERY_CODES_MAX ||
        (unsigned)e->state > ENROLLMENT_CONFIRMED || !sealed_fits(u->n_sealed_password) ||
        !memchr(u->password_phc, 0, sizeof u->password_phc))
        return false;
    for (unsigned i = 0; i < u->n_authenticators; i++)
        if (!authenticator_known(&u->authenticators[i]))
            return false;
    for (unsigned i = 0; i < u->n_tokens; i++)
        if (u->tokens[i].purpose < TOKEN_ACCOUNT || u->tokens[i].purpose > TOKEN_FIRST_FACTOR)
            return false;
    return e->state == ENROLLMENT_NONE || authenticator_known(&e->authenticator);
}

enum { PASSWORD_CONTEXT_PARTS = 3 };

static void password_context(const struct user_id *id,
                             struct bytes ret_parts[static PASSWORD_CONTEXT_PARTS])
{
    ret_parts[0] = bytes_of_text(id->org);
    ret_parts[1] = bytes_of_text(id->username);
    ret_parts[2] = bytes_of_text("password");
}

static Twofold__Record__StepToken token_message(const struct step_token *t)
{
    Twofold__Record__StepToken m = TWOFOLD__RECORD__STEP_TOKEN__INIT;

    m.id = field_of(t->id, sizeof t->id);
    m.purpose = (Twofold__Record__StepToken__Purpose)t->purpose;
    m.credential_version = t->credential_version;
    m.expires_s = t->expires_s;
    m.password_proved = t->password_proved;
    return m;
}

static enum err token_of(const Twofold__Record__StepToken *m, struct step_token *t)
{
    t->purpose = (enum token_purpose)m->purpose;
    t->credential_version = m->credential_version;
    t->expires_s = m->expires_s;
    t->password_proved = m->password_proved != 0;
    return field_exact(m->id, t->id, sizeof t->id);
}

static enum err enrollment_message(const struct codec *c, const struct user_id *id,
                                   struct enrollment *e, struct user_parts *parts)
{
    Twofold__Record__Enrollment *m = &parts->enrollment;

    if (e->state == ENROLLMENT_NONE)
        return ERR_OK;
    TRY(authenticator_seal(c, id, &e->authenticator));
    twofold__record__enrollment__init(m);
    m->state = (Twofold__Record__Enrollment__State)e->state;
    parts->enrolled = authenticator_message(&e->authenticator);
    m->authenticator = &parts->enrolled;
    if (e->recovery.n) {
        TRY(recovery_message(c, &e->recovery, &parts->enrolled_recovery));
        m->recovery = &parts->enrolled_recovery;
    }
    m->token = field_of(e->token, sizeof e->token);
    m->replaces = field_of(e->replaces, sizeof e->replaces);
    m->expires_s = e->expires_s;
    parts->user.enrollment = m;
    return ERR_OK;
}

static enum err enrollment_of(const struct codec *c, const struct user_id *id,
                              const Twofold__Record__Enrollment *m, struct enrollment *e)
{
    if (!m)
        return ERR_OK;
    e->state = (enum enrollment_state)m->state;
    e->expires_s = m->expires_s;
    if (!m->authenticator || e->state == ENROLLMENT_NONE)
        return ERR_UNAVAILABLE;
    TRY(authenticator_of(c, id, m->authenticator, &e->authenticator));
    TRY(recovery_of(m->recovery, &e->recovery));
    TRY(field_exact(m->token, e->token, sizeof e->token));
    return field_exact(m->replaces, e->replaces, sizeof e->replaces);
}

enum err record_open_password(const struct codec *c, const struct user_id *id, struct user *user)
{
    struct bytes context[PASSWORD_CONTEXT_PARTS];
    struct bytes sealed = {.p = user->sealed_password, .n = user->n_sealed_password};
    uint8_t plain[PHC_MAX];
    enum err err;

    if (sealed.n == 0 || *user->password_phc)
        return ERR_OK;
    password_context(id, context);
    if (keyring_unseal(c->keyring, KEY_FIELD, context, PASSWORD_CONTEXT_PARTS, sealed, plain))
        return ERR_UNAVAILABLE;
    err = field_text(field_of(plain, sealed.n - SEALED_OVERHEAD), user->password_phc, PHC_MAX);
    wipe(plain, sizeof plain);
    return err;
}

/* An unchanged hash is not looked at, but for the key that it is under. */
static enum err password_seal(const struct codec *c, const struct user_id *id, struct user *u)
{
    struct bytes context[PASSWORD_CONTEXT_PARTS];
    struct bytes sealed = {.p = u->sealed_password, .n = u->n_sealed_password}, plain;

    if (sealed.n && !sealed_before(c, sealed))
        return ERR_OK;
    TRY(record_open_password(c, id, u));
    plain = bytes_of_text(u->password_phc);
    if (plain.n == 0)
        return ERR_OK;
    password_context(id, context);
    TRY(keyring_seal(c->keyring, KEY_FIELD, context, PASSWORD_CONTEXT_PARTS, plain,
                     u->sealed_password));
    u->n_sealed_password = plain.n + SEALED_OVERHEAD;
    return ERR_OK;
}

static enum err password_of(ProtobufCBinaryData field, struct user *u)
{
    if (!sealed_fits(field.len))
        return ERR_UNAVAILABLE;
    u->n_sealed_password = field.len;
    return field_exact(field, u->sealed_password, field.len);
}

/* The two lists of a user: messages, and pointers to them. */
static enum err authenticators_message(const struct codec *c, const struct user_id *id,
                                       struct user *u, struct user_parts *parts)
{
    Twofold__Record__Authenticator *m, **list;

    if (u->n_authenticators == 0)
        return ERR_OK;
    m = arena_alloc(c->arena, u->n_authenticators * sizeof *m);
    list = arena_alloc(c->arena, u->n_authenticators * sizeof *list);
    if (!m || !list)
        return ERR_UNAVAILABLE;
    for (unsigned i = 0; i < u->n_authenticators; i++) {
        TRY(authenticator_seal(c, id, &u->authenticators[i]));
        m[i] = authenticator_message(&u->authenticators[i]);
        list[i] = &m[i];
    }
    parts->user.n_authenticators = u->n_authenticators;
    parts->user.authenticators = list;
    return ERR_OK;
}

static enum err tokens_message(const struct codec *c, const struct user *u,
                               struct user_parts *parts)
{
    Twofold__Record__StepToken *m, **list;

    if (u->n_tokens == 0)
        return ERR_OK;
    m = arena_alloc(c->arena, u->n_tokens * sizeof *m);
    list = arena_alloc(c->arena, u->n_tokens * sizeof *list);
    if (!m || !list)
        return ERR_UNAVAILABLE;
    for (unsigned i = 0; i < u->n_tokens; i++) {
        m[i] = token_message(&u->tokens[i]);
        list[i] = &m[i];
    }
    parts->user.n_tokens = u->n_tokens;
    parts->user.tokens = list;
    return ERR_OK;
}

static enum err lists_of(const struct codec *c, const struct user_id *id,
                         const Twofold__Record__User *m, struct user *u)
{
    if (m->n_authenticators > AUTHENTICATORS_MAX || m->n_tokens > STEP_TOKENS_MAX)
        return ERR_UNAVAILABLE;
    u->n_authenticators = (unsigned)m->n_authenticators;
    u->n_tokens = (unsigned)m->n_tokens;
    for (unsigned i = 0; i < u->n_authenticators; i++)
        TRY(authenticator_of(c, id, m->authenticators[i], &u->authenticators[i]));
    for (unsigned i = 0; i < u->n_tokens; i++)
        TRY(token_of(m->tokens[i], &u->tokens[i]));
    return ERR_OK;
}

static struct row_id user_row(const struct user_id *id)
{
    return (struct row_id){.kind = "user", .org = id->org, .username = id->username};
}

/* Points FIELD at PLACE, filled from L; a counter at zero is not stored. */
static void lockout_part(const struct lockout *l, Twofold__Record__Lockout *place,
                         Twofold__Record__Lockout **field)
{
    if (l->failures == 0 && l->until_s == 0)
        return;
    *place = lockout_message(l);
    *field = place;
}

static void counters_message(const struct user *u, struct user_parts *parts)
{
    lockout_part(&u->password_lockout, &parts->password_lockout, &parts->user.password_lockout);
    lockout_part(&u->code_lockout, &parts->code_lockout, &parts->user.code_lockout);
    lockout_part(&u->recovery_lockout, &parts->recovery_lockout, &parts->user.recovery_lockout);
    parts->chain = chain_message(&u->chain);
    parts->user.chain = &parts->chain;
}

enum err record_encode_user(const struct codec *c, const struct user_id *id, struct user *user,
                            struct bytes *ret_row)
{
    struct user_parts *parts = arena_alloc(c->arena, sizeof *parts);
    struct row_id row = user_row(id);

    if (!parts)
        return ERR_UNAVAILABLE;
    if (!user_known(user))
        return ERR_INTERNAL;
    twofold__record__user__init(&parts->user);
    parts->user.created_s = user->created_s;
    parts->user.credential_version = user->credential_version;
    counters_message(user, parts);
    if (user->recovery.n) {
        TRY(recovery_message(c, &user->recovery, &parts->recovery));
        parts->user.recovery = &parts->recovery;
    }
    TRY(password_seal(c, id, user));
    parts->user.sealed_password = field_of(user->sealed_password, user->n_sealed_password);
    TRY(authenticators_message(c, id, user, parts));
    TRY(tokens_message(c, user, parts));
    TRY(enrollment_message(c, id, &user->enrollment, parts));
    return row_encode(c, &row, &parts->user.base, ret_row);
}

/* Fills an empty user. */
static enum err user_of(const struct codec *c, const struct user_id *id,
                        const Twofold__Record__User *m, struct user *u)
{
    u->exists = true;
    u->created_s = m->created_s;
    u->credential_version = m->credential_version;
    u->password_lockout = lockout_of(m->password_lockout);
    u->code_lockout = lockout_of(m->code_lockout);
    u->recovery_lockout = lockout_of(m->recovery_lockout);
    TRY(chain_of(m->chain, &u->chain));
    TRY(password_of(m->sealed_password, u));
    TRY(lists_of(c, id, m, u));
    TRY(recovery_of(m->recovery, &u->recovery));
    TRY(enrollment_of(c, id, m->enrollment, &u->enrollment));
    return user_known(u) ? ERR_OK : ERR_UNAVAILABLE;
}

enum err record_decode_user(const struct codec *c, const struct user_id *id, struct bytes row,
                            struct user *user)
{
    struct row_id row_id = user_row(id);
    ProtobufCMessage *message;
    enum err err;

    user_wipe(user);
    TRY(row_decode(c, &row_id, row, &twofold__record__user__descriptor, &message));
    err = user_of(c, id, (const Twofold__Record__User *)message, user);
    /* All of it: half a user need not be zero where it is not in use. */
    if (err != ERR_OK)
        wipe(user, sizeof *user);
    return err;
}

enum err record_user_peppers(const struct codec *c, const struct user_id *id, struct bytes row,
                             uint32_t ret_ids[static 2], size_t *ret_n)
{
    struct row_id row_id = user_row(id);
    ProtobufCMessage *message;
    const Twofold__Record__User *m;

    TRY(row_decode(c, &row_id, row, &twofold__record__user__descriptor, &message));
    m = (const Twofold__Record__User *)message;
    *ret_n = 0;
    if (m->recovery)
        ret_ids[(*ret_n)++] = m->recovery->pepper;
    if (m->enrollment && m->enrollment->recovery)
        ret_ids[(*ret_n)++] = m->enrollment->recovery->pepper;
    return ERR_OK;
}
