/*
 * Audit events as the core decides them: what happened, and why. The rpc layer adds who asked and
 * when, chains and stores them.
 */
#ifndef TWOFOLD_CORE_AUDIT_H
#define TWOFOLD_CORE_AUDIT_H

#include "core/user.h"

/* name, type on the wire ("<category>.<event>") */
#define AUDIT_TYPE_LIST(X)                                    \
    X(USER_CREATED, "user.created")                           \
    X(USER_DELETED, "user.deleted")                           \
    X(PASSWORD_CHANGED, "password.changed")                   \
    X(PASSWORD_CONFIRMED, "password.confirmed")               \
    X(TOKEN_ISSUED, "token.issued")                           \
    X(ENROLLMENT_BEGUN, "enrollment.begun")                   \
    X(ENROLLMENT_CONFIRMED, "enrollment.confirmed")           \
    X(ENROLLMENT_COMPLETED, "enrollment.completed")           \
    X(ENROLLMENT_CANCELLED, "enrollment.cancelled")           \
    X(FACTOR_DISABLED, "factor.disabled")                     \
    X(FACTOR_RESET, "factor.reset")                           \
    X(FACTOR_IMPORTED, "factor.imported")                     \
    X(RECOVERY_REGENERATED, "recovery.regenerated")           \
    X(RECOVERY_USED, "recovery.used")                         \
    X(RECOVERY_LOW, "recovery.low")                           \
    X(VERIFICATION_SUCCEEDED, "verification.succeeded")       \
    X(VERIFICATION_FAILED, "verification.failed")             \
    X(LOGIN_SUCCEEDED, "login.succeeded")                     \
    X(LOGIN_FAILED, "login.failed")                           \
    X(LOGIN_CODE_REQUIRED, "login.code_required")             \
    X(LOGIN_ENROLLMENT_REQUIRED, "login.enrollment_required") \
    X(ACCOUNT_LOCKED, "account.locked")                       \
    X(ACCOUNT_SUSPENDED, "account.suspended")                 \
    X(ACCOUNT_UNLOCKED, "account.unlocked")                   \
    X(POLICY_CHANGED, "policy.changed")                       \
    X(SERVICE_STARTED, "service.started")                     \
    X(SERVICE_RESTORED, "service.restored")                   \
    X(AUDIT_CHECKPOINT, "audit.checkpoint")                   \
    X(AUDIT_DROPPED, "audit.dropped")                         \
    X(AUDIT_RESENT, "audit.resent")

enum audit_type {
#define X(name, type) AUDIT_##name,
    AUDIT_TYPE_LIST(X)
#undef X
        AUDIT_TYPES
};

/* "verification.succeeded". Static. */
const char *audit_type_text(enum audit_type type);

enum audit_outcome { AUDIT_SUCCESS = 1, AUDIT_DENIED, AUDIT_CHALLENGED };

/* Numbers are those of twofold.v1.AuditEvent.Reason. */
enum audit_reason {
    WHY_NONE,
    WHY_WRONG_PASSWORD,
    WHY_UNKNOWN_USER,
    WHY_WRONG_CODE,
    WHY_REPLAYED,
    WHY_CLOCK_BEHIND,
    WHY_WRONG_RECOVERY_CODE,
    WHY_USED_RECOVERY_CODE,
    WHY_LOCKED,
    WHY_SUSPENDED,
    WHY_NOT_ENROLLED,
    WHY_DAMAGED,
    WHY_MALFORMED_CODE,
    WHY_OUTSIDE_WINDOW,
};

/* Numbers are those of twofold.v1.AuditEvent.Method. */
enum audit_method { BY_NONE, BY_PASSWORD, BY_STEP_TOKEN, BY_TOTP, BY_RECOVERY_CODE };

/* How many events one stands for, and when they happened (Unix milliseconds). */
struct audit_span {
    uint64_t count; /* 0: the event stands for itself */
    int64_t first_ms, last_ms;
};

struct audit_fact {
    enum audit_type type;
    enum audit_outcome outcome;
    enum audit_reason reason;
    enum audit_method method;
    bool has_authenticator;
    uint8_t authenticator[ID_BYTES];
    char recovery_slot; /* slot character; NUL: none */
    int step_offset;    /* of a TOTP code: its step minus the service's */
    struct audit_span span;
};

/* What one decision has to tell, in order: most of all an imported user. */
enum { AUDIT_FACTS_MAX = 1 + AUTHENTICATORS_MAX };

struct audit_facts {
    unsigned n;
    struct audit_fact at[AUDIT_FACTS_MAX];
};

/* Adds a fact; a decision never has more than AUDIT_FACTS_MAX. */
void audit_add(struct audit_facts *f, struct audit_fact fact);

#endif
