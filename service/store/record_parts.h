/* The parts that several records share, each as a message and back. Private to store/. */
#ifndef TWOFOLD_STORE_RECORD_PARTS_H
#define TWOFOLD_STORE_RECORD_PARTS_H

#include "core/user.h"
#include "store/row.h"

#include "store/record.pb-c.h"

/* Is SEALED under another key than the active one? A row must not say of itself that it is under a
 * key that something in it is not. */
bool sealed_before(const struct codec *c, struct bytes sealed);

Twofold__Record__Lockout lockout_message(const struct lockout *l);
/* M may be NULL: no failures. */
struct lockout lockout_of(const Twofold__Record__Lockout *m);

/* The message borrows from CHAIN. */
Twofold__Record__AuditChain chain_message(const struct audit_chain *chain);
/* M may be NULL: no event yet. */
NODISCARD enum err chain_of(const Twofold__Record__AuditChain *m, struct audit_chain *ret_chain);

/* The message borrows from S, which has slots, and from the codec's arena. */
NODISCARD enum err recovery_message(const struct codec *c, const struct recovery_set *s,
                                    Twofold__Record__RecoverySet *ret);
/* Fills an empty S; M may be NULL: no set. A set without slots is damage. On failure S is the
 * caller's to discard. */
NODISCARD enum err recovery_of(const Twofold__Record__RecoverySet *m, struct recovery_set *s);

/* Are these parameters that the core knows? */
bool otp_params_known(const struct otp_params *p);
/* Are all of its values inside their bounds? */
bool authenticator_known(const struct authenticator *a);

/* Gives the key its sealed form under the active key, unless it has that. */
NODISCARD enum err authenticator_seal(const struct codec *c, const struct user_id *id,
                                      struct authenticator *a);
/* The message borrows from A, which has been sealed. */
Twofold__Record__Authenticator authenticator_message(const struct authenticator *a);
/* Fills an empty A; marks it damaged when its key cannot be unsealed. On failure A is the caller's
 * to discard and wipe. */
NODISCARD enum err authenticator_of(const struct codec *c, const struct user_id *id,
                                    const Twofold__Record__Authenticator *m,
                                    struct authenticator *a);

#endif
