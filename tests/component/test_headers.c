/* The three headers of a request: its id, its trace, and who asked (rule 17). */
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static struct got unlock_as(struct service *s, const char *id, const char *actor)
{
    return service_sent(s, &(struct sent){"admin.unlock", FIELDS({"username", "ada"}), id, actor});
}

static const struct {
    const char *id;
    enum err err;
} ids[] = {
    {"", ERR_OK}, /* none */
    {"1", ERR_OK},
    {" ", ERR_OK},
    {"~!@#$%^&*()_+{}|:\"<>?`-=[]\\;',./", ERR_OK},
    {"c0ffee00-1111-4222-8333-444444444444", ERR_OK},
    {SIXTY "abcd", ERR_OK},
    {SIXTY "abcde", ERR_VALIDATION},
    {SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY SIXTY, ERR_VALIDATION},
    {"a\tb", ERR_VALIDATION},
    {"a\r\nNats-Service-Error: 0", ERR_VALIDATION},
    {"a\x7f", ERR_VALIDATION},
    {"\x01", ERR_VALIDATION},
    {"\xc3\xa9", ERR_VALIDATION},
    {"\xff", ERR_VALIDATION},
};

static void request_ids_are_1_to_64_printable_ascii_characters(void **state)
{
    struct service *s = *state;

    service_put_user(s, "ada", PASSWORD);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        size_t before = peek_events(s);
        struct got got = unlock_as(s, ids[i].id, NULL);

        if (got.err != ids[i].err)
            fail_msg("id %zu answered %s", i, err_name(got.err));
        assert_int_equal(peek_events(s), before + (got.err == ERR_OK));
        got_free(&got, 1);
    }
}

static void every_reply_repeats_a_good_request_id_and_no_other(void **state)
{
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct incoming in = {.subject = "twofold.v1.default.no.method",
                              .reply_to = "_INBOX.test",
                              .request_id = ids[i].id,
                              .traceparent = "",
                              .actor = ""};
        struct exchange *x = exchange_new(s->dispatcher, &in);

        assert_non_null(x);
        assert_true(exchange_answer(x).done);
        assert_string_equal(exchange_answer(x).request_id, ids[i].err == ERR_OK ? ids[i].id : "");
        assert_string_equal(exchange_answer(x).reply_to, "_INBOX.test");
        exchange_free(x);
    }
}

static void the_event_carries_the_request_id(void **state)
{
    struct service *s = *state;
    Twofold__V1__AuditEvent *event;
    struct got got;

    service_put_user(s, "ada", PASSWORD);
    got = unlock_as(s, "id-7", NULL);
    event = peek_last_event(s);
    assert_string_equal(event->request_id, "id-7");
    assert_string_equal(event->instance, "test");
    assert_string_equal(event->purpose, "twofold:admin.unlock");
    twofold__v1__audit_event__free_unpacked(event, NULL);
    got_free(&got, 1);
}

static const struct {
    const char *sent, *kept;
} traces[] = {
    {TRACE, TRACE},
    {"", ""},
    {"00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01", ""},
    {"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""},
    {"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""},
    {TRACE "-extra", ""},
    {TRACE "\n", ""},
    {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", ""},
    {"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""},
    {"00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01", ""},
    {"{\"trace\":1}", ""},
    {"\xff", ""},
};

static void a_traceparent_is_copied_or_ignored(void **state)
{
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(traces); i++) {
        Twofold__V1__AuditEvent *event;

        s->traceparent = traces[i].sent;
        service_put_user(s, "ada", PASSWORD);
        event = peek_last_event(s);
        assert_string_equal(event->traceparent, traces[i].kept);
        twofold__v1__audit_event__free_unpacked(event, NULL);
    }
}

static void rule_17_the_actor_is_who_was_attested_and_nobody_else(void **state)
{
    static const char *const actors[] = {NULL, "A/billing", NULL};
    struct service *s = *state;

    service_put_user(s, "ada", PASSWORD);
    for (size_t i = 0; i < ARRAY_LEN(actors); i++) {
        struct got got = unlock_as(s, NULL, actors[i]);
        Twofold__V1__AuditEvent *event = peek_last_event(s);

        assert_string_equal(event->actor, actors[i] ? actors[i] : "");
        twofold__v1__audit_event__free_unpacked(event, NULL);
        got_free(&got, 1);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(request_ids_are_1_to_64_printable_ascii_characters, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(every_reply_repeats_a_good_request_id_and_no_other, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(the_event_carries_the_request_id, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_traceparent_is_copied_or_ignored, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_17_the_actor_is_who_was_attested_and_nobody_else, set_up,
                                    tear_down),
};
RUN(tests)
