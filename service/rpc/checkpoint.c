/*
 * A checkpoint is made of the outbox itself: what lies between the mark and the end. So nothing has
 * to be remembered from event to event, a crash forgets nothing, and of several processes on one
 * database each goes on where another one has stopped.
 *
 * Each organization has its own checkpoints, in its own chain: a tenant can prove its trail without
 * seeing another's. That chain links them, so that a checkpoint proves those before it as well.
 * Events about names that nobody has are in no chain; the checkpoint lists each of them.
 */
#include "rpc/checkpoint.h"

#include "rpc/audit_wire.h"
#include "rpc/signed.h"
#include "rpc/wire.h"

#include <stdlib.h>

#define SIGNED_PREFIX "twofold-checkpoint-1\n"

/* 500 heads with the longest names fit. */
enum { EVENTS_MAX = 500, ARENA_BYTES = 1024 * 1024 };

struct covered {
    Twofold__V1__AuditEvent *event;
    uint64_t position;
    uint8_t digest[SHA256_BYTES];
};

struct round {
    const struct rpc_env *env;
    struct store_txn *txn;
    int64_t now_ms;
    struct arena *page, *event;
    size_t n;
    struct covered at[EVENTS_MAX];
};

static void forget(struct round *r)
{
    for (size_t i = 0; i < r->n; i++)
        twofold__v1__audit_event__free_unpacked(r->at[i].event, NULL);
    r->n = 0;
}

static void round_free(struct round **r)
{
    if (!*r)
        return;
    forget(*r);
    arena_free((*r)->page);
    arena_free((*r)->event);
    free(*r);
}
#define auto_round CLEANUP(round_free) struct round

/* By organization and name; in a name what is in no chain first, then in order. */
static int compare(const void *left, const void *right)
{
    const struct covered *a = left, *b = right;
    int by = strcmp(a->event->org, b->event->org);

    if (by == 0)
        by = strcmp(a->event->username, b->event->username);
    if (by == 0)
        by = (a->event->sequence > 0) - (b->event->sequence > 0);
    if (by == 0)
        by = (a->position > b->position) - (a->position < b->position);
    return by;
}

/* What cannot be read, no one else can read either: there is nothing to prove. */
static enum err cover(struct round *r, const struct outbox_entry *entry)
{
    struct covered *c = &r->at[r->n];

    c->event = twofold__v1__audit_event__unpack(NULL, entry->event.n, entry->event.p);
    if (!c->event)
        return ERR_OK;
    c->position = entry->position;
    r->n++;
    return mac_sha256(entry->event, c->digest);
}

/* ---- one organization ---- */

/* Of N events, sorted, is I the newest of its chain, or in none? A user deleted and made anew has
 * two chains: the second one begins at 1 again. */
static bool is_head(const struct covered *at, size_t n, size_t i)
{
    const Twofold__V1__AuditEvent *e = at[i].event;

    if (!*e->username)
        return false;
    return e->sequence == 0 || i + 1 == n || at[i + 1].event->sequence == 1 ||
           strcmp(e->username, at[i + 1].event->username) != 0;
}

static enum err fill_heads(Twofold__V1__CheckpointBody *body, struct covered *at, size_t n,
                           struct arena *arena)
{
    Twofold__V1__CheckpointBody__Head *heads = arena_alloc(arena, n * sizeof *heads);

    body->heads = arena_alloc(arena, n * sizeof *body->heads);
    if (!heads || !body->heads)
        return ERR_UNAVAILABLE;
    for (size_t i = 0; i < n; i++) {
        Twofold__V1__CheckpointBody__Head *head = &heads[body->n_heads];

        if (!is_head(at, n, i))
            continue;
        twofold__v1__checkpoint_body__head__init(head);
        head->username = at[i].event->username;
        head->sequence = at[i].event->sequence;
        head->digest.data = at[i].digest;
        head->digest.len = SHA256_BYTES;
        body->heads[body->n_heads++] = head;
    }
    return ERR_OK;
}

