/*
 * What a method is, and what a handler is given. The table in methods.c is the service: one row for
 * every rpc of proto/twofold/v1, found by its descriptor.
 */
#ifndef TWOFOLD_RPC_METHOD_H
#define TWOFOLD_RPC_METHOD_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/stats.h"
#include "core/enrollment.h"
#include "core/otpauth.h"
#include "crypto/keyring.h"
#include "crypto/random.h"
#include "rpc/side_pool.h"
#include "store/store.h"

#include <protobuf-c/protobuf-c.h>

/* Events that no caller gave a purpose say which method they come from: "twofold:login.login". */
#define OWN_PURPOSE "twofold:"

/* Traits of a method, as bits. */
enum {
    RPC_MUTATES = 1 << 0,         /* a retry with the same request id gets the first answer */
    RPC_KNOWN_USER = 1 << 1,      /* an unknown user is NOT_FOUND (administration) */
    RPC_CREATES_ORG = 1 << 2,     /* the organization need not exist */
    RPC_CHECKS_PASSWORD = 1 << 3, /* a password in the request is judged before the handler runs */
    RPC_HASHES_PASSWORD = 1 << 4, /* the password becomes the user's: hashed before the handler */
    RPC_FIRST_FACTOR = 1 << 5,    /* one member of the oneof first_factor must be there */
    RPC_SECOND_FACTOR = 1 << 6,   /* one member of the oneof second_factor must be there */
    RPC_SHOWS_QR = 1 << 7,        /* a secret is shown: its QR code is drawn before the handler */
};

/* A repeated field of text, borrowed from the request. */
struct rpc_texts {
    char **at;
    size_t n;
};

/* A request's fields after parsing: values, not text to be judged again. */
struct rpc_ask {
    const char *username; /* of the request or of its step token; NULL: the method has none */
    struct bytes password;
    const char *step_token;           /* as it came; for an answer that carries it on */
    uint8_t token_id[TOKEN_ID_BYTES]; /* of step_token, once opened */
    struct offered second;
    const char *label, *purpose;
    struct secret secret; /* the optional echo of Confirm */
    bool activate;
    int32_t page_size;
    const char *page_token;
    struct bytes nonce;
    const ProtobufCMessage *policy; /* twofold.v1.Policy, or NULL */
    struct rpc_texts update_mask;
    struct rpc_texts otpauth_uris;
    const char *password_hash; /* PHC text that phc_parse() reads; "": none */
    bool has_otpauth;
    struct otpauth otpauth; /* last: most requests have none, and leave its memory alone */
};

struct rpc_method;

/* How the audit trail is kept. Zero of a bound: there is none. */
struct audit_limits {
    uint32_t failures;    /* of a user and minute that are an event each, the rest are counted */
    uint64_t backlog_max; /* unsent events; when there are more, */
    bool best_effort;     /* the oldest are dropped; else what writes events is UNAVAILABLE */
    uint64_t bytes_max;   /* of disk for all events: another bound of the unsent ones */
    int64_t tail_ms;      /* sent events are kept so long; zero: not at all */
    uint64_t tail_bytes;  /* and as long as all events take no more */
    uint32_t checkpoint_events; /* a checkpoint is signed after so many events; zero: never */
    int64_t checkpoint_ms;      /* or when the first of them is so old */
};

/* The last id of an event, of the thread that decides. Empty: all zero. */
struct event_ids {
    int64_t unix_ms;
    uint8_t last[UUID_BYTES];
};

/* What the service has, once; borrowed by every call. */
struct rpc_env {
    struct store *store;
    const struct keyring *keyring;
    struct clock clock;
    const char *instance;
    struct password_cost password_cost;
    struct audit_limits audit;
    struct event_ids *event_ids;  /* NULL: an event's id follows from no other's */
    struct recent_events *recent; /* rpc/recent.h; NULL: checkpoints read the outbox */
    bool audit_full;         /* unsent events have reached their bound, and must not be dropped */
    char decoy_phc[PHC_MAX]; /* what the passwords of unknown users are checked against */
};

