#include "audit_check_parts.h"

#include <stdlib.h>
#include <string.h>

static bool bytes_same(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* Only the body is signed: what the event says beside it must be the same. */
static bool body_agrees(const Twofold__V1__CheckpointBody *body,
                        const Twofold__V1__AuditEvent *event)
{
    return strcmp(body->event_id, event->id) == 0 && strcmp(body->org, event->org) == 0 &&
           strcmp(body->instance, event->instance) == 0 &&
           body->time_unix_ms == event->time_unix_ms && body->sequence == event->sequence &&
           body->policy_version == event->policy_version &&
           bytes_same(&body->previous_digest, &event->previous_digest);
}

static bool head_is_whole(const Twofold__V1__CheckpointBody__Head *head)
{
    size_t n = strlen(head->username);

    return n > 0 && n <= USERNAME_BYTES_MAX && head->digest.len == AUDIT_DIGEST_BYTES;
}

/* Nothing signs these while the event is the newest of its chain: so they are as the service leaves
 * them, or somebody else has written them. */
static bool is_empty_beside(const Twofold__V1__AuditEvent *e)
{
    return e->outcome == TWOFOLD__V1__AUDIT_EVENT__OUTCOME__SUCCESS && e->reason == 0 &&
           e->method == 0 && e->authenticator_id[0] == '\0' && e->recovery_slot[0] == '\0' &&
           e->purpose[0] == '\0' && e->request_id[0] == '\0' && e->traceparent[0] == '\0' &&
           e->actor[0] == '\0' && e->step_offset == 0 && !e->span &&
           e->key_id == e->checkpoint->key_id;
}

static bool has_unknown(const Twofold__V1__AuditEvent *event,
                        const Twofold__V1__CheckpointBody *body)
{
    return event->base.n_unknown_fields > 0 || event->checkpoint->base.n_unknown_fields > 0 ||
           body->base.n_unknown_fields > 0;
}

/* What is wrong with the checkpoint by itself, its signature aside; NULL: nothing. */
static const char *checkpoint_fault(const Twofold__V1__AuditEvent *event,
                                    const Twofold__V1__CheckpointBody *body)
{
    if (!event->checkpoint)
        return "it has no checkpoint in it";
    if (strcmp(event->type, "audit.checkpoint") != 0)
        return "an event of another type has a checkpoint in it";
    if (event->username[0] != '\0')
        return "it is not in the organization's own chain";
    if (!body)
        return "its body cannot be read";
    if (!body_agrees(body, event))
        return "the event says other things than its signed body";
    if (has_unknown(event, body))
        return "it has fields that this version does not know";
    if (!is_empty_beside(event))
        return "beside its signed body the event says what the service never says there";
    for (size_t i = 0; i < body->n_heads; i++)
        if (!head_is_whole(body->heads[i]))
            return "a head in it is malformed";
    return NULL;
}

/* A user may have several heads: one deleted and made anew, a name that nobody had. But never the
 * same twice. */
static bool heads_repeat(struct head *heads, size_t n)
{
    if (n > 1)
        qsort(heads, n, sizeof *heads, heads_compare);
    for (size_t i = 1; i < n; i++)
        if (heads_compare(&heads[i - 1], &heads[i]) == 0)
            return true;
    return false;
}

static bool head_add(struct audit_check *check, const char *org,
                     const Twofold__V1__CheckpointBody__Head *from)
{
    struct head head = {.sequence = from->sequence, .checkpoint = (uint32_t)check->n_checkpoints.n};

    head.chain = chain_index(check, org, from->username);
    if (head.chain == NO_INDEX || !grow(&check->heads, &check->n_heads, sizeof *check->heads))
        return false;
    memcpy(head.digest, from->digest.data, AUDIT_DIGEST_BYTES);
    check->heads[check->n_heads.n++] = head;
    return true;
}

static void tell_of(struct audit_check *check, const struct record *r, const char *why)
{
    struct audit_finding f =
        finding_of(check, why ? AUDIT_FINDING_CHECKPOINT : AUDIT_FINDING_SIGNATURE, r->chain);

    f.first = f.last = r->sequence;
    f.at = r->at;
    f.why = why;
    tell(check, &f);
}

static enum trust trust_of(const struct audit_check *check, const Twofold__V1__AuditEvent *event)
{
    const Twofold__V1__Checkpoint *c = event->checkpoint;
    struct audit_signed what = {.prefix = "twofold-checkpoint-1\n",
                                .key_id = c->key_id,
                                .body = c->body.data,
                                .n_body = c->body.len,
                                .signature = c->signature.data,
                                .n_signature = c->signature.len};

    return audit_check_vouch(check, event->org, &what);
}

/* Its heads count only if it turns out to be trusted. */
static bool checkpoint_keep(struct audit_check *check, const Twofold__V1__AuditEvent *event,
                            const Twofold__V1__CheckpointBody *body, const struct record *r)
{
    struct checkpoint c = {.sequence = r->sequence,
                           .at = r->at,
                           .chain = r->chain,
                           .key_id = event->checkpoint->key_id,
                           .first_head = (uint32_t)check->n_heads.n};

    memcpy(c.digest, r->digest, sizeof c.digest);
    c.trust = trust_of(check, event);
    if (!grow(&check->checkpoints, &check->n_checkpoints, sizeof *check->checkpoints))
        return false;
    for (size_t i = 0; i < body->n_heads; i++)
        if (!head_add(check, event->org, body->heads[i]))
            return false;
    c.n_heads = (uint32_t)(check->n_heads.n - c.first_head);
    if (c.trust == TRUST_BAD)
        tell_of(check, r, NULL);
    else if (heads_repeat(check->heads + c.first_head, c.n_heads))
        tell_of(check, r, "it names an event twice");
    check->checkpoints[check->n_checkpoints.n++] = c;
    return true;
}

bool checkpoint_take(struct audit_check *check, const Twofold__V1__AuditEvent *event,
                     const struct record *record)
{
    const struct record r = *record; /* more chains may be made, no more records */
    Twofold__V1__CheckpointBody *body = NULL;
    const char *fault;
    bool ok = true;

    if (!event->checkpoint && strcmp(event->type, "audit.checkpoint") != 0)
        return true;
    if (event->checkpoint)
        body = twofold__v1__checkpoint_body__unpack(NULL, event->checkpoint->body.len,
                                                    event->checkpoint->body.data);
    fault = checkpoint_fault(event, body);
    if (fault)
        tell_of(check, &r, fault);
    else
        ok = checkpoint_keep(check, event, body, &r);
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    return ok;
}
