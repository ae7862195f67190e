/*
 * Names lie packed behind each other: there are many short ones, and few as long as they may be.
 * Nothing moves or is overwritten before the transaction ends, because checkpoint.c adds the events
 * of checkpoints while it looks at those that they cover.
 */
#include "rpc/recent.h"

#include <assert.h>
#include <stdlib.h>

enum { EVENTS_MAX = 2048, TEXT_MAX = 128 * 1024 };

struct slot {
    uint64_t sequence;
    uint32_t text; /* where the organization's name begins, and behind it the user's */
    uint8_t n_org, n_username;
    uint8_t digest[SHA256_BYTES];
};

static_assert(ORG_MAX <= UINT8_MAX && USERNAME_MAX <= UINT8_MAX, "lengths fit a slot");

struct recent_events {
    uint64_t first;   /* position of the oldest */
    uint64_t covered; /* by a checkpoint that is not committed yet; 0: none */
    size_t n, n_kept; /* the latter are committed */
    size_t text, text_kept;
    bool lost; /* one that followed had no room */
    struct slot at[EVENTS_MAX];
    char texts[TEXT_MAX];
};

struct recent_events *recent_new(void)
{
    return calloc(1, sizeof(struct recent_events));
}

void recent_free(struct recent_events *r)
{
    free(r);
}

static void clear(struct recent_events *r)
{
    r->n = r->n_kept = r->text = r->text_kept = 0;
    r->covered = 0;
    r->lost = false;
}

static void put_text(struct recent_events *r, struct bytes text)
{
    if (text.n)
        memcpy(r->texts + r->text, text.p, text.n);
    r->text += text.n;
}

void recent_add(struct recent_events *r, uint64_t position, const struct recent_event *e)
{
    struct slot *slot;

    if (!r || r->lost)
        return;
    if (r->n > 0 && position != r->first + r->n)
        clear(r);
    if (r->n == EVENTS_MAX || e->org.n > ORG_MAX || e->username.n > USERNAME_MAX ||
        e->org.n + e->username.n > TEXT_MAX - r->text) {
        r->lost = true;
        return;
    }
    if (r->n == 0)
        r->first = position;
    slot = &r->at[r->n++];
    *slot = (struct slot){.sequence = e->sequence,
                          .text = (uint32_t)r->text,
                          .n_org = (uint8_t)e->org.n,
                          .n_username = (uint8_t)e->username.n};
    memcpy(slot->digest, e->digest, sizeof slot->digest);
    put_text(r, e->org);
    put_text(r, e->username);
}

bool recent_covers(const struct recent_events *r, uint64_t from, uint64_t last)
{
    return r && r->n > 0 && from >= r->first && last == r->first + r->n - 1;
}

size_t recent_count(const struct recent_events *r, uint64_t from, size_t max)
{
    uint64_t n = r->first + r->n - from;

    if (n >= max)
        return max;
    return r->lost ? 0 : (size_t)n;
}

struct recent_event recent_at(const struct recent_events *r, uint64_t position)
{
    const struct slot *slot = &r->at[position - r->first];
    const uint8_t *text = (const uint8_t *)r->texts + slot->text;
    struct recent_event e = {.org = {.p = text, .n = slot->n_org},
                             .username = {.p = text + slot->n_org, .n = slot->n_username},
                             .sequence = slot->sequence};

    memcpy(e.digest, slot->digest, sizeof e.digest);
    return e;
}

void recent_forget(struct recent_events *r, uint64_t position)
{
    if (r)
        r->covered = position;
}

/* ---- the end of a transaction ---- */

/* Moves what no checkpoint covers to the front. */
static void drop_covered(struct recent_events *r)
{
    size_t n, text;

    if (r->covered < r->first || r->n == 0)
        return;
    if (r->covered >= r->first + r->n - 1) {
        clear(r);
        return;
    }
    n = (size_t)(r->covered - r->first) + 1;
    text = r->at[n].text;
    memmove(r->at, r->at + n, (r->n - n) * sizeof r->at[0]);
    memmove(r->texts, r->texts + text, r->text - text);
    r->first += n;
    r->n -= n;
    r->text -= text;
    for (size_t i = 0; i < r->n; i++)
        r->at[i].text -= (uint32_t)text;
}

static void keep(struct recent_events *r)
{
    if (r->lost)
        clear(r);
    drop_covered(r);
    r->covered = 0;
    r->n_kept = r->n;
    r->text_kept = r->text;
}

static void undo(struct recent_events *r)
{
    r->n = r->n_kept;
    r->text = r->text_kept;
    r->covered = 0;
    r->lost = false;
}

enum err recent_commit(const struct rpc_env *env, struct store_txn *txn)
{
    enum err err = env->store->ops->commit(txn);

    if (!env->recent)
        return err;
    if (err == ERR_OK)
        keep(env->recent);
    else
        undo(env->recent);
    return err;
}

void recent_abort(const struct rpc_env *env, struct store_txn *txn)
{
    env->store->ops->abort(txn);
    if (env->recent)
        undo(env->recent);
}
