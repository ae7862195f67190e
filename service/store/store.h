/*
 * The store port: records, the outbox of audit events, and first answers kept for retries.
 *
 * It promises no more than this: what is saved in a transaction becomes durable and visible at once
 * when commit returns ERR_OK, and not at all otherwise; nobody else writes in between. The store
 * decides bytes, sealing at rest and integrity; it reports damage, it never hands it out.
 *
 * Errors: ERR_UNAVAILABLE for any trouble (full, damaged, input/output); the caller aborts. A
 * commit that fails after data may have reached the disk also sets is_broken(): its outcome
 * is unknown and the process must end, so that a restart reads what is really there.
 */
#ifndef TWOFOLD_STORE_STORE_H
#define TWOFOLD_STORE_STORE_H

#include "base/bytes.h"
#include "base/err.h"
#include "core/audit.h"
#include "core/policy.h"
#include "core/repeats.h"
#include "core/user.h"

struct store;
struct store_txn;

struct org {
    bool exists;
    struct policy policy;
    uint64_t policy_version;
    struct audit_chain chain; /* of events without a user */
};

/* The first answer to a request id, kept so that a retry has no second effect. */
struct retry_answer {
    char request_id[REQUEST_ID_MAX + 1];
    char actor[ACTOR_MAX + 1];
    uint8_t digest[SHA256_BYTES]; /* keyed, over method and content */
    uint32_t digest_key;          /* id of the key */
    enum err err;
    uint32_t mismatches; /* other contents that came under the id */
    struct bytes reply; /* encoded body; borrowed: the caller's on saving, the arena's on loading */
    int64_t expires_ms;
};

struct listed_user {
    char username[USERNAME_MAX + 1];
    enum factor_state state;
};

struct arena;

/* An outbox entry as a reader sees it; bytes are valid until the reader is closed. */
struct outbox_entry {
    uint64_t position;
    struct bytes event; /* encoded twofold.v1.AuditEvent */
};

/* How far the bus has taken the events. */
struct outbox_taken {
    uint64_t position; /* taken with all before it; 0: none yet */
    uint64_t sequence; /* that event's number in the stream; 0: not known, or no stream */
    bool in_stream;    /* a stream has acknowledged it */
};

/* How far the events have come, as far as the store was told. */
struct outbox_marks {
    struct outbox_taken taken; /* in_stream: a stream ever acknowledged an event of this database */
    uint64_t checkpointed;     /* signed checkpoints cover all events up to this position */
    uint64_t dropped;          /* events removed before they were sent, ever */
};

struct outbox_state {
    struct outbox_marks marks;
    uint64_t first; /* position of the oldest event that is kept; last + 1: none */
    uint64_t last;  /* of the newest that was ever appended; 0: none yet */
    uint64_t bytes; /* of disk that the kept ones take */
};

/* Whose repeats a row is. */
struct repeats_owner {
    char org[ORG_MAX + 1];
    char username[USERNAME_MAX + 1];
};

/* What shows that the store can still write. */
struct store_proof {
    int64_t at_ms;       /* clock_monotonic_ms() when a request's changes, or prove's, could last be
                          * made durable; 0: never yet */
    const char *trouble; /* why the last transaction that failed did, and what to do; static. NULL:
                          * none has since then */
};

struct store_ops {
    /* Begins the only write transaction; waits for other processes to end theirs. */
    enum err (*begin)(struct store *, struct store_txn **ret_txn);
    /* Makes all of it durable. Consumes the transaction, also on failure. */
    enum err (*commit)(struct store_txn *);
    /* Undoes all of it. Consumes; NULL is fine. */
    void (*abort)(struct store_txn *);

    /* An org that does not exist: ERR_OK, RET->exists false, default policy. */
    enum err (*load_org)(struct store_txn *, const char *name, struct org *ret);
    enum err (*save_org)(struct store_txn *, const char *name, const struct org *org);

