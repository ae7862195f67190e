/*
 * The whole service without a bus: real dispatcher, real LMDB in a folder of its own, real hashing
 * at a low cost, and a clock that the test sets. One request at a time or a batch.
 */
#ifndef TWOFOLD_TESTS_SUPPORT_SERVICE_H
#define TWOFOLD_TESTS_SUPPORT_SERVICE_H

#include "crypto/keyring.h"
#include "rpc/dispatch.h"

#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/audit.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/login.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

struct service {
    char folder[64];
    char keyring_file[96];
    struct keyring *keyring;
    struct store *store;
    struct side_pool *pool;
    struct dispatcher *dispatcher;
    int64_t now_ms; /* what the service's clock says */
    unsigned size_mb;
    struct audit_limits audit; /* from the next start on */
    unsigned scrypt_ln;        /* cost of passwords from the next start on; 0: 4, cheap */
    /* of the next request; NULL: absent */
    const char *org, *request_id, *traceparent, *actor;
};

/* A fresh service at a fixed time with the org "default". Fails the test when it cannot start. */
void service_start(struct service *s);
/* Closes and opens everything again, as a restart of the process does. */
void service_restart(struct service *s);
/* The same with other limits of the audit trail. */
void service_restart_with(struct service *s, struct audit_limits audit);
/* The two halves of a restart. */
void service_close(struct service *s);
void service_open(struct service *s);
/* Closes and removes the folder. */
void service_stop(struct service *s);

/* What came back: exactly one of reply and error is set. */
struct answer {
    enum err err;
    ProtobufCMessage *reply;
    Twofold__V1__Error *error;
    struct bytes raw; /* the body as sent, malloc */
};
void answer_free(struct answer *a);

/* Sends REQUEST to METHOD ("login.login") of s->org (default "default") and waits for the answer.
 */
struct answer service_call(struct service *s, const char *method, const ProtobufCMessage *request);
/* The same with raw bytes and a whole subject. */
struct answer service_send(struct service *s, const char *subject, struct bytes payload);

/* Calls, demands ERR, and frees; for steps whose reply does not matter. */
void service_expect(struct service *s, enum err err, const char *method,
                    const ProtobufCMessage *request);

/* Sends N payloads as one batch to one subject and counts how each was answered. */
void service_batch(struct service *s, const char *subject, const struct bytes *payloads, size_t n,
                   enum err *ret_errs);

/* The outbox's events, decoded, oldest first; up to MAX. Free each with the pb-c function. */
size_t service_events(struct service *s, Twofold__V1__AuditEvent **ret, size_t max);
/* Fails unless the last event has TYPE and REASON. */
void service_last_event(struct service *s, const char *type,
                        Twofold__V1__AuditEvent__Reason reason);

/* --- Steps that most tests need --- */

#define PASSWORD "correct horse"

void service_put_user(struct service *s, const char *username, const char *password);
/* ConfirmPassword; the token is malloc'ed. */
char *service_token(struct service *s, const char *username);
/* IssueStepToken; the token is malloc'ed. */
char *service_issue(struct service *s, const char *username);

/* What an authenticator app would hold. */
struct app_authenticator {
    struct secret key;
    struct otp_params otp;
};
/* Its code at the service's time plus STEPS steps. TEXT is OTP_DIGITS_MAX + 1 bytes. */
const char *app_code(const struct app_authenticator *a, const struct service *s, int steps,
                     char text[static OTP_DIGITS_MAX + 1]);
/* A code of the right length that is wrong in every step near now. */
const char *app_wrong_code(const struct app_authenticator *a, const struct service *s,
                           char text[static OTP_DIGITS_MAX + 1]);

struct enrolled {
    struct app_authenticator app;
    size_t n_codes;
    char codes[RECOVERY_CODES_MAX][RECOVERY_TEXT_BYTES];
};
/* Begin with TOKEN; the key goes to RET. */
void service_begin(struct service *s, const char *token, struct app_authenticator *ret);
/* Puts the user and enrols through Begin, Confirm with activate; then moves the clock two steps on,
 * so that the next code is fresh. */
void service_enroll(struct service *s, const char *username, struct enrolled *ret);

void service_advance(struct service *s, int64_t seconds);

/* Housekeeping, after the bus has taken all events up to TAKEN (0: none more than before). */
void service_tidy(struct service *s, uint64_t taken);

/* Verify with a code; how it was answered. */
enum err service_verify(struct service *s, const char *username, const char *code);
enum err service_verify_recovery(struct service *s, const char *username, const char *code);

/* Sets fields of the org's policy: those named in MASK (comma-separated). */
void service_policy(struct service *s, const Twofold__V1__Policy *policy, const char *mask);

#endif
