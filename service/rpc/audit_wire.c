#include "rpc/audit_wire.h"

#include "base/log.h"
#include "rpc/recent.h"
#include "rpc/wire.h"

/* The core's numbers are the contract's. */
_Static_assert((int)WHY_WRONG_PASSWORD == (int)TWOFOLD__V1__AUDIT_EVENT__REASON__WRONG_PASSWORD,
               "");
_Static_assert((int)WHY_REPLAYED == (int)TWOFOLD__V1__AUDIT_EVENT__REASON__REPLAYED, "");
_Static_assert((int)WHY_LOCKED == (int)TWOFOLD__V1__AUDIT_EVENT__REASON__LOCKED, "");
_Static_assert((int)WHY_MALFORMED_CODE == (int)TWOFOLD__V1__AUDIT_EVENT__REASON__MALFORMED_CODE,
               "");
_Static_assert((int)WHY_OUTSIDE_WINDOW == (int)TWOFOLD__V1__AUDIT_EVENT__REASON__OUTSIDE_WINDOW,
               "");
_Static_assert((int)AUDIT_CHALLENGED == (int)TWOFOLD__V1__AUDIT_EVENT__OUTCOME__CHALLENGED, "");
_Static_assert((int)BY_PASSWORD == (int)TWOFOLD__V1__AUDIT_EVENT__METHOD__PASSWORD, "");
_Static_assert((int)BY_RECOVERY_CODE == (int)TWOFOLD__V1__AUDIT_EVENT__METHOD__RECOVERY_CODE, "");

/* Adds one to the last 56 bits, which are random at first. False: they are through. */
static bool count_up(uint8_t id[static UUID_BYTES])
{
    for (unsigned i = UUID_BYTES; i-- > UUID_BYTES - 7;)
        if (++id[i] != 0)
            return true;
    return false;
}

/* Ids of one millisecond count up from a random one (RFC 9562 section 6.2, method 2): they sort as
 * the events happened, and a batch asks for randomness once. */
static enum err next_id(struct event_ids *ids, int64_t now_ms)
{
    if (now_ms != 0 && ids->unix_ms == now_ms && count_up(ids->last))
        return ERR_OK;
    ids->unix_ms = 0;
    TRY(random_uuid7(now_ms, ids->last));
    ids->unix_ms = now_ms;
    return ERR_OK;
}

static enum err fill_id(const struct rpc_call *call, struct audit_draft *d)
{
    struct event_ids alone = {0};
    struct event_ids *ids = call->env->event_ids ? call->env->event_ids : &alone;

    TRY(next_id(ids, call->now_ms));
    uuid_text(ids->last, d->id);
    d->event.id = d->id;
    return ERR_OK;
}

static void fill_fact(struct audit_draft *d, const struct audit_fact *fact)
{
    Twofold__V1__AuditEvent *event = &d->event;

    event->type = wire_borrow(audit_type_text(fact->type));
    event->outcome = (Twofold__V1__AuditEvent__Outcome)fact->outcome;
    event->reason = (Twofold__V1__AuditEvent__Reason)fact->reason;
    event->method = (Twofold__V1__AuditEvent__Method)fact->method;
    event->step_offset = fact->step_offset;
    d->authenticator[0] = '\0';
    if (fact->has_authenticator)
        uuid_text(fact->authenticator, d->authenticator);
    event->authenticator_id = d->authenticator;
    d->slot[0] = fact->recovery_slot;
    d->slot[1] = '\0';
    event->recovery_slot = d->slot;
    if (fact->span.count == 0)
        return;
    twofold__v1__audit_event__span__init(&d->span);
    d->span.count = fact->span.count;
    d->span.first_unix_ms = fact->span.first_ms;
    d->span.last_unix_ms = fact->span.last_ms;
    event->span = &d->span;
}

static void fill_call(Twofold__V1__AuditEvent *event, const struct rpc_call *call,
                      const char *username)
{
    event->time_unix_ms = call->now_ms;
    event->org = wire_borrow(call->org_name);
    event->username = wire_borrow(username);
    event->purpose = wire_borrow(*call->ask.purpose ? call->ask.purpose : call->own_purpose);
    event->request_id = wire_borrow(call->request_id);
    event->traceparent = wire_borrow(call->traceparent);
    event->actor = wire_borrow(call->actor);
    event->instance = wire_borrow(call->env->instance);
    event->key_id = call->env->keyring ? keyring_active(call->env->keyring) : 0;
    event->policy_version = call->org.policy_version;
}

