#include "transport/discovery.h"

#include "bus_desk.h"

#include <ctype.h>
#include <jansson.h>

/* The rules of the JSON schemas io.nats.micro.v1.*_response, as far as they bind us. */
enum { INSTANCES = 2 };

static struct endpoint_stats counters[2];
static const struct discovery_endpoint endpoints[2] = {
    {.name = "verification-verify",
     .subject = "twofold.v1.*.verification.verify",
     .request = "twofold.v1.VerifyRequest",
     .response = "twofold.v1.VerifyReply",
     .stats = &counters[0]},
    {.name = "login-login",
     .subject = "twofold.v1.*.login.login",
     .request = "twofold.v1.LoginRequest",
     .response = "twofold.v1.LoginReply",
     .stats = &counters[1]},
};

static struct discovery_service service_named(const char *id)
{
    return (struct discovery_service){.name = "twofold",
                                      .id = id,
                                      .version = "0.1.0",
                                      .description = "Two-factor authentication, \"quoted\" \\ \n",
                                      .queue = "twofold",
                                      .started_unix_ms = 1795309606123,
                                      .endpoints = endpoints,
                                      .n_endpoints = 2};
}

static json_t *ask(natsConnection *client, const char *subject)
{
    natsMsg *m = NULL;
    json_t *o;

    assert_int_equal(natsConnection_RequestString(&m, client, subject, "ignored", LONG_MS),
                     NATS_OK);
    o = json_loadb(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), JSON_REJECT_DUPLICATES,
                   NULL);
    natsMsg_Destroy(m);
    assert_non_null(o);
    return o;
}

static const char *text_of(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);

    if (!json_is_string(value))
        fail_msg("%s is no string", key);
    return json_string_value(value);
}

static bool is_name(const char *s)
{
    size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    return n > 0 && s[n] == '\0';
}

static bool is_metadata(json_t *o)
{
    const char *key;
    json_t *value;

    json_object_foreach(o, key, value) if (!json_is_string(value)) return false;
    return json_is_object(o);
}

static void check_common(json_t *o, const char *type)
{
    int major, minor, patch, end = 0;

    assert_string_equal(text_of(o, "type"), type);
    assert_string_equal(text_of(o, "name"), "twofold");
    assert_true(is_name(text_of(o, "id")));
    assert_int_equal(sscanf(text_of(o, "version"), "%d.%d.%d%n", &major, &minor, &patch, &end), 3);
    assert_true(is_metadata(json_object_get(o, "metadata")));
}

static void check_endpoint(json_t *e, size_t i)
{
    assert_string_equal(text_of(e, "name"), endpoints[i].name);
    assert_true(is_name(text_of(e, "name")));
    assert_string_equal(text_of(e, "subject"), endpoints[i].subject);
    assert_string_equal(text_of(e, "queue_group"), "twofold");
}

static void check_ping(json_t *o)
{
    check_common(o, "io.nats.micro.v1.ping_response");
    assert_int_equal(json_object_size(o), 5);
}

static void check_info(json_t *o)
{
    check_common(o, "io.nats.micro.v1.info_response");
    assert_string_equal(text_of(o, "description"), service_named("x").description);
    assert_int_equal(json_array_size(json_object_get(o, "endpoints")), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *e = json_array_get(json_object_get(o, "endpoints"), i);
        json_t *metadata = json_object_get(e, "metadata");

        check_endpoint(e, i);
        assert_true(is_metadata(metadata));
        assert_string_equal(text_of(metadata, "request"), endpoints[i].request);
        assert_string_equal(text_of(metadata, "response"), endpoints[i].response);
    }
}

