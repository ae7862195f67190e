#include "core/user.h"

#include <assert.h>
#include <string.h>

/* What is not in use is zero already; most users use a tenth. Keys are wiped whatever the counts
 * say, where it costs nothing. */
void user_wipe(struct user *u)
{
    assert(u->n_authenticators <= AUTHENTICATORS_MAX && u->n_tokens <= STEP_TOKENS_MAX);
    wipe(u->authenticators, u->n_authenticators * sizeof u->authenticators[0]);
    wipe(u->tokens, u->n_tokens * sizeof u->tokens[0]);
    secret_wipe(&u->enrollment.authenticator.key);
    if (u->enrollment.state != ENROLLMENT_NONE)
        wipe(&u->enrollment, sizeof u->enrollment);
    if (u->recovery.n > 0)
        wipe(&u->recovery, sizeof u->recovery);
    wipe(u, offsetof(struct user, recovery));
}

static bool enrollment_alive(const struct enrollment *e, int64_t now_s)
{
    return e->state != ENROLLMENT_NONE && e->expires_s > now_s;
}

enum factor_state user_factor_state(const struct user *u, int64_t now_s)
{
    if (u->n_authenticators > 0)
        return u->code_lockout.failures < CONSECUTIVE_FAILURES_MAX ? FACTOR_ACTIVE
                                                                   : FACTOR_SUSPENDED;
    if (!enrollment_alive(&u->enrollment, now_s))
        return FACTOR_NOT_ENROLLED;
    return u->enrollment.state == ENROLLMENT_CONFIRMED ? FACTOR_CONFIRMED : FACTOR_PENDING;
}

int32_t user_recovery_left(const struct user *u)
{
    int32_t left = 0;

    for (unsigned i = 0; i < u->recovery.n; i++)
        left += !u->recovery.at[i].spent;
    return left;
}

void user_set_password(struct user *u, const char *phc)
{
    size_t n = strlen(phc);

    assert(n < sizeof u->password_phc);
    wipe(u->password_phc, sizeof u->password_phc);
    memcpy(u->password_phc, phc, n);
    memset(u->sealed_password, 0, sizeof u->sealed_password);
    u->n_sealed_password = 0;
}

void user_credentials_changed(struct user *u)
{
    u->credential_version++;
    user_drop_enrollment(u);
    wipe(u->tokens, sizeof u->tokens);
    u->n_tokens = 0;
}

static void remove_token(struct user *u, unsigned index)
{
    struct step_token *gone = &u->tokens[index];

    u->n_tokens--;
    memmove(gone, gone + 1, (u->n_tokens - index) * sizeof *gone);
    wipe(&u->tokens[u->n_tokens], sizeof *gone);
}

void user_expire(struct user *u, int64_t now_s)
{
    if (!enrollment_alive(&u->enrollment, now_s))
        user_drop_enrollment(u);
    for (unsigned i = u->n_tokens; i-- > 0;)
        if (u->tokens[i].expires_s <= now_s)
            remove_token(u, i);
}

void user_drop_enrollment(struct user *u)
{
    if (u->enrollment.state == ENROLLMENT_NONE)
        return;
    user_spend_token(u, u->enrollment.token);
    wipe(&u->enrollment, sizeof u->enrollment);
}

void user_remove_authenticator(struct user *u, unsigned index)
{
    struct authenticator *gone = &u->authenticators[index];

    assert(index < u->n_authenticators);
    u->n_authenticators--;
    memmove(gone, gone + 1, (u->n_authenticators - index) * sizeof *gone);
    wipe(&u->authenticators[u->n_authenticators], sizeof *gone);
    /* The counters of failures stay: enrolling anew must not be a way to reset them. */
    if (u->n_authenticators == 0)
        wipe(&u->recovery, sizeof u->recovery);
}

void user_add_token(struct user *u, const struct step_token *t)
{
    if (u->n_tokens == STEP_TOKENS_MAX)
        remove_token(u, 0);
    u->tokens[u->n_tokens++] = *t;
}

/* Index of the token of ID, or n_tokens. */
static unsigned index_of(const struct user *u, const uint8_t id[static TOKEN_ID_BYTES])
{
    for (unsigned i = 0; i < u->n_tokens; i++)
        if (ct_equal(u->tokens[i].id, id, TOKEN_ID_BYTES))
            return i;
    return u->n_tokens;
}

struct step_token *user_find_token(struct user *u, const uint8_t id[static TOKEN_ID_BYTES])
{
    unsigned i = index_of(u, id);

    if (i == u->n_tokens || u->tokens[i].credential_version != u->credential_version)
        return NULL;
    return &u->tokens[i];
}

void user_spend_token(struct user *u, const uint8_t id[static TOKEN_ID_BYTES])
{
    unsigned i = index_of(u, id);

    if (i < u->n_tokens)
        remove_token(u, i);
}