enum err audit_begin(struct rpc_call *call, const struct audit_fact *fact, const char *username,
                     const struct audit_chain *chain, struct audit_draft *ret)
{
    twofold__v1__audit_event__init(&ret->event);
    fill_call(&ret->event, call, username);
    fill_fact(ret, fact);
    TRY(fill_id(call, ret));
    if (!chain)
        return ERR_OK;
    ret->event.sequence = chain->sequence + 1;
    if (chain->sequence > 0) {
        ret->event.previous_digest.data = (uint8_t *)(uintptr_t)chain->digest;
        ret->event.previous_digest.len = sizeof chain->digest;
    }
    return ERR_OK;
}

/* For the next checkpoint. Its digest is the chain's, if it is in one. */
static enum err remember(const struct rpc_call *call, const Twofold__V1__AuditEvent *event,
                         struct bytes encoded, const struct audit_chain *chain)
{
    struct recent_event e = {.org = bytes_of_text(event->org),
                             .username = bytes_of_text(event->username),
                             .sequence = event->sequence};

    if (!call->env->recent)
        return ERR_OK;
    if (chain)
        memcpy(e.digest, chain->digest, sizeof e.digest);
    else
        TRY(mac_sha256(encoded, e.digest));
    recent_add(call->env->recent, call->env->store->ops->event_position(call->txn), &e);
    return ERR_OK;
}

enum err audit_write(struct rpc_call *call, const struct audit_draft *d, struct audit_chain *chain)
{
    struct bytes encoded = {0};

    TRY(wire_encode(&d->event.base, call->arena, &encoded));
    if (chain) {
        chain->sequence++;
        TRY(mac_sha256(encoded, chain->digest));
    }
    TRY(call->env->store->ops->append_event(call->txn, encoded));
    return remember(call, &d->event, encoded, chain);
}

/* Is FACT one failure too many of its user and minute? Then it is counted. Names that nobody has
 * are treated alike, or the time that it takes would tell them from others. */
static enum err swallow(struct rpc_call *call, const struct audit_fact *fact,
                        const struct user_id *user, bool *ret_swallowed)
{
    const struct store_ops *ops = call->env->store->ops;
    uint32_t minute = repeats_minute(call->now_ms);
    struct repeats repeats;

    *ret_swallowed = false;
    if (call->env->audit.failures == 0 || fact->span.count > 0 || !repeats_concern(fact))
        return ERR_OK;
    TRY(ops->load_repeats(call->txn, user, minute, &repeats));
    *ret_swallowed = repeats_swallow(&repeats, fact, call->now_ms, call->env->audit.failures);
    return ops->save_repeats(call->txn, user, minute, &repeats);
}

static enum err append_one(struct rpc_call *call, const struct audit_fact *fact,
                           const char *username, struct audit_chain *chain)
{
    const struct user_id user = {.org = call->org_name, .username = username};
    struct audit_draft d;
    bool swallowed = false;

    if (username)
        TRY(swallow(call, fact, &user, &swallowed));
    if (swallowed)
        return ERR_OK;
    TRY(audit_begin(call, fact, username, chain, &d));
    return audit_write(call, &d, chain);
}

enum err audit_append(struct rpc_call *call, const struct audit_facts *facts, const char *username,
                      struct audit_chain *chain)
{
    if (call->env->audit_full && facts->n > 0)
        return ERR_UNAVAILABLE;
    for (unsigned i = 0; i < facts->n; i++)
        TRY(append_one(call, &facts->at[i], username, chain));
    return ERR_OK;
}

bool audit_load_org(struct rpc_call *call)
{
    if (call->env->store->ops->load_org(call->txn, call->org_name, &call->org) != ERR_OK) {
        log_at(LOG_ERROR,
               "the record of an organization is unreadable: its audit trail is not told this",
               FIELD("org", call->org_name));
        return false;
    }
    return call->org.exists;
}

int64_t audit_time(struct bytes event)
{
    Twofold__V1__AuditEvent *e = twofold__v1__audit_event__unpack(NULL, event.n, event.p);
    int64_t ms = e ? e->time_unix_ms : 0;

    twofold__v1__audit_event__free_unpacked(e, NULL);
    return ms;
}