    /* The hash of the password comes sealed: what is damaged in there alone, open_password() tells.
     * A user that does not exist: ERR_OK, RET->exists false, and whatever password failures were
     * counted under that name before (in a table of fixed size). */
    enum err (*load_user)(struct store_txn *, const struct user_id *, struct user *ret);
    /* Opens the hash of a loaded user's password: fills password_phc, unless it is open or there is
     * none, which takes as long. ERR_UNAVAILABLE: damaged, or another user's; nothing is filled. */
    enum err (*open_password)(struct store_txn *, const struct user_id *, struct user *user);
    /* Saves a user with `exists`; of one without it, only password_lockout is kept. */
    enum err (*save_user)(struct store_txn *, const struct user_id *, struct user *user);
    enum err (*erase_user)(struct store_txn *, const struct user_id *);
    /* Up to MAX users of ORG after AFTER (empty: from the first), in byte order. */
    enum err (*list_users)(struct store_txn *, const char *org, const char *after, int64_t now_s,
                           struct listed_user *ret_users, size_t max, size_t *ret_n);

    /* Appends EVENT to the outbox. Positions grow by one from event to event, and none is ever used
     * again. */
    enum err (*append_event)(struct store_txn *, struct bytes event);
    /* The position of the event that TXN appended last; 0: it has appended none. */
    uint64_t (*event_position)(const struct store_txn *);
    /* Removes the outbox entries up to and including POSITION, the oldest first: MAX at most, and
     * no more than about a megabyte. */
    enum err (*trim_events)(struct store_txn *, uint64_t position, size_t max);
    /* ERR_INTERNAL for marks behind the newest event. */
    enum err (*save_marks)(struct store_txn *, const struct outbox_marks *);
    /* With TXN as seen in it, with NULL in a snapshot of its own, from any thread. What was removed
     * counts as taken. */
    enum err (*look_outbox)(struct store *, struct store_txn *txn, struct outbox_state *ret);
    /* Reads up to MAX entries after position AFTER in a snapshot of its own, from any thread, into
     * ARENA; does not wait for writers. */
    enum err (*read_events)(struct store *, uint64_t after, struct arena *arena,
                            struct outbox_entry *ret_entries, size_t max, size_t *ret_n);

    /* The same within a transaction, its own events included. */
    enum err (*read_events_within)(struct store_txn *, uint64_t after, struct arena *arena,
                                   struct outbox_entry *ret_entries, size_t max, size_t *ret_n);

    /* The repeats of a user, existing or not, in MINUTE; zero when there are none. */
    enum err (*load_repeats)(struct store_txn *, const struct user_id *, uint32_t minute,
                             struct repeats *ret);
    enum err (*save_repeats)(struct store_txn *, const struct user_id *, uint32_t minute,
                             const struct repeats *);
    /* Removes a row that is due and returns it: of a minute before MINUTE, the oldest first, then
     * of one that lies ahead of the next (the clock was set back). ERR_NOT_FOUND when none is.
     * Damaged rows are removed on the way, and said in the log. */
    enum err (*take_repeats)(struct store_txn *, uint32_t minute, struct repeats_owner *ret_owner,
                             struct repeats *ret);

    /* The answer kept for the user, if it has not expired at NOW_MS: RET_FOUND. */
    enum err (*load_retry)(struct store_txn *, const struct user_id *, int64_t now_ms,
                           struct arena *arena, struct retry_answer *ret, bool *ret_found);
    /* Replaces it; one answer a user. */
    enum err (*save_retry)(struct store_txn *, const struct user_id *, const struct retry_answer *);
    /* Erases answers that have expired at NOW_MS, some thousand at most. RET_NEXT_MS: when the next
     * one will, or has, or 0. */
    enum err (*sweep_retries)(struct store_txn *, int64_t now_ms, int64_t *ret_next_ms);

    /* Makes a small change durable, by the rules that a request's changes are under. */
    enum err (*prove)(struct store *);
    /* From any thread; waits for nothing. */
    void (*look_proof)(const struct store *, struct store_proof *ret);

    /* Did a commit fail with an unknown outcome? The process must end. */
    bool (*is_broken)(const struct store *);
    void (*close)(struct store *);
};

/* Every implementation begins with this. */
struct store {
    const struct store_ops *ops;
};

static inline void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

#endif
