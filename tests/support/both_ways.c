#include "support/both_ways.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MADE_MAX = 256 };

static const char *const orgs[RIG_ORGS] = {"default", "acme", "zoo"};

/* ---- the store's reads, counted ---- */

static struct store_ops counting;
const struct store_ops *rig_store;
unsigned rig_reads;

static enum err read_within(struct store_txn *t, uint64_t after, struct arena *arena,
                            struct outbox_entry *ret_entries, size_t max, size_t *ret_n)
{
    rig_reads++;
    return rig_store->read_events_within(t, after, arena, ret_entries, max, ret_n);
}

void rig_count_reads(struct store *store)
{
    rig_store = store->ops;
    counting = *rig_store;
    counting.read_events_within = read_within;
    store->ops = &counting;
}

/* ---- steps ---- */

void rig_begin(struct rig *r)
{
    assert_int_equal(r->env.store->ops->begin(r->env.store, &r->txn), ERR_OK);
}

void rig_commit(struct rig *r)
{
    assert_int_equal(recent_commit(&r->env, r->txn), ERR_OK);
    memcpy(r->kept, r->chains, sizeof r->kept);
}

void rig_undo(struct rig *r)
{
    recent_abort(&r->env, r->txn);
    memcpy(r->chains, r->kept, sizeof r->chains);
}

void rig_append(struct rig *r, const struct rpc_env *env, const char *org, const char *username,
                struct audit_chain *chain)
{
    struct rpc_call call = call_own(env, r->txn, r->arena, r->now_ms);
    struct audit_facts facts = {0};

    arena_reset(r->arena);
    call.org_name = org;
    audit_add(&facts, (struct audit_fact){.type = AUDIT_USER_CREATED, .outcome = AUDIT_SUCCESS});
    assert_int_equal(audit_append(&call, &facts, username, chain), ERR_OK);
}

void rig_append_own(struct rig *r, const struct rpc_env *env, const char *name)
{
    struct org org;

    assert_int_equal(env->store->ops->load_org(r->txn, name, &org), ERR_OK);
    org.exists = true;
    rig_append(r, env, name, NULL, &org.chain);
    assert_int_equal(env->store->ops->save_org(r->txn, name, &org), ERR_OK);
}

void rig_append_some(struct rig *r, const struct rpc_env *env, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned o = (unsigned)rand_r(&r->seed) % RIG_ORGS,
                 u = (unsigned)rand_r(&r->seed) % RIG_USERS;
        unsigned what = (unsigned)rand_r(&r->seed) % 16;
        char name[16];

        snprintf(name, sizeof name, "user%u", u);
        if (what == 0)
            rig_append_own(r, env, orgs[o]);
        else
            rig_append(r, env, orgs[o], name, what < 4 ? NULL : &r->chains[o][u]);
        if (what > 13) /* deleted: the next one of that name begins anew */
            r->chains[o][u] = (struct audit_chain){0};
    }
}

/* ---- both ways ---- */

struct made {
    struct arena *arena;
    struct outbox_entry at[MADE_MAX];
    size_t n;
    struct outbox_marks marks;
};

/* The checkpoints that ENV makes now, and where the mark moves to, in a transaction that is undone.
 * RET->arena is the caller's. */
static void make(struct rig *r, const struct rpc_env *env, struct made *ret)
{
    struct event_ids ids = {.unix_ms = r->now_ms, .last = {1}};
    struct rpc_env alike = *env;
    struct outbox_state state;
    uint64_t last;

    alike.event_ids = &ids;
    rig_begin(r);
    assert_int_equal(rig_store->look_outbox(env->store, r->txn, &state), ERR_OK);
    last = state.last;
    assert_int_equal(checkpoint_sign(&alike, r->txn, r->now_ms, CHECKPOINT_ALL), ERR_OK);
    assert_int_equal(rig_store->look_outbox(env->store, r->txn, &state), ERR_OK);
    ret->marks = state.marks;
    ret->arena = arena_new(4 * 1024 * 1024);
    assert_int_equal(
        rig_store->read_events_within(r->txn, last, ret->arena, ret->at, MADE_MAX, &ret->n),
        ERR_OK);
    recent_abort(env, r->txn);
}

unsigned rig_compare(struct rig *r)
{
    struct rpc_env other = r->env;
    struct made recalled, from_outbox;
    unsigned before = rig_reads, mine;

    other.recent = NULL;
    make(r, &r->env, &recalled);
    mine = rig_reads - before;
    make(r, &other, &from_outbox);
    assert_int_equal(recalled.n, from_outbox.n);
    assert_int_equal(recalled.marks.checkpointed, from_outbox.marks.checkpointed);
    for (size_t i = 0; i < recalled.n; i++) {
        assert_int_equal(recalled.at[i].position, from_outbox.at[i].position);
        assert_int_equal(recalled.at[i].event.n, from_outbox.at[i].event.n);
        assert_memory_equal(recalled.at[i].event.p, from_outbox.at[i].event.p,
                            recalled.at[i].event.n);
    }
    arena_free(recalled.arena);
    arena_free(from_outbox.arena);
    return mine;
}

void rig_sign(struct rig *r)
{
    rig_begin(r);
    assert_int_equal(checkpoint_sign(&r->env, r->txn, r->now_ms, CHECKPOINT_ALL), ERR_OK);
    rig_commit(r);
}

int rig_set_up(void **state)
{
    struct rig *r = calloc(1, sizeof *r);

    service_start(&r->s);
    rig_count_reads(r->s.store);
    r->now_ms = r->s.now_ms;
    r->seed = 20261122;
    r->arena = arena_new(1024 * 1024);
    r->env = (struct rpc_env){.store = r->s.store,
                              .keyring = r->s.keyring,
                              .instance = "test",
                              .event_ids = &r->ids,
                              .recent = recent_new(),
                              .audit = {.checkpoint_events = 50}};
    rig_begin(r);
    for (unsigned i = 0; i < RIG_ORGS; i++)
        rig_append_own(r, &r->env, orgs[i]);
    rig_commit(r);
    rig_sign(r);
    *state = r;
    return 0;
}

int rig_tear_down(void **state)
{
    struct rig *r = *state;

    recent_free(r->env.recent);
    arena_free(r->arena);
    service_stop(&r->s);
    free(r);
    return 0;
}
