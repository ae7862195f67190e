/*
 * Checkpoints: signed, one for each organization, over all that none covers yet. What a consumer
 * makes of them is the business of `twofold audit verify`; here is what the service writes.
 */
#include "support/checkpoints.h"
#include "support/runner.h"

#include <stdlib.h>

static const struct audit_limits every_10_s = {.tail_ms = 3600 * 1000,
                                               .tail_bytes = UINT64_MAX,
                                               .checkpoint_events = 500,
                                               .checkpoint_ms = 10000};

static int set_up_checkpoints(void **state)
{
    int failed = set_up(state);

    if (!failed)
        service_restart_with(*state, every_10_s);
    return failed;
}

/* Admin.CheckpointAudit; to be freed. */
static Twofold__V1__CheckpointAuditReply *ask_checkpoint(struct service *s, struct answer *ret)
{
    *ret = ASK_RAW(s, "admin.checkpoint_audit", NO_SECOND);
    assert_int_equal(ret->err, ERR_OK);
    return (Twofold__V1__CheckpointAuditReply *)ret->reply;
}

/* ---- tests ---- */

static void heads_are_the_newest_events_of_each_chain(void **state)
{
    struct service *s = *state;
    struct enrolled ada, eve;
    Twofold__V1__CheckpointBody *body;
    struct trail *t;

    service_enroll(s, "ada", &ada);
    service_enroll(s, "eve", &eve);
    EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &ada));
    service_advance(s, 10);
    service_tidy(s, 0);
    t = trail_read(s);
    checkpoint_last(t, "default", &body);
    assert_int_equal(body->n_heads, 2);
    checkpoint_assert_head(t, body, "ada");
    checkpoint_assert_head(t, body, "eve");
    assert_int_equal(trail_follow(t, "default", ""), 3); /* two starts, and this */
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    trail_free(t);
}

static void body_and_event_agree_and_the_signature_is_good(void **state)
{
    struct service *s = *state;
    Twofold__V1__CheckpointAuditReply *reply;
    const Twofold__V1__AuditEvent *event;
    Twofold__V1__CheckpointBody *body;
    struct answer answer;
    struct trail *t;

    service_put_user(s, "ada", PASSWORD);
    reply = ask_checkpoint(s, &answer);
    t = trail_read(s);
    event = checkpoint_last(t, "default", &body);
    assert_string_equal(body->event_id, event->id);
    assert_string_equal(body->org, "default");
    assert_string_equal(body->instance, event->instance);
    assert_int_equal(body->time_unix_ms, event->time_unix_ms);
    assert_int_equal(body->sequence, event->sequence);
    assert_int_equal(body->previous_digest.len, SHA256_BYTES);
    assert_memory_equal(body->previous_digest.data, event->previous_digest.data, SHA256_BYTES);
    assert_int_equal(reply->n_keys, 1);
    assert_int_equal(event->checkpoint->key_id, reply->keys[0]->id);
    assert_int_equal(reply->keys[0]->public_key.len, 32);
    assert_true(signature_good("twofold-checkpoint-1\n", &event->checkpoint->body,
                               &event->checkpoint->signature, reply->keys[0]->public_key.data));
    event->checkpoint->body.data[3] ^= 1;
    assert_false(signature_good("twofold-checkpoint-1\n", &event->checkpoint->body,
                                &event->checkpoint->signature, reply->keys[0]->public_key.data));
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    trail_free(t);
    answer_free(&answer);
}

static void comes_in_time_and_only_when_something_happened(void **state)
{
    struct service *s = *state;

    service_put_user(s, "ada", PASSWORD);
    service_advance(s, 9);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 0);
    service_advance(s, 1);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 1);
    service_advance(s, 3600);
    service_tidy(s, 0);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 1);
    service_put_user(s, "ada", PASSWORD);
    service_advance(s, 10);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 2);
}

static void comes_at_once_after_many_events(void **state)
{
    struct service *s = *state;
    struct audit_limits limits = every_10_s;

    limits.checkpoint_events = 3;
    service_restart_with(s, limits);
    service_advance(s, 10);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 1);
    service_put_user(s, "ada", PASSWORD);
    service_put_user(s, "ada", PASSWORD);
    service_advance(s, 1);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 1);
    service_put_user(s, "ada", PASSWORD);
    service_advance(s, 1);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 2);
    for (int i = 0; i < 7; i++)
        service_put_user(s, "ada", PASSWORD);
    service_advance(s, 1);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 5); /* seven events, three at a time */
}

/* Nobody has to wait until a second's events are signed at once. */
static void comes_with_the_batch_that_fills_it(void **state)
{
    struct service *s = *state;
    struct audit_limits limits = every_10_s;
    enum err errs[4];
    struct bytes payloads[4];
    size_t n = 0;
    uint8_t *ask =
        pack(s, "verification.verify",
             (const struct field[]){{"username", "nobody"}, {"code", "123456"}, {NULL, NULL}}, &n);

    limits.checkpoint_events = 6;
    service_restart_with(s, limits); /* three starts are not signed yet */
    for (size_t i = 0; i < 4; i++)
        payloads[i] = (struct bytes){.p = ask, .n = n};
    service_batch(s, "twofold.v1.default.verification.verify", payloads, 2, errs);
    assert_int_equal(checkpoints_written(s, "default"), 0);
    service_batch(s, "twofold.v1.default.verification.verify", payloads, 4, errs);
    assert_int_equal(checkpoints_written(s, "default"), 2);
    free(ask);
}

