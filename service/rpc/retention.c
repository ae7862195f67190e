/*
 * The outbox is one run of positions, oldest first:
 *
 *     first ... taken ... last
 *     '--tail---''-unsent-'
 *
 * so keeping is a matter of where to cut: behind what is too old, or too much, and never behind
 * what is not sent, or under no checkpoint yet.
 */
#include "rpc/retention.h"

#include "base/event_view.h"
#include "rpc/audit_wire.h"

#include <stdlib.h>

enum { REMOVE_MAX = 4000, DROP_MAX = 2000, ORGS_MAX = 32, PAGE_BYTES = 1024 * 1024 };
enum { DROP_SHARE = 10 }; /* dropping makes room for one part in so many of the bound */

struct keeping {
    const struct rpc_env *env;
    struct store_txn *txn;
    int64_t now_ms;
    struct arena *arena;
    struct outbox_state state;
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static enum err mark_taken(struct keeping *k, const struct outbox_taken *taken)
{
    struct outbox_taken *known = &k->state.marks.taken, now = *taken;

    if (now.position > k->state.last)
        now.position = k->state.last;
    now.in_stream |= known->in_stream;
    if (now.position < known->position ||
        (now.position == known->position && now.sequence == known->sequence))
        return ERR_OK;
    *known = now;
    return k->env->store->ops->save_marks(k->txn, &k->state.marks);
}

/* ---- the tail ---- */

/* When the event at POSITION happened; the present for one that cannot be read. */
static enum err time_at(struct keeping *k, uint64_t position, int64_t *ret_ms)
{
    struct outbox_entry entry;
    size_t n = 0;

    arena_reset(k->arena);
    TRY(k->env->store->ops->read_events_within(k->txn, position - 1, k->arena, &entry, 1, &n));
    *ret_ms = n == 1 ? event_view_time(entry.event) : k->now_ms;
    if (*ret_ms == 0)
        *ret_ms = k->now_ms;
    return ERR_OK;
}

/* The last position up to LIMIT whose event is older than the tail is kept: times grow with
 * positions. */
static enum err find_too_old(struct keeping *k, uint64_t limit, uint64_t *ret)
{
    int64_t oldest_ms = k->now_ms - k->env->audit.tail_ms, at_ms;
    uint64_t low = k->state.first - 1, high = limit;

    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;

        TRY(time_at(k, middle, &at_ms));
        if (at_ms < oldest_ms)
            low = middle;
        else
            high = middle - 1;
    }
    *ret = low;
    return ERR_OK;
}

/* As many of the oldest as take the bytes that are too much: all about the same size. */
static uint64_t find_too_much(const struct keeping *k, uint64_t limit)
{
    uint64_t bytes = k->state.bytes, most = k->env->audit.tail_bytes;
    uint64_t n = k->state.last - k->state.first + 1;

    if (bytes <= most)
        return 0;
    return least(limit,
                 k->state.first + (uint64_t)((double)n * (double)(bytes - most) / (double)bytes));
}

/* Removes up to POSITION, as much as goes into one transaction. */
static enum err trim(struct keeping *k, uint64_t position, struct retained *ret)
{
    const struct store_ops *ops = k->env->store->ops;

    TRY(ops->trim_events(k->txn, position, REMOVE_MAX));
    TRY(ops->look_outbox(k->env->store, k->txn, &k->state));
    ret->more |= k->state.first <= position;
    return ERR_OK;
}

static enum err trim_tail(struct keeping *k, struct retained *ret)
{
    uint64_t limit = k->state.marks.taken.position, old = 0, much;

    if (k->env->audit.checkpoint_events > 0)
        limit = least(limit, k->state.marks.checkpointed);
    if (limit < k->state.first)
        return ERR_OK;
    if (k->env->audit.tail_ms == 0)
        return trim(k, limit, ret);
    TRY(find_too_old(k, limit, &old));
    much = find_too_much(k, limit);
    if (old < k->state.first && much < k->state.first)
        return ERR_OK;
    return trim(k, old > much ? old : much, ret);
}

/* ---- the bound of what is not sent ---- */

struct tally {
    unsigned n;
    struct {
        char org[ORG_MAX + 1];
        struct audit_span span;
    } of[ORGS_MAX];
};

