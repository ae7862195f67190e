#include "rpc/waiting.h"

#include "rpc/begin.h"
#include "rpc/password.h"

#include <string.h>

enum err waiting_prepare(struct exchange *x)
{
    bool shows = x->call.method->traits & RPC_SHOWS_QR;

    side_job_free(x->wanted); /* of a try that was undone */
    x->wanted = side_job_new(shows ? SIDE_RENDER : SIDE_HASH);
    if (!x->wanted)
        return ERR_EXHAUSTED;
    x->wanted->owner = x;
    if (shows)
        TRY(begin_prepare(&x->call, &x->wanted->render));
    else
        password_prepare(&x->call, &x->wanted->hash);
    x->state = WAITING;
    return ERR_OK;
}

/* The very same request, sent again while the first is waiting. */
static bool is_copy(const struct exchange *a, const struct exchange *b)
{
    return *a->call.request_id && strcmp(a->call.request_id, b->call.request_id) == 0 &&
           bytes_equal(a->call.payload, b->call.payload);
}

/* May one more job for X be under way? */
static bool admits(const struct waiting *w, enum side_kind kind, const struct exchange *x)
{
    static const unsigned per_user[] = {
        [SIDE_HASH] = HASHES_PER_USER, [SIDE_RENDER] = RENDERS_PER_USER};
    unsigned of_org = 0, of_user = 0;

    for (const struct exchange *other = w->of[kind].first; other; other = other->waiting_next) {
        if (strcmp(other->org, x->org) != 0)
            continue;
        of_org++;
        if (strcmp(other->call.ask.username, x->call.ask.username) == 0 && !is_copy(other, x))
            of_user++;
    }
    return of_user < per_user[kind] && of_org < (side_pool_max(w->pool, kind) + 1) / 2;
}

static void append(struct waiting_list *list, struct exchange *x)
{
    x->waiting_next = NULL;
    if (list->last)
        list->last->waiting_next = x;
    else
        list->first = x;
    list->last = x;
}

/* Jobs of a lane end about in the order in which they began: X is near the front. */
static void take_out(struct waiting_list *list, struct exchange *x)
{
    struct exchange *before = NULL;

    for (struct exchange *at = list->first; at != x; at = at->waiting_next)
        before = at;
    if (before)
        before->waiting_next = x->waiting_next;
    else
        list->first = x->waiting_next;
    if (list->last == x)
        list->last = before;
}

enum err waiting_enter(struct waiting *w, struct exchange *x)
{
    enum side_kind kind = x->wanted->kind;

    if (!admits(w, kind, x))
        return ERR_EXHAUSTED;
    TRY(side_pool_submit(w->pool, x->wanted));
    x->wanted = NULL;
    append(&w->of[kind], x);
    return ERR_OK;
}

struct exchange *waiting_leave(struct waiting *w)
{
    struct side_job *job = side_pool_collect(w->pool);
    struct exchange *x = job ? job->owner : NULL;

    if (!x)
        return NULL;
    take_out(&w->of[job->kind], x);
    x->job = job;
    return x;
}

void waiting_free(struct waiting *w)
{
    for (unsigned kind = 0; kind < SIDE_KINDS; kind++)
        while (w->of[kind].first) {
            struct exchange *x = w->of[kind].first;

            take_out(&w->of[kind], x);
            exchange_free(x);
        }
}
