/* What goes wrong with one organization, or with the clock, does not stop the audit trail of all;
 * and an answer about how the trail ends cannot be replayed. */
#include "support/checkpoints.h"
#include "support/runner.h"

#include <stdlib.h>

static const struct audit_limits limits = {.failures = 5,
                                           .tail_ms = 3600 * 1000,
                                           .tail_bytes = UINT64_MAX,
                                           .checkpoint_events = 50,
                                           .checkpoint_ms = 10000};

static int set_up_limits(void **state)
{
    int failed = set_up(state);

    if (!failed)
        service_restart_with(*state, limits);
    return failed;
}

static void spoil_other(struct tables_txn *t, void *ctx)
{
    struct bytes key = bytes_of_text("other"), row;
    uint8_t copy[1024];

    (void)ctx;
    assert_int_equal(table_get(t, TABLE_ORGS, key, &row), ERR_OK);
    assert_true(row.n <= sizeof copy);
    memcpy(copy, row.p, row.n);
    copy[row.n - 1] ^= 1;
    assert_int_equal(table_put(t, TABLE_ORGS, key, (struct bytes){copy, row.n}), ERR_OK);
}

/* An organization "other" with an event under no checkpoint, whose row is damaged then. */
static void damage_other(struct service *s)
{
    s->org = "other";
    EXPECT(ERR_OK, ASK(s, "admin.put_policy", NO_SECOND));
    s->org = NULL;
    change_rows(s, spoil_other, NULL);
}

static void a_damaged_organization_costs_only_itself_its_checkpoints(void **state)
{
    struct service *s = *state;

    damage_other(s);
    service_put_user(s, "ada", PASSWORD);
    service_advance(s, 60);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 1);
}

/* A batch that must be undone and done again one by one would not have its checkpoint. */
static void a_damaged_organization_does_not_undo_the_batches_of_others(void **state)
{
    struct service *s = *state;
    struct bytes payloads[2];
    enum err errs[2];
    size_t n = 0;
    uint8_t *packed = pack(s, "admin.put_policy", (const struct field[]){{NULL, NULL}}, &n);

    damage_other(s);
    for (int i = 0; i < 60; i++)
        EXPECT(ERR_OK, ASK(s, "admin.put_policy", NO_SECOND));
    payloads[0] = payloads[1] = (struct bytes){packed, n};
    service_batch(s, "twofold.v1.default.admin.put_policy", payloads, 2, errs);
    assert_int_equal(errs[0], ERR_OK);
    assert_int_equal(errs[1], ERR_OK);
    assert_true(checkpoints_written(s, "default") > 0);
    free(packed);
}

static void a_clock_that_is_set_back_does_not_stop_checkpoints(void **state)
{
    struct service *s = *state;
    const int64_t year = INT64_C(86400) * 365;

    service_advance(s, 60);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 1);
    service_advance(s, year);
    service_put_user(s, "ada", PASSWORD);
    service_advance(s, -year);
    service_advance(s, 60);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 2);
}

enum { MANY = 3000 };

/* One failure each, nothing to be counted: as many rows as users fail, gone when their minute is.
 * Not in one turn, which would keep requests waiting; but no second has to pass in between. */
static void rows_of_a_minute_go_as_fast_as_they_come(void **state)
{
    struct service *s = *state;
    const struct store_ops *ops = s->store->ops;
    uint32_t minute = repeats_minute(s->now_ms);
    const struct repeats r = {.told = 1};
    struct store_txn *t = NULL;
    struct repeats_owner owner;
    struct repeats left;
    int turns = 0;

    assert_int_equal(ops->begin(s->store, &t), ERR_OK);
    for (int i = 0; i < MANY; i++) {
        char name[16];
        const struct user_id id = {.org = "default", .username = name};

        snprintf(name, sizeof name, "user%d", i);
        assert_int_equal(ops->save_repeats(t, &id, minute, &r), ERR_OK);
    }
    assert_int_equal(ops->commit(t), ERR_OK);
    service_advance(s, 61);
    do
        service_tidy(s, 0);
    while (dispatcher_untidy(s->dispatcher) && ++turns < MANY);
    assert_true(turns < MANY);
    assert_int_equal(ops->begin(s->store, &t), ERR_OK);
    assert_int_equal(ops->take_repeats(t, minute + 1, &owner, &left), ERR_NOT_FOUND);
    ops->abort(t);
}

