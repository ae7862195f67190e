/*
 * A checkpoint is made of the outbox itself: what lies between the mark and the end. So a crash
 * forgets nothing, and of several processes on one database each goes on where another one has
 * stopped. But a process that has appended all of that run itself knows what is in it (recent.h);
 * then nothing is read, decoded or hashed again, and the checkpoint is the same, byte for byte.
 *
 * Each organization has its own checkpoints, in its own chain: a tenant can prove its trail without
 * seeing another's. That chain links them, so that a checkpoint proves those before it as well.
 * Events about names that nobody has are in no chain; the checkpoint lists each of them.
 */
#include "rpc/checkpoint.h"

#include "base/event_view.h"
#include "rpc/audit_wire.h"
#include "rpc/recent.h"
#include "rpc/signed.h"
#include "rpc/wire.h"

#include <stdlib.h>

#define SIGNED_PREFIX "twofold-checkpoint-1\n"

/* 500 heads with the longest names fit. */
enum { EVENTS_MAX = 500, ARENA_BYTES = 1024 * 1024 };
enum { ORG_SHIFT = 48, NAME_SHIFT = 64 - ORG_SHIFT };

/* One event; texts are views into the page. */
struct covered {
    uint64_t group; /* the same for events of one name, and the number of the organization above */
    uint64_t position, sequence;
    struct bytes org, username;
    uint8_t digest[SHA256_BYTES];
};

struct round {
    const struct rpc_env *env;
    struct store_txn *txn;
    int64_t now_ms;
    bool recalls; /* what is to be covered is remembered */
    struct arena *page, *event;
    struct bytes orgs[EVENTS_MAX];
    size_t n, n_orgs;
    struct covered at[EVENTS_MAX];
};

static void round_free(struct round **r)
{
    if (!*r)
        return;
    arena_free((*r)->page);
    arena_free((*r)->event);
    free(*r);
}
#define auto_round CLEANUP(round_free) struct round

/* By organization and name, in any order of these; in a name what is in no chain first, then in
 * order. Names are told apart by a number most of the time: to compare them all takes longer than
 * to sign. */
static int compare(const void *left, const void *right)
{
    const struct covered *a = left, *b = right;
    int by = (a->group > b->group) - (a->group < b->group);

    if (by == 0)
        by = bytes_compare(a->username, b->username);
    if (by == 0)
        by = (a->sequence > 0) - (b->sequence > 0);
    if (by == 0)
        by = (a->position > b->position) - (a->position < b->position);
    return by;
}

static uint64_t number_of_org(struct round *r, struct bytes org)
{
    size_t i = 0;

    while (i < r->n_orgs && !bytes_equal(r->orgs[i], org))
        i++;
    if (i == r->n_orgs)
        r->orgs[r->n_orgs++] = org;
    return i;
}

/* FNV-1a. Two names with one number are only slower. */
static uint64_t number_of_name(struct bytes name)
{
    uint64_t h = 14695981039346656037U;

    for (size_t i = 0; i < name.n; i++)
        h = (h ^ name.p[i]) * 1099511628211U;
    return h;
}

static void cover(struct round *r, uint64_t position, const struct recent_event *e)
{
    struct covered *c = &r->at[r->n++];

    *c = (struct covered){.group = number_of_org(r, e->org) << ORG_SHIFT |
                                   number_of_name(e->username) >> NAME_SHIFT,
                          .position = position,
                          .sequence = e->sequence,
                          .org = e->org,
                          .username = e->username};
    memcpy(c->digest, e->digest, sizeof c->digest);
}

/* What cannot be read, no one else can read either: there is nothing to prove. */
static enum err cover_entry(struct round *r, const struct outbox_entry *entry)
{
    struct recent_event e;
    struct event_view v;

    if (!event_view_read(entry->event, &v) || v.org.n > ORG_MAX || v.username.n > USERNAME_MAX)
        return ERR_OK;
    e = (struct recent_event){.org = v.org, .username = v.username, .sequence = v.sequence};
    TRY(mac_sha256(entry->event, e.digest));
    cover(r, entry->position, &e);
    return ERR_OK;
}

