#include "core/import.h"

static void add(struct user *user, const struct authenticator *fresh, struct decision *d)
{
    struct audit_fact fact = {
        .type = AUDIT_FACTOR_IMPORTED, .outcome = AUDIT_SUCCESS, .has_authenticator = true};

    memcpy(fact.authenticator, fresh->id, ID_BYTES);
    user->authenticators[user->n_authenticators++] = *fresh;
    audit_add(&d->facts, fact);
}

void import_decide(struct user *user, const struct authenticator *fresh,
                   const struct circumstances *c, struct decision *d)
{
    if (user->n_authenticators >= (unsigned)c->policy->max_authenticators) {
        d->answer = ERR_ALREADY_ENROLLED;
        return;
    }
    add(user, fresh, d);
    user_credentials_changed(user);
}

/* Failures that were counted under the name were of somebody who did not exist: as after PutUser,
 * they are forgotten. */
static void create(struct user *user, const char *password_phc, const struct circumstances *c,
                   struct decision *d)
{
    user->exists = true;
    user->created_s = c->now_s;
    user_set_password(user, password_phc);
    lockout_reset(&user->password_lockout);
    user_credentials_changed(user);
    audit_add(&d->facts, (struct audit_fact){.type = AUDIT_USER_CREATED, .outcome = AUDIT_SUCCESS});
}

void import_user_decide(struct user *user, const struct import_user_ask *ask,
                        const struct circumstances *c, struct decision *d)
{
    if (user->exists) {
        d->answer = ERR_CONFLICT;
        return;
    }
    if (ask->n_fresh > (size_t)c->policy->max_authenticators) {
        d->answer = ERR_VALIDATION;
        d->field = "otpauth_uris";
        d->rule = "must be no more than the policy's max_authenticators";
        return;
    }
    create(user, ask->password_phc, c, d);
    for (size_t i = 0; i < ask->n_fresh; i++)
        add(user, &ask->fresh[i], d);
}