/* ---- Admin.CheckpointAudit ---- */

static struct answer ask_with(struct service *s, const uint8_t *nonce, size_t n)
{
    Twofold__V1__CheckpointAuditRequest ask = TWOFOLD__V1__CHECKPOINT_AUDIT_REQUEST__INIT;

    ask.nonce = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)nonce, .len = n};
    return service_call(s, "admin.checkpoint_audit", &ask.base);
}

static void the_answer_is_signed_with_the_nonce_in_it(void **state)
{
    struct service *s = *state;
    static const uint8_t nonce[] = {1, 2, 3, 0, 255};
    struct answer answer = ask_with(s, nonce, sizeof nonce);
    Twofold__V1__CheckpointAuditReply *reply = (Twofold__V1__CheckpointAuditReply *)answer.reply;
    Twofold__V1__AuditAnchor *anchor;

    assert_int_equal(answer.err, ERR_OK);
    anchor = twofold__v1__audit_anchor__unpack(NULL, reply->body.len, reply->body.data);
    assert_non_null(anchor);
    assert_int_equal(anchor->nonce.len, sizeof nonce);
    assert_memory_equal(anchor->nonce.data, nonce, sizeof nonce);
    assert_string_equal(anchor->org, "default");
    assert_int_equal(anchor->sequence, reply->sequence);
    assert_memory_equal(anchor->digest.data, reply->digest.data, SHA256_BYTES);
    assert_int_equal(anchor->time_unix_ms, s->now_ms);
    assert_int_equal(reply->key_id, reply->keys[0]->id);
    assert_true(signature_good("twofold-anchor-1\n", &reply->body, &reply->signature,
                               reply->keys[0]->public_key.data));
    reply->body.data[2] ^= 1;
    assert_false(signature_good("twofold-anchor-1\n", &reply->body, &reply->signature,
                                reply->keys[0]->public_key.data));
    twofold__v1__audit_anchor__free_unpacked(anchor, NULL);
    answer_free(&answer);
}

/* Nothing is left to be covered, as in a database from before there were checkpoints. */
static void an_outbox_that_was_emptied_is_no_error(void **state)
{
    struct service *s = *state;
    struct outbox_state outbox;
    struct answer answer;

    service_restart_with(s, (struct audit_limits){0}); /* no tail, no checkpoints */
    assert_int_equal(s->store->ops->look_outbox(s->store, NULL, &outbox), ERR_OK);
    service_tidy(s, outbox.last);
    answer = ask_with(s, NULL, 0);
    assert_int_equal(answer.err, ERR_OK);
    answer_free(&answer);
}

static void a_nonce_has_a_bound(void **state)
{
    static const uint8_t long_one[NONCE_MAX + 1];
    struct answer answer = ask_with(*state, long_one, NONCE_MAX);

    assert_int_equal(answer.err, ERR_OK);
    answer_free(&answer);
    answer = ask_with(*state, long_one, sizeof long_one);
    assert_int_equal(answer.err, ERR_VALIDATION);
    assert_string_equal(answer.error->violations[0]->field, "nonce");
    answer_free(&answer);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_damaged_organization_costs_only_itself_its_checkpoints,
                                    set_up_limits, tear_down),
    cmocka_unit_test_setup_teardown(a_damaged_organization_does_not_undo_the_batches_of_others,
                                    set_up_limits, tear_down),
    cmocka_unit_test_setup_teardown(a_clock_that_is_set_back_does_not_stop_checkpoints,
                                    set_up_limits, tear_down),
    cmocka_unit_test_setup_teardown(rows_of_a_minute_go_as_fast_as_they_come, set_up_limits,
                                    tear_down),
    cmocka_unit_test_setup_teardown(the_answer_is_signed_with_the_nonce_in_it, set_up_limits,
                                    tear_down),
    cmocka_unit_test_setup_teardown(an_outbox_that_was_emptied_is_no_error, set_up_limits,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_nonce_has_a_bound, set_up_limits, tear_down),
};

RUN(tests)
