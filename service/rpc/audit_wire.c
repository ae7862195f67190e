#include "rpc/audit_wire.h"

#include "crypto/random.h"
#include "rpc/wire.h"

#include <twofold/v1/audit.pb-c.h>

/* The core's numbers are the contract's. */
_Static_assert((int)WHY_WRONG_PASSWORD == (int)TWOFOLD__V1__AUDIT_EVENT__REASON__WRONG_PASSWORD,
               "");
_Static_assert((int)WHY_REPLAYED == (int)TWOFOLD__V1__AUDIT_EVENT__REASON__REPLAYED, "");
_Static_assert((int)WHY_LOCKED == (int)TWOFOLD__V1__AUDIT_EVENT__REASON__LOCKED, "");
_Static_assert((int)WHY_MALFORMED_CODE == (int)TWOFOLD__V1__AUDIT_EVENT__REASON__MALFORMED_CODE,
               "");
_Static_assert((int)AUDIT_CHALLENGED == (int)TWOFOLD__V1__AUDIT_EVENT__OUTCOME__CHALLENGED, "");
_Static_assert((int)BY_PASSWORD == (int)TWOFOLD__V1__AUDIT_EVENT__METHOD__PASSWORD, "");
_Static_assert((int)BY_RECOVERY_CODE == (int)TWOFOLD__V1__AUDIT_EVENT__METHOD__RECOVERY_CODE, "");

static enum err new_id(struct rpc_call *call, char **ret_text)
{
    uint8_t id[UUID_BYTES];
    char *text = arena_alloc(call->arena, UUID_TEXT_BYTES);

    if (!text)
        return ERR_EXHAUSTED;
    TRY(random_uuid7(call->now_ms, id));
    uuid_text(id, text);
    *ret_text = text;
    return ERR_OK;
}

static void fill_fact(Twofold__V1__AuditEvent *event, const struct audit_fact *fact,
                      char authenticator[static UUID_TEXT_BYTES], char slot[static 2])
{
    event->type = wire_borrow(audit_type_text(fact->type));
    event->outcome = (Twofold__V1__AuditEvent__Outcome)fact->outcome;
    event->reason = (Twofold__V1__AuditEvent__Reason)fact->reason;
    event->method = (Twofold__V1__AuditEvent__Method)fact->method;
    if (fact->has_authenticator)
        uuid_text(fact->authenticator, authenticator);
    event->authenticator_id = authenticator;
    slot[0] = fact->recovery_slot;
    event->recovery_slot = slot;
}

static void fill_call(Twofold__V1__AuditEvent *event, const struct rpc_call *call,
                      const char *username)
{
    event->time_unix_ms = call->now_ms;
    event->org = wire_borrow(call->org_name);
    event->username = wire_borrow(username);
    event->purpose = wire_borrow(*call->ask.purpose ? call->ask.purpose : call_own_purpose(call));
    event->request_id = wire_borrow(call->request_id);
    event->traceparent = wire_borrow(call->traceparent);
    event->actor = wire_borrow(call->actor);
    event->instance = wire_borrow(call->env->instance);
}

static enum err append_one(struct rpc_call *call, const struct audit_fact *fact,
                           const char *username, struct audit_chain *chain)
{
    Twofold__V1__AuditEvent event;
    char authenticator[UUID_TEXT_BYTES] = "", slot[2] = "";
    struct bytes encoded = {0};

    twofold__v1__audit_event__init(&event);
    fill_call(&event, call, username);
    fill_fact(&event, fact, authenticator, slot);
    TRY(new_id(call, &event.id));
    if (chain && chain->sequence > 0) {
        event.previous_digest.data = chain->digest;
        event.previous_digest.len = sizeof chain->digest;
    }
    event.sequence = chain ? chain->sequence + 1 : 0;
    TRY(wire_encode(&event.base, call->arena, &encoded));
    if (chain) {
        chain->sequence++;
        TRY(mac_sha256(encoded, chain->digest));
    }
    return call->env->store->ops->append_event(call->txn, encoded);
}

enum err audit_append(struct rpc_call *call, const struct audit_facts *facts, const char *username,
                      struct audit_chain *chain)
{
    for (unsigned i = 0; i < facts->n; i++)
        TRY(append_one(call, &facts->at[i], username, chain));
    return ERR_OK;
}
