#include "bus_desk.h"

static const char limited[] =
    "authorization { users = [{user: twofold, password: p, permissions: {\n"
    "  subscribe: [ \"twofold.v1.> twofold\", \"$SRV.PING\" ], publish: [ \"_INBOX.>\" ] }}] }\n";

static struct bus *open_limited(const struct nats_server *s)
{
    char url[128];

    snprintf(url, sizeof url, "nats://twofold:p@127.0.0.1:%d", s->port);
    return open_bus(url);
}

static void a_refused_subscription_names_the_permission(void **state)
{
    struct nats_server s = nats_server_start(limited);
    struct bus *bus = open_limited(&s);
    struct desk desk = {0};
    struct diag diag = {0};

    (void)state;
    assert_int_equal(desk_open(&desk, bus, "twofold.v1.>", "twofold", &diag), ERR_OK);
    assert_int_equal(desk_open(&desk, bus, "twofold.v2.>", "twofold", &diag), ERR_VALIDATION);
    assert_string_equal(diag.text,
                        "the bus refuses the subscription to \"twofold.v2.>\" (queue \"twofold\"): "
                        "name the service's login in TWOFOLD_NATS_NKEY_FILE (or _CREDS), or allow "
                        "this one to subscribe to \"twofold.v2.> twofold\"");
    /* the group is part of the permission */
    assert_int_equal(desk_open(&desk, bus, "twofold.v1.>", "tap", &diag), ERR_VALIDATION);
    bus_close(bus);
    nats_server_stop(&s);
}

static void a_refused_publication_is_told_once(void **state)
{
    struct nats_server s = nats_server_start(limited);
    struct bus *bus = open_limited(&s);
    char text[256];

    (void)state;
    bus_take_violation(bus, text);
    assert_string_equal(text, "");
    assert_int_equal(bus_publish(bus, "_INBOX.x", NULL, 0, (struct bytes){0}), ERR_OK);
    assert_int_equal(bus_flush(bus, LONG_MS), ERR_OK);
    bus_take_violation(bus, text);
    assert_string_equal(text, "");

    assert_int_equal(bus_publish(bus, "twofold.audit.v1.a.b.c", NULL, 0, (struct bytes){0}),
                     ERR_OK);
    assert_int_equal(bus_flush(bus, LONG_MS), ERR_OK);
    bus_take_violation(bus, text);
    assert_string_equal(text, "Permissions Violation for Publish to \"twofold.audit.v1.a.b.c\"");
    bus_close(bus);
    nats_server_stop(&s);
}

static void a_repeated_refusal_is_told_again(void **state)
{
    struct nats_server s = nats_server_start(limited);
    struct bus *bus = open_limited(&s);
    char text[256] = "";

    (void)state;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(bus_publish(bus, "forbidden", NULL, 0, (struct bytes){0}), ERR_OK);
        assert_int_equal(bus_flush(bus, LONG_MS), ERR_OK);
        for (int tries = 0; tries < 200; tries++) {
            bus_take_violation(bus, text);
            if (*text)
                break;
            usleep(10 * 1000);
        }
        assert_string_equal(text, "Permissions Violation for Publish to \"forbidden\"");
        usleep(200 * 1000); /* for the report that comes late */
        bus_take_violation(bus, text);
    }
    bus_close(bus);
    nats_server_stop(&s);
}

static void a_subject_that_would_be_a_command_is_never_published(void **state)
{
    static const char *const subjects[] = {"a 0\r\n\r\nPUB evil 4\r\nEVIL", "a b", "a\t", "",
                                           "a.>"};
    struct bus_fixture f = fixture_open(NULL);
    natsSubscription *evil = NULL;
    natsMsg *m = NULL;

    (void)state;
    assert_int_equal(natsConnection_SubscribeSync(&evil, f.client, "evil"), NATS_OK);
    assert_int_equal(natsConnection_FlushTimeout(f.client, LONG_MS), NATS_OK);
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        assert_int_equal(bus_publish(f.bus, subjects[i], NULL, 0, (struct bytes){0}), ERR_INTERNAL);
    assert_int_equal(bus_flush(f.bus, LONG_MS), ERR_OK);
    assert_int_equal(natsSubscription_NextMsg(&m, evil, 50), NATS_TIMEOUT);
    natsSubscription_Destroy(evil);
    fixture_close(&f);
}

static void a_message_larger_than_the_bus_takes_is_too_large(void **state)
{
    struct bus_fixture f = fixture_open("max_payload: 1024\n");
    static const uint8_t large[1025];

    (void)state;
    assert_int_equal(
        bus_publish(f.bus, "_INBOX.x", NULL, 0, (struct bytes){.p = large, .n = sizeof large}),
        ERR_TOO_LARGE);
    fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_refused_subscription_names_the_permission),
    cmocka_unit_test(a_refused_publication_is_told_once),
    cmocka_unit_test(a_repeated_refusal_is_told_again),
    cmocka_unit_test(a_subject_that_would_be_a_command_is_never_published),
    cmocka_unit_test(a_message_larger_than_the_bus_takes_is_too_large),
};

RUN(tests)