static void check_stats(json_t *o)
{
    static const char *const integers[] = {"num_requests", "num_errors", "processing_time",
                                           "average_processing_time"};

    check_common(o, "io.nats.micro.v1.stats_response");
    assert_string_equal(text_of(o, "started"), "2026-11-22T01:06:46Z");
    assert_int_equal(json_array_size(json_object_get(o, "endpoints")), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *e = json_array_get(json_object_get(o, "endpoints"), i);

        check_endpoint(e, i);
        text_of(e, "last_error");
        for (size_t k = 0; k < ARRAY_LEN(integers); k++)
            assert_true(json_is_integer(json_object_get(e, integers[k])));
    }
}

static const struct {
    const char *subject;
    void (*check)(json_t *o);
} subjects[] = {
    {"$SRV.PING", check_ping},
    {"$SRV.PING.twofold", check_ping},
    {"$SRV.PING.twofold.i1", check_ping},
    {"$SRV.INFO", check_info},
    {"$SRV.INFO.twofold", check_info},
    {"$SRV.INFO.twofold.i1", check_info},
    {"$SRV.STATS", check_stats},
    {"$SRV.STATS.twofold", check_stats},
    {"$SRV.STATS.twofold.i1", check_stats},
};

static struct discovery *start(struct bus *bus, const struct discovery_service *service)
{
    struct discovery *d = NULL;
    struct diag diag = {0};