/* However many there are: some each second, all at the end, and none twice. */
static void a_long_arrear_is_made_up_step_by_step(void **state)
{
    struct service *s = *state;
    struct audit_limits limits = every_10_s;
    Twofold__V1__CheckpointBody *body;
    struct trail *t;

    limits.checkpoint_events = 3;
    service_restart_with(s, limits);
    for (int i = 0; i < 100; i++)
        service_put_user(s, "ada", PASSWORD);
    service_advance(s, 1);
    service_tidy(s, 0);
    assert_int_equal(checkpoints_written(s, "default"), 8);
    for (int i = 0; i < 20; i++) {
        service_advance(s, 1);
        service_tidy(s, 0);
    }
    service_advance(s, 10);
    service_tidy(s, 0);
    t = trail_read(s);
    checkpoint_last(t, "default", &body);
    assert_true(trail_follow(t, "default", "") > 34);
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    trail_free(t);
    assert_int_equal(dispatcher_end(s->dispatcher), ERR_OK);
    t = trail_read(s);
    assert_string_equal(t->events[t->n - 1]->type, "audit.checkpoint");
    trail_free(t);
}

static void what_a_crash_left_is_covered_by_the_next_start(void **state)
{
    struct service *s = *state;
    Twofold__V1__CheckpointBody *body;
    struct trail *t;

    service_put_user(s, "ada", PASSWORD);
    service_restart(s);
    service_advance(s, 10);
    service_tidy(s, 0);
    t = trail_read(s);
    checkpoint_last(t, "default", &body);
    checkpoint_assert_head(t, body, "ada");
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    trail_free(t);
    assert_int_equal(dispatcher_end(s->dispatcher), ERR_OK);
    assert_int_equal(checkpoints_written(s, "default"), 1); /* all is covered already */
    service_put_user(s, "eve", PASSWORD);
    assert_int_equal(dispatcher_end(s->dispatcher), ERR_OK);
    assert_int_equal(checkpoints_written(s, "default"),
                     2); /* a clean end leaves nothing uncovered */
}

static void each_organization_has_its_own(void **state)
{
    struct service *s = *state;
    Twofold__V1__CheckpointBody *body;
    struct trail *t;

    s->org = "acme";
    set_policy(s, "digits", 8);
    for (char name[] = "ada"; name[2] <= 'd'; name[2]++) { /* in turns, and of the same names */
        s->org = "acme";
        service_put_user(s, name, PASSWORD);
        s->org = NULL;
        service_put_user(s, name, PASSWORD);
    }
    service_put_user(s, "eve", PASSWORD);
    service_advance(s, 10);
    service_tidy(s, 0);
    t = trail_read(s);
    checkpoint_last(t, "acme", &body);
    assert_int_equal(body->n_heads, 4);
    checkpoint_assert_head(t, body, "ada");
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    checkpoint_last(t, "default", &body);
    assert_int_equal(body->n_heads, 5);
    checkpoint_assert_head(t, body, "eve");
    assert_int_equal(trail_follow(t, "acme", ""), 2); /* policy.changed, and this */
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    trail_free(t);
}

/* They are in no chain, and could be taken away unseen. */
static void events_about_nobody_are_listed_one_by_one(void **state)
{
    struct service *s = *state;
    Twofold__V1__CheckpointBody *body;
    struct trail *t;
    unsigned listed = 0, found = 0;

    for (int i = 0; i < 3; i++)
        EXPECT(ERR_NOT_ENROLLED,
               ASK(s, "verification.verify", {"username", "nobody"}, {"code", "123456"}));
    service_advance(s, 10);
    service_tidy(s, 0);
    t = trail_read(s);
    checkpoint_last(t, "default", &body);
    for (size_t i = 0; i < body->n_heads; i++)
        listed += body->heads[i]->sequence == 0;
    assert_int_equal(listed, 3);
    for (size_t i = 0; i < t->n; i++) {
        uint8_t digest[SHA256_BYTES];

        assert_int_equal(mac_sha256(t->entries[i].event, digest), ERR_OK);
        for (size_t k = 0; k < body->n_heads && strcmp(t->events[i]->username, "nobody") == 0; k++)
            found += memcmp(body->heads[k]->digest.data, digest, sizeof digest) == 0;
    }
    assert_int_equal(found, 3);
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    trail_free(t);
}

