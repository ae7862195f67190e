#include "transport/stream_nats.h"

#include "stream_fixture.h"

enum { SHORT_MS = 300 };

static void subjects_are_covered_or_not(void **state)
{
    static const struct {
        const char *pattern, *subjects;
        bool covers;
    } rows[] = {
        {"a.b.>", "a.b.>", true},
        {"a.>", "a.b.>", true},
        {">", "a.b.>", true},
        {"a.*.>", "a.b.>", true},
        {"*.*.>", "a.b.>", true},
        {"a.b.*.>", "a.b.>", false},
        {"a.b.*", "a.b.>", false},
        {"a.b.c.>", "a.b.>", false},
        {"a.c.>", "a.b.>", false},
        {"ab.>", "a.b.>", false},
        {"a", "a.b.>", false},
        {"a.b", "a.b.>", false},
        {"a.b", "a.b", true},
        {"a.*", "a.b", true},
        {"a", "a.b", false},
        {"a.b", "a", false},
        {"", "a", false},
        {">", "", false},
        {"a.b.>.c", "a.b.>", false},
        {"a.**.>", "a.b.>", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (stream_covers(rows[i].pattern, rows[i].subjects) != rows[i].covers)
            fail_msg("\"%s\" and \"%s\"", rows[i].pattern, rows[i].subjects);
}

static void a_missing_stream_is_made_as_wished(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    struct stream_info info = {.last_sequence = 9};
    jsStreamInfo *seen = NULL;

    (void)state;
    assert_int_equal(stream_look(f.stream, LONG_MS, &info), STREAM_MISSING);
    create(&f);
    assert_int_equal(stream_look(f.stream, LONG_MS, &info), STREAM_READY);
    assert_int_equal(info.last_sequence, 0);
    assert_int_equal(info.last_unix_ms, 0);
    assert_string_equal(info.detail, "");
    assert_int_equal(js_GetStreamInfo(&seen, f.js, "TRAIL", NULL, NULL), NATS_OK);
    assert_true(seen->Config->DenyDelete);
    assert_true(seen->Config->DenyPurge);
    assert_int_equal(seen->Config->Discard, js_DiscardNew);
    assert_int_equal(seen->Config->Storage, js_FileStorage);
    assert_int_equal(seen->Config->Retention, js_LimitsPolicy);
    assert_true(seen->Config->Duplicates == 3600LL * 1000 * 1000 * 1000);
    assert_int_equal(seen->Config->SubjectsLen, 1);
    assert_string_equal(seen->Config->Subjects[0], "trail.v1.>");
    jsStreamInfo_Destroy(seen);
    stream_fixture_close(&f);
}

static void without_jetstream_it_says_so(void **state)
{
    static const char *const configs[] = {
        NULL,
        /* an account that may not use it */
        NATS_SERVER_JETSTREAM "no_auth_user: a\n"
                              "accounts { A { users = [{user: a, password: p}] }\n"
                              "  B { jetstream: enabled, users = [{user: b, password: p}] } }\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
        struct stream_fixture f = stream_fixture_open(configs[i]);
        struct stream_info info;

        assert_int_equal(stream_look(f.stream, LONG_MS, &info), STREAM_NO_JETSTREAM);
        assert_int_equal(stream_create(f.stream, LONG_MS, &info), STREAM_NO_JETSTREAM);
        stream_fixture_close(&f);
    }
}

static void a_foreign_stream_is_told_by_what_is_wrong(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    const char *subject = "orders.>";
    jsStreamConfig c = config_of("TRAIL", &subject);
    struct stream_info info;

    (void)state;
    c.NoAck = true;
    assert_int_equal(js_AddStream(NULL, f.js, &c, NULL, NULL), NATS_OK);
    assert_int_equal(stream_look(f.stream, LONG_MS, &info), STREAM_FOREIGN);
    assert_string_equal(info.detail,
                        "it does not take all audit events: their subjects are not among its own; "
                        "it acknowledges nothing (no_ack)");
    stream_fixture_close(&f);
}

static void subjects_of_another_stream_are_not_taken_twice(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    const char *subject = "trail.>";
    jsStreamConfig c = config_of("OTHER", &subject);
    struct stream_info info;

    (void)state;
    assert_int_equal(js_AddStream(NULL, f.js, &c, NULL, NULL), NATS_OK);
    assert_int_equal(stream_look(f.stream, LONG_MS, &info), STREAM_MISSING);
    assert_int_equal(stream_create(f.stream, LONG_MS, &info), STREAM_FOREIGN);
    assert_non_null(strstr(info.detail, "subjects overlap with an existing stream"));
    stream_fixture_close(&f);
}

static void a_weaker_stream_is_used_and_told(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    const char *subject = "trail.>";
    jsStreamConfig c = config_of("TRAIL", &subject);
    struct stream_info info;

    (void)state;
    c.DenyDelete = false;
    c.DenyPurge = false;
    c.Duplicates = 60LL * 1000 * 1000 * 1000;
    c.Storage = js_MemoryStorage;
    c.Discard = js_DiscardOld;
    c.MaxMsgs = 10;
    c.MaxMsgSize = 1024;
    assert_int_equal(js_AddStream(NULL, f.js, &c, NULL, NULL), NATS_OK);
    assert_int_equal(stream_look(f.stream, LONG_MS, &info), STREAM_READY);
    assert_string_equal(info.detail,
                        "messages can be deleted (no deny_delete); it can be purged (no "
                        "deny_purge); its duplicate window is short; it is kept in memory; it "
                        "refuses large events (max_msg_size); the oldest give way when it is full");
    stream_fixture_close(&f);
}

/* The account has JetStream; what the login may, each test says. */
#define LOGIN(allowed)                                                            \
    NATS_SERVER_JETSTREAM                                                         \
    "authorization { users = [ {user: audit, password: p, permissions: {" allowed \
    "}}, {user: any, password: p} ] }\nno_auth_user: any\n"

static struct bus *open_audit(const struct nats_server *s)
{
    struct bus *bus = NULL;
    struct diag diag = {0};
    char url[128];

    snprintf(url, sizeof url, "nats://audit:p@127.0.0.1:%d", s->port);
    assert_int_equal(
        bus_open(&(struct bus_options){.url = url, .name = "test", .inbox_prefix = "_INBOX.audit"},
                 once, NULL, &bus, &diag),
        ERR_OK);
    return bus;
}

static void a_login_that_may_not_ask_is_told_from_silence(void **state)
{
    struct nats_server s =
        nats_server_start(LOGIN("publish: [\"trail.v1.>\"], subscribe: [\"_INBOX.audit.>\"]"));
    struct bus *bus = open_audit(&s);
    struct stream *stream = open_stream(bus);
    struct stream_info info;

    (void)state;
    assert_int_equal(stream_look(stream, SHORT_MS, &info), STREAM_MAY_NOT_ASK);
    assert_int_equal(stream_create(stream, SHORT_MS, &info), STREAM_MAY_NOT_ASK);
    /* the report of another refusal is no answer */
    assert_int_equal(bus_publish(bus, "forbidden", NULL, 0, (struct bytes){0}), ERR_OK);
    assert_int_equal(bus_flush(bus, LONG_MS), ERR_OK);
    nats_server_freeze(&s);
    assert_int_equal(stream_create(stream, SHORT_MS, &info), STREAM_SILENT);
    nats_server_thaw(&s);
    stream_close(stream);
    bus_close(bus);
    nats_server_stop(&s);
}

static void a_login_with_an_inbox_of_its_own_may_do_all(void **state)
{
    struct nats_server s = nats_server_start(
        LOGIN("publish: [\"trail.v1.>\", \"$JS.API.STREAM.INFO.TRAIL\", "
              "\"$JS.API.STREAM.CREATE.TRAIL\"], subscribe: [\"_INBOX.audit.>\"]"));
    struct bus *bus = open_audit(&s);
    struct stream *stream = open_stream(bus);
    struct stream_info info;

    (void)state;
    assert_int_equal(stream_look(stream, LONG_MS, &info), STREAM_MISSING);
    assert_int_equal(stream_create(stream, LONG_MS, &info), STREAM_READY);
    put_run(stream, 1, 2);
    expect_kept(stream, 1, 1, false);
    expect_kept(stream, 2, 2, false);
    stream_close(stream);
    bus_close(bus);
    nats_server_stop(&s);
}

static void a_login_without_an_inbox_is_told_which(void **state)
{
    struct nats_server s =
        nats_server_start(LOGIN("publish: [\"trail.v1.>\"], subscribe: [\"_INBOX.other.>\"]"));
    struct bus *bus = open_audit(&s);
    struct stream *stream = NULL;
    struct diag diag = {0};

    (void)state;
    assert_int_equal(stream_open(bus, &wish, &stream, &diag), ERR_VALIDATION);
    assert_null(stream);
    assert_string_equal(diag.text, "the bus keeps its acknowledgements from the login of the audit "
                                   "trail: allow it to subscribe to \"_INBOX.audit.>\"");
    bus_close(bus);
    nats_server_stop(&s);
}

static void a_stopped_server_is_silent(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    struct stream_info info;

    (void)state;
    nats_server_freeze(&f.on.server);
    assert_int_equal(stream_look(f.stream, SHORT_MS, &info), STREAM_SILENT);
    nats_server_thaw(&f.on.server);
    assert_int_equal(stream_look(f.stream, LONG_MS, &info), STREAM_MISSING);
    nats_server_kill9(&f.on.server);
    assert_int_equal(stream_look(f.stream, SHORT_MS, &info), STREAM_SILENT);
    stream_fixture_close(&f);
}

static void the_command_makes_what_is_wished(void **state)
{
    char command[512];

    (void)state;
    stream_create_command(&wish, command);
    assert_string_equal(command,
                        "nats stream add TRAIL --subjects 'trail.v1.>' --storage file --retention "
                        "limits --discard new --deny-delete --deny-purge --dupe-window 3600s "
                        "--replicas 1 --defaults");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(subjects_are_covered_or_not),
    cmocka_unit_test(a_missing_stream_is_made_as_wished),
    cmocka_unit_test(without_jetstream_it_says_so),
    cmocka_unit_test(a_foreign_stream_is_told_by_what_is_wrong),
    cmocka_unit_test(subjects_of_another_stream_are_not_taken_twice),
    cmocka_unit_test(a_weaker_stream_is_used_and_told),
    cmocka_unit_test(a_login_that_may_not_ask_is_told_from_silence),
    cmocka_unit_test(a_login_with_an_inbox_of_its_own_may_do_all),
    cmocka_unit_test(a_login_without_an_inbox_is_told_which),
    cmocka_unit_test(a_stopped_server_is_silent),
    cmocka_unit_test(the_command_makes_what_is_wished),
};

RUN(tests)