    if (discovery_start(bus, service, &d, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    return d;
}

static void all_nine_subjects_answer_by_their_schema(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct discovery_service service = service_named("i1");
    struct desk desk = {0};
    struct discovery *d;

    (void)state;
    serve(&desk, f.bus, "twofold.v1.>");
    d = start(f.bus, &service);
    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        json_t *o = ask(f.client, subjects[i].subject);

        subjects[i].check(o);
        assert_string_equal(text_of(o, "id"), "i1");
        json_decref(o);
    }
    bus_close(f.bus);
    f.bus = NULL;
    discovery_free(d);
    fixture_close(&f);
}

static void statistics_are_those_of_the_endpoint(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct discovery_service service = service_named("i1");
    struct discovery *d = start(f.bus, &service);
    json_t *o, *e;

    (void)state;
    atomic_store(&counters[1].requests, 4);
    atomic_store(&counters[1].errors, 1);
    atomic_store(&counters[1].nanoseconds, 6000000001);
    atomic_store(&counters[1].last_error, "429:LOCKED");
    o = ask(f.client, "$SRV.STATS.twofold.i1");
    e = json_array_get(json_object_get(o, "endpoints"), 1);
    assert_int_equal(json_integer_value(json_object_get(e, "num_requests")), 4);
    assert_int_equal(json_integer_value(json_object_get(e, "num_errors")), 1);
    assert_int_equal(json_integer_value(json_object_get(e, "processing_time")), 6000000001);
    assert_int_equal(json_integer_value(json_object_get(e, "average_processing_time")), 1500000000);
    assert_string_equal(text_of(e, "last_error"), "429:LOCKED");
    assert_string_equal(text_of(json_array_get(json_object_get(o, "endpoints"), 0), "last_error"),
                        "");
    json_decref(o);
    bus_close(f.bus);
    f.bus = NULL;
    discovery_free(d);
    fixture_close(&f);
}

static void every_instance_answers_and_only_to_inboxes(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct bus *other = open_bus(f.server.url);
    struct discovery_service services[INSTANCES] = {service_named("i1"), service_named("i2")};
    struct discovery *d[INSTANCES] = {start(f.bus, &services[0]), start(other, &services[1])};
    natsSubscription *sub = NULL;
    natsMsg *m = NULL;

    (void)state;
    natsConnection_SubscribeSync(&sub, f.client, ">");
    natsConnection_PublishRequestString(f.client, "$SRV.PING", "twofold.v1.acme.a.b", "");
    natsConnection_PublishRequestString(f.client, "$SRV.PING", "_INBOX.x", "");
    for (int i = 0, expected = 2 + INSTANCES; i < expected; i++) {
        assert_int_equal(natsSubscription_NextMsg(&m, sub, LONG_MS), NATS_OK);
        assert_string_not_equal(natsMsg_GetSubject(m), "twofold.v1.acme.a.b");
        natsMsg_Destroy(m);
    }
    assert_int_equal(natsSubscription_NextMsg(&m, sub, 50), NATS_TIMEOUT);
    natsSubscription_Destroy(sub);
    bus_close(other);
    bus_close(f.bus);
    f.bus = NULL;
    discovery_free(d[0]);
    discovery_free(d[1]);
    fixture_close(&f);
}

static void a_missing_permission_is_named(void **state)
{
    struct bus_fixture f =
        fixture_open("authorization { default_permissions: { subscribe: [\"$SRV.PING\", "
                     "\"$SRV.PING.>\"], publish: \">\" }, users: [{user: u, password: p}] }\n"
                     "no_auth_user: u\n");
    struct discovery_service service = service_named("i1");
    struct discovery *d = NULL;
    struct diag diag = {0};

    (void)state;
    assert_int_equal(discovery_start(f.bus, &service, &d, &diag), ERR_VALIDATION);
    assert_null(d);
    assert_string_equal(diag.text,
                        "the bus refuses the subscription to \"$SRV.INFO\": name the service's "
                        "login in TWOFOLD_NATS_NKEY_FILE (or _CREDS), or allow this one to "
                        "subscribe to \"$SRV.INFO\"");
    fixture_close(&f);
}

static void tell_keys(void *ctx, struct discovery_facts *ret)
{
    snprintf(ret->text, sizeof ret->text, "1:%s", (const char *)ctx);
    ret->at[ret->n++] = (struct discovery_fact){.name = "audit_keys", .text = ret->text};
}

static void tell_backlog(void *ctx, struct discovery_facts *ret)
{
    (void)ctx;
    ret->at[ret->n++] = (struct discovery_fact){.name = "way", .text = "stream"};
    ret->at[ret->n++] = (struct discovery_fact){.name = "backlog", .number = 1LL << 40};
}

static void what_only_this_service_tells_is_in_metadata_and_data(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct discovery_service service = service_named("i1");
    char key[] = "AAAA";
    const struct discovery_part parts[] = {{.name = "audit", .tell = tell_backlog},
                                           {.name = "keys", .tell = tell_keys, .ctx = key}};
    struct discovery *d;
    json_t *o, *audit;

    (void)state;
    service.metadata = tell_keys;
    service.metadata_ctx = key;
    service.data = parts;
    service.n_data = ARRAY_LEN(parts);
    d = start(f.bus, &service);
    o = ask(f.client, "$SRV.INFO.twofold.i1");
    check_info(o);
    assert_string_equal(text_of(json_object_get(o, "metadata"), "audit_keys"), "1:AAAA");
    json_decref(o);
    o = ask(f.client, "$SRV.STATS.twofold.i1");
    check_stats(o);
    assert_int_equal(json_object_size(json_object_get(o, "metadata")), 0);
    audit = json_object_get(json_object_get(o, "data"), "audit");
    assert_string_equal(text_of(audit, "way"), "stream");
    assert_true(json_integer_value(json_object_get(audit, "backlog")) == 1LL << 40);
    assert_int_equal(json_object_size(audit), 2);
    assert_string_equal(text_of(json_object_get(json_object_get(o, "data"), "keys"), "audit_keys"),
                        "1:AAAA");
    json_decref(o);
    o = ask(f.client, "$SRV.PING.twofold.i1");
    check_ping(o);
    assert_int_equal(json_object_size(json_object_get(o, "metadata")), 0);
    json_decref(o);
    bus_close(f.bus);
    f.bus = NULL;
    discovery_free(d);
    fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_nine_subjects_answer_by_their_schema),
    cmocka_unit_test(statistics_are_those_of_the_endpoint),
    cmocka_unit_test(what_only_this_service_tells_is_in_metadata_and_data),
    cmocka_unit_test(every_instance_answers_and_only_to_inboxes),
    cmocka_unit_test(a_missing_permission_is_named),
};

RUN(tests)