/* False when there is no room for its organization. */
static bool count(struct tally *t, const struct event_view *e)
{
    struct audit_span *span;
    unsigned i = 0;

    while (i < t->n && !bytes_equal(bytes_of_text(t->of[i].org), e->org))
        i++;
    if (i == ORGS_MAX)
        return false;
    if (i == t->n) {
        memcpy(t->of[i].org, e->org.p, e->org.n);
        t->of[t->n++].org[e->org.n] = '\0';
    }
    span = &t->of[i].span;
    if (span->count++ == 0)
        span->first_ms = e->time_unix_ms;
    span->last_ms = e->time_unix_ms;
    return true;
}

/* Counts up to position *TO, which moves back if there are more organizations than have room. */
static enum err count_dropped(struct keeping *k, uint64_t *to, struct tally *ret)
{
    uint64_t after = k->state.marks.taken.position;
    struct outbox_entry entry;
    bool counted;
    size_t n;

    while (after < *to) {
        struct event_view e;

        arena_reset(k->arena);
        TRY(k->env->store->ops->read_events_within(k->txn, after, k->arena, &entry, 1, &n));
        if (n == 0)
            break;
        counted = !event_view_read(entry.event, &e) || e.org.n == 0 || e.org.n > ORG_MAX ||
                  count(ret, &e);
        if (counted)
            after = entry.position;
        else
            *to = after;
    }
    return ERR_OK;
}

static enum err tell_dropped(struct keeping *k, const char *org, struct audit_span span)
{
    const struct store_ops *ops = k->env->store->ops;
    const struct audit_fact fact = {
        .type = AUDIT_AUDIT_DROPPED, .outcome = AUDIT_SUCCESS, .span = span};
    struct rpc_call call = call_own(k->env, k->txn, k->arena, k->now_ms);
    struct audit_draft d;

    call.org_name = org;
    arena_reset(k->arena);
    if (!audit_load_org(&call))
        return ERR_OK;
    TRY(audit_begin(&call, &fact, NULL, &call.org.chain, &d));
    TRY(audit_write(&call, &d, &call.org.chain));
    return ops->save_org(k->txn, org, &call.org);
}

static enum err drop_oldest(struct keeping *k, uint64_t n, struct retained *ret)
{
    struct outbox_marks *marks = &k->state.marks;
    uint64_t to = marks->taken.position + least(n, DROP_MAX);
    struct tally tally = {0};

    TRY(count_dropped(k, &to, &tally));
    ret->more |= to < marks->taken.position + n;
    marks->dropped += to - marks->taken.position;
    marks->taken.position = to;
    if (marks->checkpointed < to)
        marks->checkpointed = to;
    TRY(k->env->store->ops->save_marks(k->txn, marks));
    for (unsigned i = 0; i < tally.n; i++)
        TRY(tell_dropped(k, tally.of[i].org, tally.of[i].span));
    return ERR_OK;
}

/* How many unsent events there are too many; RET_FULL: no more may come. */
static uint64_t too_many(const struct keeping *k, bool *ret_full)
{
    const struct audit_limits *a = &k->env->audit;
    uint64_t unsent = k->state.last - k->state.marks.taken.position;
    bool tail_is_gone = k->state.first > k->state.marks.taken.position;
    bool full_of_bytes = a->bytes_max && tail_is_gone && k->state.bytes >= a->bytes_max;

    *ret_full = (a->backlog_max && unsent >= a->backlog_max) || full_of_bytes;
    if (!*ret_full)
        return 0;
    if (full_of_bytes)
        return unsent / DROP_SHARE + 1;
    return unsent - (a->backlog_max - a->backlog_max / DROP_SHARE);
}

/* ---- both ---- */

/* What was dropped is removed with the tail, this time or the next. */
static enum err keep(struct keeping *k, const struct outbox_taken *taken, struct retained *ret)
{
    uint64_t over;

    TRY(k->env->store->ops->look_outbox(k->env->store, k->txn, &k->state));
    TRY(mark_taken(k, taken));
    over = too_many(k, &ret->full);
    if (ret->full && k->env->audit.best_effort) {
        ret->full = false;
        TRY(drop_oldest(k, over, ret));
        TRY(trim(k, k->state.marks.taken.position, ret));
    }
    return trim_tail(k, ret);
}

enum err retention_apply(const struct rpc_env *env, struct store_txn *txn,
                         const struct outbox_taken *taken, int64_t now_ms, struct retained *ret)
{
    struct keeping k = {.env = env, .txn = txn, .now_ms = now_ms, .arena = arena_new(PAGE_BYTES)};
    enum err err = ERR_UNAVAILABLE;

    *ret = (struct retained){0};
    if (k.arena)
        err = keep(&k, taken, ret);
    arena_free(k.arena);
    return err;
}
