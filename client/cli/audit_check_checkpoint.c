#include "audit_check_parts.h"

#include <stdlib.h>
#include <string.h>

enum { USERNAME_BYTES_MAX = 254 };

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
           bytes_same(&body->previous_digest, &event->previous_digest);
}

static bool head_is_whole(const Twofold__V1__CheckpointBody__Head *head)
{
    size_t n = strlen(head->username);

    return n > 0 && n <= USERNAME_BYTES_MAX && head->digest.len == AUDIT_DIGEST_BYTES;
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
    for (size_t i = 0; i < body->n_heads; i++)
        if (!head_is_whole(body->heads[i]))
            return "a head in it is malformed";
    return NULL;
}

static int compare_heads(const void *one, const void *two)
{
    const struct head *a = one, *b = two;

    if (a->chain != b->chain)
        return a->chain < b->chain ? -1 : 1;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    return memcmp(a->digest, b->digest, sizeof a->digest);
}

/* A user may have several heads: one deleted and made anew, a name that nobody had. But never the
 * same twice. */
static bool heads_repeat(struct head *heads, size_t n)
{
    if (n > 1)
        qsort(heads, n, sizeof *heads, compare_heads);
    for (size_t i = 1; i < n; i++)
        if (compare_heads(&heads[i - 1], &heads[i]) == 0)
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
    c.trust = signature_trust(check, event->org, event->checkpoint);
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
