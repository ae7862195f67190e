/* What other systems kept, taken over as it is: nobody proves anything, an administrator vouches.
 */
#ifndef TWOFOLD_CORE_IMPORT_H
#define TWOFOLD_CORE_IMPORT_H

#include "core/login.h"

/* Admin.ImportAuthenticator: FRESH is in force at once. ALREADY_ENROLLED when the policy allows no
 * more. */
void import_decide(struct user *user, const struct authenticator *fresh,
                   const struct circumstances *c, struct decision *d);

struct import_user_ask {
    const char *password_phc;          /* "": none */
    const struct authenticator *fresh; /* in force at once */
    size_t n_fresh;
};

/* Admin.ImportUser: the user, the hash and all authenticators, or nothing. CONFLICT when the user
 * exists; VALIDATION for more authenticators than the policy allows. */
void import_user_decide(struct user *user, const struct import_user_ask *ask,
                        const struct circumstances *c, struct decision *d);

#endif
