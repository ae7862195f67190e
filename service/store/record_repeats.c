/*
 * Counted failures as a row. Event types are numbered by the order of a list in the core, which may
 * change, so the row has numbers of its own for the two that can be counted; reasons and methods
 * have the numbers of the contract.
 */
#include "store/record.h"

#include "store/record.pb-c.h"

static const struct {
    enum audit_type type;
    Twofold__Record__Repeats__Type number;
} types[] = {
    {AUDIT_VERIFICATION_FAILED, TWOFOLD__RECORD__REPEATS__TYPE__VERIFICATION_FAILED},
    {AUDIT_LOGIN_FAILED, TWOFOLD__RECORD__REPEATS__TYPE__LOGIN_FAILED},
};

static bool reason_known(enum audit_reason reason)
{
    switch (reason) {
    case WHY_NONE:
    case WHY_WRONG_PASSWORD:
    case WHY_UNKNOWN_USER:
    case WHY_WRONG_CODE:
    case WHY_REPLAYED:
    case WHY_CLOCK_BEHIND:
    case WHY_WRONG_RECOVERY_CODE:
    case WHY_USED_RECOVERY_CODE:
    case WHY_LOCKED:
    case WHY_SUSPENDED:
    case WHY_NOT_ENROLLED:
    case WHY_DAMAGED:
    case WHY_MALFORMED_CODE:
    case WHY_OUTSIDE_WINDOW:
        return true;
    }
    return false;
}

static bool method_known(enum audit_method method)
{
    switch (method) {
    case BY_NONE:
    case BY_PASSWORD:
    case BY_STEP_TOKEN:
    case BY_TOTP:
    case BY_RECOVERY_CODE:
        return true;
    }
    return false;
}

static bool group_known(const struct repeats_group *g)
{
    return reason_known(g->reason) && method_known(g->method);
}

static struct row_id repeats_row(const struct repeats_id *id)
{
    return (struct row_id){.kind = "repeats", .org = id->user.org, .username = id->user.username};
}

/* ERR_INTERNAL for what decoding would refuse. */
static enum err group_message(const struct repeats_group *g, Twofold__Record__Repeats__Group *m)
{
    twofold__record__repeats__group__init(m);
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (types[i].type == g->type)
            m->type = types[i].number;
    if (m->type == TWOFOLD__RECORD__REPEATS__TYPE__NOTHING || !group_known(g))
        return ERR_INTERNAL;
    m->reason = g->reason;
    m->method = g->method;
    m->count = g->span.count;
    m->first_ms = g->span.first_ms;
    m->last_ms = g->span.last_ms;
    return ERR_OK;
}

enum err record_encode_repeats(const struct codec *c, const struct repeats_id *id,
                               const struct repeats *repeats, struct bytes *ret_row)
{
    Twofold__Record__Repeats m = TWOFOLD__RECORD__REPEATS__INIT;
    Twofold__Record__Repeats__Group groups[REPEATS_GROUPS_MAX], *list[REPEATS_GROUPS_MAX];
    const struct row_id row = repeats_row(id);

    if (repeats->n > REPEATS_GROUPS_MAX)
        return ERR_INTERNAL;
    for (unsigned i = 0; i < repeats->n; i++) {
        TRY(group_message(&repeats->at[i], &groups[i]));
        list[i] = &groups[i];
    }
    m.minute = id->minute;
    m.told = repeats->told;
    m.n_groups = repeats->n;
    m.groups = list;
    return row_encode(c, &row, &m.base, ret_row);
}

static enum err group_of(const Twofold__Record__Repeats__Group *m, struct repeats_group *ret)
{
    struct repeats_group g = {
        .reason = (enum audit_reason)m->reason,
        .method = (enum audit_method)m->method,
        .span = {.count = m->count, .first_ms = m->first_ms, .last_ms = m->last_ms},
    };

    if (!group_known(&g))
        return ERR_UNAVAILABLE;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (types[i].number == m->type) {
            g.type = types[i].type;
            *ret = g;
            return ERR_OK;
        }
    return ERR_UNAVAILABLE;
}

enum err record_decode_repeats(const struct codec *c, const struct repeats_id *id, struct bytes row,
                               struct repeats *ret)
{
    const struct row_id row_id = repeats_row(id);
    const Twofold__Record__Repeats *m;
    struct repeats repeats = {0};
    ProtobufCMessage *message;

    TRY(row_decode(c, &row_id, row, &twofold__record__repeats__descriptor, &message));
    m = (const Twofold__Record__Repeats *)message;
    if (m->minute != id->minute || m->n_groups > REPEATS_GROUPS_MAX)
        return ERR_UNAVAILABLE;
    repeats.told = m->told;
    repeats.n = (unsigned)m->n_groups;
    for (unsigned i = 0; i < repeats.n; i++)
        TRY(group_of(m->groups[i], &repeats.at[i]));
    *ret = repeats;
    return ERR_OK;
}
