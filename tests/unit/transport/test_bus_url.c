#include "transport/bus_url.h"

#include "support/runner.h"

static const struct {
    const char *text;
    bool tls;
    const char *user, *server;
} good[] = {
    {"nats://127.0.0.1:4222", false, "", "nats://127.0.0.1:4222"},
    {"nats://bus", false, "", "nats://bus"},
    {"tls://bus.example:4222", true, "", "tls://bus.example:4222"},
    {"nats://twofold:secret@bus:4222", false, "twofold", "nats://bus:4222"},
    {"nats://twofold:se:cr@et@bus:4222", false, "twofold", "nats://bus:4222"},
    {"nats://token@bus", false, "token", "nats://bus"},
    {"nats://[::1]:4222", false, "", "nats://[::1]:4222"},
    {"nats://[::1]", false, "", "nats://[::1]"},
};

static const char *const bad[] = {
    "",
    "bus",
    "bus:4222",
    "http://bus:4222",
    "NATS://bus",
    "nats:/bus",
    "nats://",
    "nats://:4222",
    "nats://bus:",
    "nats://bus:0",
    "nats://bus:65536",
    "nats://bus:99999999999",
    "nats://bus:42x",
    "nats://bus:4222/path",
    "nats://user:pass@",
    "nats://a b:4222",
    "nats://bus\r\n:4222",
    "nats://[::1",
    "nats://[]:4222",
    "nats://[::1]4222",
    "nats://bus,nats://other",
};

static void an_address_is_taken_apart_and_shown_without_its_login(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct bus_url url;

        assert_int_equal(bus_url_parse(good[i].text, &url), ERR_OK);
        assert_int_equal(url.tls, good[i].tls);
        assert_string_equal(url.user, good[i].user);
        assert_string_equal(url.server, good[i].server);
    }
}

static void a_malformed_address_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bus_url url;

        if (bus_url_parse(bad[i], &url) != ERR_VALIDATION)
            fail_msg("taken: \"%s\"", bad[i]);
    }
}

static void an_address_of_any_length_is_safe(void **state)
{
    char text[BUS_URL_MAX + 64];
    struct bus_url url;

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "nats://", 7);
    text[BUS_URL_MAX - 1] = '\0';
    assert_int_equal(bus_url_parse(text, &url), ERR_OK);
    text[BUS_URL_MAX - 1] = 'a';
    text[sizeof text - 1] = '\0';
    assert_int_equal(bus_url_parse(text, &url), ERR_VALIDATION);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_address_is_taken_apart_and_shown_without_its_login),
    cmocka_unit_test(a_malformed_address_is_refused),
    cmocka_unit_test(an_address_of_any_length_is_safe),
};

RUN(tests)
