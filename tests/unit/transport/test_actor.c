/* Rule 17: who asked is what the server attests, and only where it does. */
#include "support/runner.h"
#include "transport/actor.h"

static const struct {
    const char *reply, *info, *actor;
    enum err err;
} rows[] = {
    {"_R_.abc", "{\"acc\":\"ACME\",\"rtt\":123,\"user\":\"app\"}", "ACME/app", ERR_OK},
    {"_R_.abc", "{\"acc\":\"ACME\",\"rtt\":456,\"user\":\"app\",\"id\":7}", "ACME/app", ERR_OK},
    {"_R_.abc", "{\"acc\":\"ACME\",\"rtt\":123}", "ACME/", ERR_OK},
    {"_R_.abc", "", "", ERR_OK},
    /* A claim, not an attestation. */
    {"_INBOX.abc", "{\"acc\":\"ACME\",\"user\":\"app\"}", "", ERR_OK},
    {"_INBOX.abc", "\x01", "", ERR_OK},
    /* Attested, and yet not to be read. */
    {"_R_.abc", "\x01", "", ERR_VALIDATION},
    {"_R_.abc", "{\"acc\":\"ACME\"", "", ERR_VALIDATION},
    {"_R_.abc", "{\"acc\":\"ACME\",\"acc\":\"OTHER\"}", "", ERR_VALIDATION},
    {"_R_.abc", "{\"acc\":7,\"user\":\"app\"}", "", ERR_VALIDATION},
    {"_R_.abc", "{\"user\":\"app\"}", "", ERR_VALIDATION},
    {"_R_.abc", "[]", "", ERR_VALIDATION},
};

static void rule_17_only_the_server_says_who(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bus_request r = {.reply = rows[i].reply, .request_info = rows[i].info};
        char actor[ACTOR_MAX + 1] = "left over";

        assert_int_equal(bus_actor(&r, actor), rows[i].err);
        assert_string_equal(actor, rows[i].actor);
    }
}

static void a_long_name_of_the_connection_does_not_matter(void **state)
{
    char info[4096], actor[ACTOR_MAX + 1];
    struct bus_request r = {.reply = "_R_.abc", .request_info = info};

    (void)state;
    snprintf(info, sizeof info, "{\"acc\":\"ACME\",\"name\":\"%0600d\",\"user\":\"app\"}", 7);
    assert_int_equal(bus_actor(&r, actor), ERR_OK);
    assert_string_equal(actor, "ACME/app");
    snprintf(info, sizeof info, "{\"acc\":\"ACME\",\"user\":\"%0600d\"}", 7);
    assert_int_equal(bus_actor(&r, actor), ERR_VALIDATION);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rule_17_only_the_server_says_who),
    cmocka_unit_test(a_long_name_of_the_connection_does_not_matter),
};
RUN(tests)