/* The old chain ends with user.deleted, and must not be cut out unseen. */
static void a_name_that_came_back_has_a_head_for_each_of_its_chains(void **state)
{
    struct service *s = *state;
    Twofold__V1__CheckpointBody *body;
    struct trail *t;

    service_put_user(s, "ada", PASSWORD);
    service_put_user(s, "ada", PASSWORD);
    EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    service_put_user(s, "ada", PASSWORD);
    service_advance(s, 10);
    service_tidy(s, 0);
    t = trail_read(s);
    checkpoint_last(t, "default", &body);
    assert_int_equal(body->n_heads, 2);
    assert_non_null(checkpoint_head(body, "ada", 3));
    checkpoint_assert_head(t, body, "ada");
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    trail_free(t);
}

static void the_end_of_a_chain_is_told_beside_events_about_nobody(void **state)
{
    struct service *s = *state;
    Twofold__V1__CheckpointBody *body;
    struct trail *t;

    service_put_user(s, "ada", PASSWORD);
    EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    EXPECT(ERR_NOT_ENROLLED,
           ASK(s, "verification.verify", {"username", "ada"}, {"code", "123456"}));
    service_advance(s, 10);
    service_tidy(s, 0);
    t = trail_read(s);
    checkpoint_last(t, "default", &body);
    assert_int_equal(body->n_heads, 2);
    assert_non_null(checkpoint_head(body, "ada", 0));
    assert_non_null(checkpoint_head(body, "ada", 2));
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    trail_free(t);
}

static void who_asks_is_told_how_the_chain_ends(void **state)
{
    struct service *s = *state;
    Twofold__V1__CheckpointAuditReply *reply;
    struct answer answer;
    uint8_t digest[SHA256_BYTES];
    struct trail *t;
    size_t at;

    service_put_user(s, "ada", PASSWORD);
    reply = ask_checkpoint(s, &answer);
    t = trail_read(s);
    at = checkpoint_newest(t, "default", "");
    assert_string_equal(t->events[at]->type, "audit.checkpoint");
    assert_int_equal(mac_sha256(t->entries[at].event, digest), ERR_OK);
    assert_int_equal(reply->sequence, t->events[at]->sequence);
    assert_int_equal(reply->digest.len, sizeof digest);
    assert_memory_equal(reply->digest.data, digest, sizeof digest);
    assert_int_equal(reply->unsent, t->n);
    answer_free(&answer);
    service_tidy(s, 2);
    reply = ask_checkpoint(s, &answer); /* nothing new: nothing signed */
    assert_memory_equal(reply->digest.data, digest, sizeof digest);
    assert_int_equal(reply->unsent, t->n - 2);
    answer_free(&answer);
    trail_free(t);
    assert_int_equal(checkpoints_written(s, "default"), 1);
}

static void many_heads_with_long_names_fit(void **state)
{
    struct service *s = *state;
    Twofold__V1__CheckpointBody *body;
    char name[USERNAME_MAX + 1];
    struct trail *t;

    service_advance(s, 10);
    service_tidy(s, 0);
    memset(name, 'x', sizeof name);
    name[USERNAME_MAX] = '\0';
    for (int i = 0; i < 450; i++) {
        snprintf(name, 8, "%07d", i);
        name[7] = 'x';
        EXPECT(ERR_NOT_ENROLLED,
               ASK(s, "verification.verify", {"username", name}, {"code", "123456"}));
    }
    service_advance(s, 10);
    service_tidy(s, 0);
    t = trail_read(s);
    checkpoint_last(t, "default", &body);
    assert_int_equal(body->n_heads, 450);
    twofold__v1__checkpoint_body__free_unpacked(body, NULL);
    trail_free(t);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(heads_are_the_newest_events_of_each_chain, set_up_checkpoints,
                                    tear_down),
    cmocka_unit_test_setup_teardown(body_and_event_agree_and_the_signature_is_good,
                                    set_up_checkpoints, tear_down),
    cmocka_unit_test_setup_teardown(comes_in_time_and_only_when_something_happened,
                                    set_up_checkpoints, tear_down),
    cmocka_unit_test_setup_teardown(comes_at_once_after_many_events, set_up_checkpoints, tear_down),
    cmocka_unit_test_setup_teardown(comes_with_the_batch_that_fills_it, set_up_checkpoints,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_long_arrear_is_made_up_step_by_step, set_up_checkpoints,
                                    tear_down),
    cmocka_unit_test_setup_teardown(what_a_crash_left_is_covered_by_the_next_start,
                                    set_up_checkpoints, tear_down),
    cmocka_unit_test_setup_teardown(each_organization_has_its_own, set_up_checkpoints, tear_down),
    cmocka_unit_test_setup_teardown(events_about_nobody_are_listed_one_by_one, set_up_checkpoints,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_name_that_came_back_has_a_head_for_each_of_its_chains,
                                    set_up_checkpoints, tear_down),
    cmocka_unit_test_setup_teardown(the_end_of_a_chain_is_told_beside_events_about_nobody,
                                    set_up_checkpoints, tear_down),
    cmocka_unit_test_setup_teardown(who_asks_is_told_how_the_chain_ends, set_up_checkpoints,
                                    tear_down),
    cmocka_unit_test_setup_teardown(many_heads_with_long_names_fit, set_up_checkpoints, tear_down),
};

RUN(tests)