static enum err sign_event(struct round *r, struct audit_draft *d, struct covered *at, size_t n,
                           Twofold__V1__Checkpoint *checkpoint)
{
    Twofold__V1__CheckpointBody body = TWOFOLD__V1__CHECKPOINT_BODY__INIT;
    struct signed_bytes made;
    struct bytes encoded = {0};

    body.event_id = d->event.id;
    body.org = d->event.org;
    body.instance = d->event.instance;
    body.time_unix_ms = d->event.time_unix_ms;
    body.sequence = d->event.sequence;
    body.previous_digest = d->event.previous_digest;
    body.policy_version = d->event.policy_version;
    TRY(fill_heads(&body, at, n, r->event));
    TRY(wire_encode(&body.base, r->event, &encoded));
    TRY(signed_make(r->env->keyring, SIGNED_PREFIX, encoded, r->event, &made));
    checkpoint->key_id = made.key_id;
    checkpoint->body = wire_borrow_bytes(made.body);
    checkpoint->signature = wire_borrow_bytes(made.signature);
    d->event.checkpoint = checkpoint;
    return ERR_OK;
}

/* The N events at AT are one organization's. */
static enum err sign_org(struct round *r, struct covered *at, size_t n)
{
    const struct store_ops *ops = r->env->store->ops;
    const struct audit_fact fact = {.type = AUDIT_AUDIT_CHECKPOINT, .outcome = AUDIT_SUCCESS};
    Twofold__V1__Checkpoint checkpoint = TWOFOLD__V1__CHECKPOINT__INIT;
    struct rpc_call call = call_own(r->env, r->txn, r->event, r->now_ms);
    struct audit_draft d;

    call.org_name = at->event->org;
    arena_reset(r->event);
    if (!audit_load_org(&call))
        return ERR_OK;
    TRY(audit_begin(&call, &fact, NULL, &call.org.chain, &d));
    TRY(sign_event(r, &d, at, n, &checkpoint));
    TRY(audit_write(&call, &d, &call.org.chain));
    return ops->save_org(r->txn, call.org_name, &call.org);
}

/* ---- all of them ---- */

/* Reads the next events behind AFTER, which moves to the last of them. */
static enum err read_page(struct round *r, uint64_t *after)
{
    struct outbox_entry entries[EVENTS_MAX];
    size_t n = 0, max = r->env->audit.checkpoint_events;

    forget(r);
    arena_reset(r->page);
    if (max == 0 || max > EVENTS_MAX)
        max = EVENTS_MAX;
    TRY(r->env->store->ops->read_events_within(r->txn, *after, r->page, entries, max, &n));
    for (size_t i = 0; i < n; i++)
        TRY(cover(r, &entries[i]));
    /* None is left: they were removed before there were checkpoints. */
    *after = n > 0 ? entries[n - 1].position : UINT64_MAX;
    qsort(r->at, r->n, sizeof r->at[0], compare);
    return ERR_OK;
}

static enum err sign_page(struct round *r)
{
    size_t from = 0;

    for (size_t i = 1; i <= r->n; i++) {
        if (i < r->n && strcmp(r->at[i].event->org, r->at[from].event->org) == 0)
            continue;
        TRY(sign_org(r, &r->at[from], i - from));
        from = i;
    }
    return ERR_OK;
}

static enum err round_new(const struct rpc_env *env, struct store_txn *txn, int64_t now_ms,
                          struct round **ret)
{
    auto_round *r = calloc(1, sizeof *r);

    if (!r)
        return ERR_UNAVAILABLE;
    r->env = env;
    r->txn = txn;
    r->now_ms = now_ms;
    r->page = arena_new(ARENA_BYTES);
    r->event = arena_new(ARENA_BYTES);
    if (!r->page || !r->event)
        return ERR_UNAVAILABLE;
    *ret = STEAL(r);
    return ERR_OK;
}

enum err checkpoint_missing(const struct rpc_env *env, struct store_txn *txn, uint64_t *ret_events)
{
    struct outbox_state state;

    TRY(env->store->ops->look_outbox(env->store, txn, &state));
    *ret_events = state.last - state.marks.checkpointed;
    return ERR_OK;
}

enum err checkpoint_sign(const struct rpc_env *env, struct store_txn *txn, int64_t now_ms,
                         int pages)
{
    const struct store_ops *ops = env->store->ops;
    auto_round *r = NULL;
    struct outbox_state state;
    uint64_t after, last;

    TRY(ops->look_outbox(env->store, txn, &state));
    last = state.last;
    if (state.marks.checkpointed >= last)
        return ERR_OK;
    TRY(round_new(env, txn, now_ms, &r));
    for (after = state.marks.checkpointed; after < last && pages > 0; pages--) {
        TRY(read_page(r, &after));
        TRY(sign_page(r));
    }
    TRY(ops->look_outbox(env->store, txn, &state));
    /* What came last are the checkpoints themselves: they need none. */
    state.marks.checkpointed = after < last ? after : state.last;
    return ops->save_marks(txn, &state.marks);
}
