/*
 * The newest checkpoint of a trail, when the anchor is older: its body is signed, and so is all
 * before it, but the event around it only by what will follow.
 */
#include "checked.h"

#include "support/runner.h"

#include <stdlib.h>

static struct checked result;

typedef void edit_fn(Twofold__V1__AuditEvent *e);
static Twofold__V1__AuditEvent__Span span = TWOFOLD__V1__AUDIT_EVENT__SPAN__INIT;
static uint8_t one_byte = 1;
static ProtobufCMessageUnknownField unknown = {
    .tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = &one_byte};

/* Everything that the event says beside its signed body. */
#define EDITS(X)                                                                  \
    X(outcome, e->outcome = TWOFOLD__V1__AUDIT_EVENT__OUTCOME__DENIED)            \
    X(reason, e->reason = TWOFOLD__V1__AUDIT_EVENT__REASON__LOCKED)               \
    X(method, e->method = TWOFOLD__V1__AUDIT_EVENT__METHOD__TOTP)                 \
    X(authenticator_id, e->authenticator_id = text)                               \
    X(recovery_slot, e->recovery_slot = text)                                     \
    X(purpose, e->purpose = text)                                                 \
    X(request_id, e->request_id = text)                                           \
    X(traceparent, e->traceparent = text)                                         \
    X(actor, e->actor = text)                                                     \
    X(instance, e->instance = text)                                               \
    X(time, e->time_unix_ms++)                                                    \
    X(key_id, e->key_id++)                                                        \
    X(policy_version, e->policy_version++)                                        \
    X(step_offset, e->step_offset = 1)                                            \
    X(span, e->span = &span)                                                      \
    X(unknown, (e->base.unknown_fields = &unknown, e->base.n_unknown_fields = 1)) \
    X(unknown_within,                                                             \
      (e->checkpoint->base.unknown_fields = &unknown, e->checkpoint->base.n_unknown_fields = 1))

static char text[] = "x";
#define X(name, code)                                   \
    static void edit_##name(Twofold__V1__AuditEvent *e) \
    {                                                   \
        code;                                           \
    }
EDITS(X)
#undef X

static const struct {
    const char *name;
    edit_fn *edit;
} edits[] = {
#define X(name, code) {#name, edit_##name},
    EDITS(X)
#undef X
};

/* The newest event of all: nothing that follows signs it, and the anchor is older. */
static void the_newest_checkpoint_cannot_be_edited(void **state)
{
    struct made_trail *t = made_story(1, 1);
    struct made_trail ends = *t;
    size_t newest;

    made_add(t, "acme", "alice", "verification.succeeded");
    newest = made_checkpoint(t, "acme", 1);
    (void)state;
    checked_run(t, &ends, KNOW_KEY | KNOW_ENDS, &result);
    assert_int_equal(result.n, 0);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        struct made_event whole = t->events[newest];
        Twofold__V1__AuditEvent *e = made_read(t, newest), edited = *e;
        Twofold__V1__Checkpoint checkpoint = *e->checkpoint;

        edited.checkpoint = &checkpoint;
        edits[i].edit(&edited);
        t->events[newest] = (struct made_event){0};
        made_replace(t, newest, &edited);
        checked_run(t, &ends, KNOW_KEY | KNOW_ENDS, &result);
        if (!checked_find(&result, AUDIT_FINDING_CHECKPOINT, "", e->sequence))
            fail_msg("%s was edited, and nothing is found", edits[i].name);
        free(t->events[newest].data);
        t->events[newest] = whole;
        twofold__v1__audit_event__free_unpacked(e, NULL);
    }
    made_free(t);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_newest_checkpoint_cannot_be_edited),
};
RUN(tests)