/* One request under way: what came, what is known, what will be answered. */
struct rpc_call {
    const struct rpc_env *env;
    const struct rpc_method *method;
    struct store_txn *txn;
    struct arena *arena;
    int64_t now_ms;

    const char *org_name;
    const char *request_id, *traceparent, *actor; /* "" when absent */
    const char *own_purpose;                      /* OWN_PURPOSE and the method's verb; "": none */
    struct bytes payload;
    struct user *user; /* whose call it is, loaded and expired; zero if the method has none */
    const struct side_job *job; /* finished; NULL: none was needed, or not yet */
    struct org org;
    struct rpc_ask ask;
    struct fault fault;
};

/* Answers a call: decides, saves, fills REPLY (initialised, of the method's type, strings in the
 * arena). Never sends, commits or logs. ERR_OK or the refusal; details are in call->fault. */
typedef enum err rpc_handler(struct rpc_call *call, ProtobufCMessage *reply);

struct rpc_method {
    const ProtobufCServiceDescriptor *service;
    const char *name; /* as in the .proto */
    rpc_handler *handle;
    unsigned traits;
    unsigned request_max; /* bytes */
};

extern const struct rpc_method rpc_methods[];
extern const size_t rpc_methods_n;

/* rpc/login.c */
rpc_handler rpc_confirm_password, rpc_login;
/* rpc/begin.c */
rpc_handler rpc_begin;
/* rpc/enrollment.c */
rpc_handler rpc_confirm, rpc_complete, rpc_cancel, rpc_disable, rpc_regenerate_recovery_codes;
/* rpc/verification.c */
rpc_handler rpc_verify, rpc_get_status;
/* rpc/admin.c */
rpc_handler rpc_put_user, rpc_delete_user, rpc_list_users, rpc_reset_second_factor, rpc_unlock,
    rpc_get_policy, rpc_put_policy, rpc_issue_step_token;
/* rpc/import.c */
rpc_handler rpc_import_authenticator, rpc_import_user;
/* rpc/anchor.c */
rpc_handler rpc_checkpoint_audit;

/* --- What handlers share (call.c) --- */

static inline int64_t call_now_s(const struct rpc_call *call)
{
    return call->now_ms / 1000;
}

static inline struct user_id call_user_id(const struct rpc_call *call)
{
    return (struct user_id){.org = call->org_name, .username = call->ask.username};
}

/* A call that no request made, for the service's own events: the caller names the organization. */
struct rpc_call call_own(const struct rpc_env *env, struct store_txn *txn, struct arena *arena,
                         int64_t now_ms);

struct circumstances call_circumstances(const struct rpc_call *call);

/* The user's factor now, as a number of twofold.v1.SecondFactor.State. */
int call_factor_state(const struct rpc_call *call);

/* The method's name in subjects, "enrollment.begin". */
const char *call_verb(const struct rpc_call *call);

/*
 * Makes a decision lasting: its facts become audit events, the user is saved with it, the answer's
 * details go to call->fault. Returns D->answer, or the error that kept it from being written.
 * A decision without facts has changed nothing and is not written.
 */
NODISCARD enum err call_settle(struct rpc_call *call, const struct decision *d);

/* As call_settle, but the user is erased. */
NODISCARD enum err call_settle_erase(struct rpc_call *call, const struct decision *d);

/* As call_settle, for a decision about the organization. */
NODISCARD enum err call_settle_org(struct rpc_call *call, const struct decision *d);

/* Computes offered.recovery_mac for the user's set; nothing to do for other kinds. */
NODISCARD enum err call_prepare_offered(struct rpc_call *call);

/* A random id and the time at which a token granted now expires. */
NODISCARD enum err call_token_grant(const struct rpc_call *call, struct token_grant *ret);

#endif
