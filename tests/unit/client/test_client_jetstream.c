/* What JetStream says, byte for byte, and what it must not be taken for. */
#include "jetstream.h"

#include "support/runner.h"

static void a_delivery_is_read_in_both_forms(void **state)
{
    static const char *const forms[] = {
        "$JS.ACK.TWOFOLD_AUDIT.archive.2.41.97.1795342337152740039.4",
        "$JS.ACK.hub.AbCd12.TWOFOLD_AUDIT.archive.2.41.97.1795342337152740039.4",
        "$JS.ACK.hub.AbCd12.TWOFOLD_AUDIT.archive.2.41.97.1795342337152740039.4.rAnDoM",
        "$JS.ACK._.AbCd12.TWOFOLD_AUDIT.archive.2.41.97.1795342337152740039.4.rAnDoM",
    };
    struct js_delivery d;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        memset(&d, 0, sizeof d);
        assert_true(js_read_delivery(forms[i], &d));
        assert_string_equal(d.consumer, "archive");
        assert_int_equal(d.times, 2);
        assert_int_equal(d.stream_sequence, 41);
        assert_int_equal(d.consumer_sequence, 97);
        assert_int_equal(d.stored_unix_ms, 1795342337152);
        assert_int_equal(d.pending, 4);
    }
}

static void other_reply_subjects_are_no_delivery(void **state)
{
    static const char *const bad[] = {
        "",
        "_INBOX.x.y",
        "$JS.ACK.",
        "$JS.ACK.S.c.1.2.3.4",
        "$JS.ACK.S.c.1.2.3.4.5.6",
        "$JS.ACK.S.c.1.x.3.4.5",
        "$JS.ACK.S.c.1.-2.3.4.5",
        "$JS.ACK.S.c.1.0.3.4.5",
        "$JS.ACK.S.c.1.2.0.4.5",
        "$JS.ACK.S.c.1.2.3.4.",
        "$JS.ACK.d.a.S.c.1.2.3.4.5.r.more",
        "$JS.ACK.S.c234567890123456789012345678901234567890123456789012345678901234567890.1.2.3.4."
        "5",
    };
    struct js_delivery d;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (js_read_delivery(bad[i], &d))
            fail_msg("taken: %s", bad[i]);
}

static enum twofold_status read(const char *json, struct js_consumer *ret, int *ret_code,
                                struct twofold_error *error)
{
    return js_read_consumer((const uint8_t *)json, strlen(json), ret, ret_code, error);
}

static void a_consumer_is_read(void **state)
{
    static const char json[] =
        "{\"stream_name\":\"S\",\"name\":\"d\",\"created\":\"2026-11-22T10:12:17.195156541Z\","
        "\"config\":{\"durable_name\":\"d\",\"ack_policy\":\"all\",\"ack_wait\":2000000000,"
        "\"max_ack_pending\":1000,\"filter_subject\":\"t.>\"},"
        "\"delivered\":{\"consumer_seq\":7,\"stream_seq\":9},\"ack_floor\":{\"stream_seq\":5},"
        "\"num_ack_pending\":2,\"num_waiting\":1,\"num_pending\":3}";
    struct js_consumer c;
    struct twofold_error error;
    int code;

    (void)state;
    assert_int_equal(read(json, &c, &code, &error), TWOFOLD_OK);
    assert_string_equal(c.name, "d");
    assert_string_equal(c.filter, "t.>");
    assert_int_equal(c.created_unix_s, 1795342337);
    assert_true(c.is_pull && c.acks_all);
    assert_int_equal(c.ack_wait_us, 2000000);
    assert_int_equal(c.delivered_stream, 9);
    assert_int_equal(c.delivered, 7);
    assert_int_equal(c.floor_stream, 5);
    assert_int_equal(c.unacked, 2);
    assert_int_equal(c.unacked_max, 1000);
    assert_int_equal(c.pending, 3);
    assert_int_equal(c.waiting, 1);
}

static void errors_and_nonsense_are_told_apart(void **state)
{
    struct js_consumer c;
    struct twofold_error error;
    int code;

    (void)state;
    assert_int_equal(read("{\"error\":{\"code\":404,\"err_code\":10014,\"description\":\"consumer "
                          "not found\"}}",
                          &c, &code, &error),
                     TWOFOLD_REFUSED);
    assert_int_equal(code, JS_NO_CONSUMER);
    assert_string_equal(error.message, "JetStream says: consumer not found (10014)");
    assert_int_equal(read("", &c, &code, &error), TWOFOLD_PROTOCOL);
    assert_int_equal(read("[]", &c, &code, &error), TWOFOLD_PROTOCOL);
    assert_int_equal(read("{}", &c, &code, &error), TWOFOLD_PROTOCOL);
    assert_int_equal(read("{\"config\":{},\"delivered\":{}}", &c, &code, &error), TWOFOLD_PROTOCOL);
    assert_int_equal(code, 0);
}

static void a_request_says_where_to_begin(void **state)
{
    static const struct {
        struct js_begin begin;
        const char *wanted;
    } cases[] = {
        {{0}, "\"deliver_policy\":\"all\""},
        {{.only_new = true, .sequence = 7}, "\"deliver_policy\":\"new\""},
        {{.sequence = 7, .unix_ms = 5}, "\"by_start_sequence\",\"opt_start_seq\":7"},
        {{.unix_ms = 1795321310042},
         "\"by_start_time\",\"opt_start_time\":\"2026-11-22T04:21:50.042Z\""},
    };
    char text[JS_REQUEST_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        js_create_request(
            &(struct js_reader){.stream = "S", .name = "n", .filter = "", .begin = cases[i].begin},
            text);
        assert_non_null(strstr(text, cases[i].wanted));
        assert_non_null(strstr(text, "\"ack_policy\":\"none\""));
        assert_null(strstr(text, "filter"));
    }
    js_create_request(
        &(struct js_reader){.stream = "S", .name = "n", .filter = "t.>", .durable = true}, text);
    assert_non_null(strstr(text, "\"durable_name\":\"n\""));
    assert_non_null(strstr(text, "\"ack_policy\":\"all\""));
    assert_non_null(strstr(text, "\"filter_subject\":\"t.>\""));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_delivery_is_read_in_both_forms),
    cmocka_unit_test(other_reply_subjects_are_no_delivery),
    cmocka_unit_test(a_consumer_is_read),
    cmocka_unit_test(errors_and_nonsense_are_told_apart),
    cmocka_unit_test(a_request_says_where_to_begin),
};

RUN(tests)
