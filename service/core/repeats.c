#include "core/repeats.h"

uint32_t repeats_minute(int64_t now_ms)
{
    return now_ms < 0 ? 0 : (uint32_t)(now_ms / 60000);
}

bool repeats_concern(const struct audit_fact *fact)
{
    return fact->outcome == AUDIT_DENIED &&
           (fact->type == AUDIT_VERIFICATION_FAILED || fact->type == AUDIT_LOGIN_FAILED);
}

/* The group of FACT, a new one if need be (RET_NEW); NULL when there is no room for it. */
static struct repeats_group *group_of(struct repeats *r, const struct audit_fact *fact,
                                      bool *ret_new)
{
    *ret_new = false;

    for (unsigned i = 0; i < r->n; i++)
        if (r->at[i].type == fact->type && r->at[i].reason == fact->reason &&
            r->at[i].method == fact->method)
            return &r->at[i];
    if (r->n == REPEATS_GROUPS_MAX)
        return NULL;
    *ret_new = true;
    r->at[r->n] =
        (struct repeats_group){.type = fact->type, .reason = fact->reason, .method = fact->method};
    return &r->at[r->n++];
}

/* The clock may be put back within a minute: a span never ends before it begins. */
static void extend(struct audit_span *span, int64_t now_ms)
{
    if (span->count == 0 || now_ms < span->first_ms)
        span->first_ms = now_ms;
    if (span->count == 0 || now_ms > span->last_ms)
        span->last_ms = now_ms;
    span->count++;
}

bool repeats_swallow(struct repeats *r, const struct audit_fact *fact, int64_t now_ms,
                     uint32_t limit)
{
    bool is_new;
    struct repeats_group *group = group_of(r, fact, &is_new);

    if (!group || is_new || r->told < limit) {
        r->told++;
        return false;
    }
    extend(&group->span, now_ms);
    return true;
}

struct audit_fact repeats_fact(const struct repeats_group *group)
{
    return (struct audit_fact){.type = group->type,
                               .outcome = AUDIT_DENIED,
                               .reason = group->reason,
                               .method = group->method,
                               .span = group->span};
}