/* ---- one organization ---- */

/* Of N events, sorted, is I the newest of its chain, or in none? A user deleted and made anew has
 * two chains: the second one begins at 1 again. */
static bool is_head(const struct covered *at, size_t n, size_t i)
{
    const struct covered *c = &at[i];

    if (c->username.n == 0)
        return false;
    return c->sequence == 0 || i + 1 == n || c[1].sequence == 1 ||
           !bytes_equal(c->username, c[1].username);
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
        head->username = arena_text(arena, at[i].username.p, at[i].username.n);
        if (!head->username)
            return ERR_UNAVAILABLE;
        head->sequence = at[i].sequence;
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

    arena_reset(r->event);
    call.org_name = arena_text(r->event, at->org.p, at->org.n);
    if (!call.org_name)
        return ERR_UNAVAILABLE;
    if (!audit_load_org(&call))
        return ERR_OK;
    TRY(audit_begin(&call, &fact, NULL, &call.org.chain, &d));
    TRY(sign_event(r, &d, at, n, &checkpoint));
    TRY(audit_write(&call, &d, &call.org.chain));
    return ops->save_org(r->txn, call.org_name, &call.org);
}

/* ---- all of them ---- */

/* Reads the next MAX events behind AFTER, which moves to the last of them. */
static enum err read_outbox(struct round *r, size_t max, uint64_t *after)
{
    struct outbox_entry entries[EVENTS_MAX];
    size_t n = 0;

    arena_reset(r->page);
    TRY(r->env->store->ops->read_events_within(r->txn, *after, r->page, entries, max, &n));
    for (size_t i = 0; i < n; i++)
        TRY(cover_entry(r, &entries[i]));
    /* None is left: they were removed before there were checkpoints. */
    *after = n > 0 ? entries[n - 1].position : UINT64_MAX;
    return ERR_OK;
}

/* The same of what is remembered. False: not all of it is. */
static bool recall(struct round *r, size_t max, uint64_t *after)
{
    size_t n = r->recalls ? recent_count(r->env->recent, *after + 1, max) : 0;

    for (size_t i = 0; i < n; i++) {
        struct recent_event e = recent_at(r->env->recent, ++*after);

        cover(r, *after, &e);
    }
    return n > 0;
}

static enum err take_page(struct round *r, uint64_t *after)
{
    size_t max = r->env->audit.checkpoint_events;

    r->n = r->n_orgs = 0;
    if (max == 0 || max > EVENTS_MAX)
        max = EVENTS_MAX;
    r->recalls = recall(r, max, after);
    if (!r->recalls)
        TRY(read_outbox(r, max, after));
    qsort(r->at, r->n, sizeof r->at[0], compare);
    return ERR_OK;
}

static enum err sign_page(struct round *r)
{
    size_t from = 0;

    for (size_t i = 1; i <= r->n; i++) {
        if (i < r->n && bytes_equal(r->at[i].org, r->at[from].org))
            continue;
        TRY(sign_org(r, &r->at[from], i - from));
        from = i;
    }
    return ERR_OK;
}

static enum err round_new(const struct rpc_env *env, struct store_txn *txn, int64_t now_ms,
                          struct round **ret)
{
    auto_round *r = malloc(sizeof *r);

    if (!r)
        return ERR_UNAVAILABLE;
    r->env = env;
    r->txn = txn;
    r->now_ms = now_ms;
    r->n = r->n_orgs = 0;
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
    /* Others may have removed some that no checkpoint covers. */
    r->recalls = state.first <= state.marks.checkpointed + 1 &&
                 recent_covers(env->recent, state.marks.checkpointed + 1, last);
    for (after = state.marks.checkpointed; after < last && pages > 0; pages--) {
        TRY(take_page(r, &after));
        TRY(sign_page(r));
    }
    TRY(ops->look_outbox(env->store, txn, &state));
    /* What came last are the checkpoints themselves: they need none. */
    state.marks.checkpointed = after < last ? after : state.last;
    recent_forget(env->recent, state.marks.checkpointed);
    return ops->save_marks(txn, &state.marks);
}
