#include "tools/health_judge.h"

#include "base/attr.h"
#include "support/runner.h"

#include <stdio.h>

static const char here[] = "web-1";

/* An answer of an instance that is well, with what a test changes. */
struct told {
    const char *id, *health; /* members of data.health, after the host; NULL: no such object */
    const char *host;        /* NULL: here */
};

static const char well[] = "\"state\":\"serving\",\"store\":\"ok\",\"requests\":\"ok\","
                           "\"store_proof_age_ms\":40,\"turn_age_ms\":3";

static bool read_text(const char *text, struct health_answer *ret)
{
    return health_read(bytes_of_text(text), ret);
}

static void note(struct health_round *r, struct told told)
{
    struct health_answer answer;
    char data[1024] = "", text[2048];

    if (told.health)
        snprintf(data, sizeof data, ",\"health\":{\"host\":\"%s\",%s}",
                 told.host ? told.host : here, told.health);
    snprintf(text, sizeof text,
             "{\"type\":\"io.nats.micro.v1.stats_response\",\"name\":\"twofold\",\"id\":\"%s\","
             "\"version\":\"0.1.0\",\"data\":{\"audit\":{\"way\":\"stream\",\"backlog\":7}%s}}",
             told.id, data);
    assert_true(read_text(text, &answer));
    health_note(r, here, &answer);
}

static struct health_verdict judge(const struct health_round *r)
{
    struct health_verdict v = {0};

    health_judge(r, here, &v);
    assert_true(v.well == (v.n_troubles == 0));
    return v;
}

/* One instance that tells HEALTH; NULL for a verdict of well, or the only trouble. */
static const char *trouble_of(const char *health)
{
    static struct health_verdict v;
    struct health_round r = {0};

    note(&r, (struct told){.id = "i1", .health = health});
    v = judge(&r);
    assert_in_range(v.n_troubles, 0, 1);
    return v.well ? NULL : v.troubles[0];
}

static void expect(const char *health, const char *trouble)
{
    const char *found = trouble_of(health);

    if (!found || !strstr(found, trouble))
        fail_msg("\"%s\" is told of %s, not \"%s\"", found ? found : "nothing", health, trouble);
    assert_ptr_equal(strstr(found, "instance i1: "), found);
}

static void all_that_an_answer_tells_is_read(void **state)
{
    struct health_round r = {0};

    (void)state;
    note(&r, (struct told){.id = "i1", .health = well});
    assert_int_equal(r.n_own, 1);
    assert_string_equal(r.own[0].id, "i1");
    assert_string_equal(r.own[0].version, "0.1.0");
    assert_string_equal(r.own[0].host, here);
    assert_string_equal(r.own[0].state, "serving");
    assert_string_equal(r.own[0].store, "ok");
    assert_string_equal(r.own[0].requests, "ok");
    assert_string_equal(r.own[0].way, "stream");
    assert_int_equal(r.own[0].proof_age_ms, 40);
    assert_int_equal(r.own[0].turn_age_ms, 3);
    assert_int_equal(r.own[0].backlog, 7);
    assert_true(judge(&r).well);
}

static void what_is_no_answer_is_passed_over(void **state)
{
    static const char *const all[] = {
        "",
        "{",
        "null",
        "[]",
        "7",
        "\n\x04 protobuf",
        "{\"name\":\"twofold\",\"id\":\"i\"}",
        "{\"type\":\"io.nats.micro.v1.ping_response\",\"name\":\"twofold\",\"id\":\"i\"}",
        "{\"type\":\"io.nats.micro.v1.stats_response\",\"name\":\"other\",\"id\":\"i\"}",
        "{\"type\":\"io.nats.micro.v1.stats_response\",\"name\":\"twofold\"}",
        "{\"type\":\"io.nats.micro.v1.stats_response\",\"name\":\"twofold\",\"id\":7}",
        "{\"type\":\"io.nats.micro.v1.stats_response\",\"name\":\"twofold\",\"id\":\"i\"",
        "{\"type\":\"io.nats.micro.v1.stats_response\",\"name\":\"other\",\"name\":\"twofold\","
        "\"id\":\"i\"}",
    };
    struct health_answer answer;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (read_text(all[i], &answer))
            fail_msg("taken for an answer: %s", all[i]);
}

/* A host that is called like the beginning of another's name, or nothing, is another host. */
static void nobody_of_this_host_is_unwell(void **state)
{
    struct health_round r = {0};
    struct health_verdict v = judge(&r);

    (void)state;
    assert_non_null(strstr(v.troubles[0], "no twofoldd answers on this bus"));
    note(&r, (struct told){.id = "i1", .health = well, .host = "web-10"});
    v = judge(&r);
    assert_int_equal(v.n_troubles, 1);
    assert_non_null(strstr(v.troubles[0], "no twofoldd of this host (web-1) answers, 1 of other "
                                          "hosts does: "));
    note(&r, (struct told){.id = "i2", .health = well, .host = "web"});
    note(&r, (struct told){.id = "i3", .health = well, .host = ""});
    v = judge(&r);
    assert_non_null(strstr(v.troubles[0], "3 of other hosts do or are of a version that does not "
                                          "tell its host: "));
    assert_int_equal(r.n_own, 0);
}

static void an_older_version_does_not_tell_its_host(void **state)
{
    struct health_round r = {0};
    struct health_verdict v;

    (void)state;
    note(&r, (struct told){.id = "i1"});
    v = judge(&r);
    assert_non_null(strstr(v.troubles[0], "1 of other hosts does or are of a version"));
    note(&r, (struct told){.id = "i2", .health = well});
    assert_true(judge(&r).well);
}

static void another_host_s_trouble_is_not_ours(void **state)
{
    struct health_round r = {0};

    (void)state;
    note(&r, (struct told){.id = "i1", .health = "\"state\":\"stopping\"", .host = "web-2"});
    note(&r, (struct told){.id = "i2", .health = well});
    assert_true(judge(&r).well);
}

static void all_of_a_host_must_be_well(void **state)
{
    struct health_round r = {0};
    struct health_verdict v;

    (void)state;
    note(&r, (struct told){.id = "i1", .health = well});
    note(&r, (struct told){.id = "i2", .health = "\"state\":\"stopping\""});
    v = judge(&r);
    assert_int_equal(v.n_troubles, 1);
    assert_string_equal(v.troubles[0], "instance i2: it is stopping");
    note(&r, (struct told){.id = "i2", .health = well}); /* its next answer */
    assert_int_equal(r.n_own, 2);
    assert_true(judge(&r).well);
}

static void more_instances_than_have_room_do_no_harm(void **state)
{
    struct health_round r = {0};
    struct health_verdict v;
    char id[16];

    (void)state;
    for (unsigned i = 0; i < 2 * HEALTH_INSTANCES_MAX; i++) {
        snprintf(id, sizeof id, "i%u", i);
        note(&r, (struct told){.id = id, .health = "\"state\":\"starting\""});
    }
    v = judge(&r);
    assert_int_equal(v.n_troubles, HEALTH_INSTANCES_MAX);
    for (unsigned i = 0; i < 2 * HEALTH_TROUBLES_MAX; i++)
        health_trouble(&v, "one more");
    assert_int_equal(v.n_troubles, HEALTH_TROUBLES_MAX);
}

#define SERVING "\"state\":\"serving\","
#define FINE "\"store\":\"ok\",\"requests\":\"ok\","

static void each_trouble_is_told(void **state)
{
    (void)state;
    expect("\"state\":\"starting\"," FINE "\"turn_age_ms\":1", "it is starting");
    expect("\"state\":\"stopping\"," FINE "\"turn_age_ms\":1", "it is stopping");
    expect(SERVING "\"store\":\"the database is full\",\"requests\":\"ok\","
                   "\"store_proof_age_ms\":1,\"turn_age_ms\":1",
           "the database is full");
    expect(SERVING FINE "\"store_proof_age_ms\":5001,\"turn_age_ms\":1",
           "nothing could be written to its database for 5 s");
    expect(SERVING FINE "\"turn_age_ms\":1", "nothing was written to its database yet");
    expect(SERVING FINE "\"store_proof_age_ms\":61000,\"turn_age_ms\":61000",
           "the thread that decides has stood still for 61 s");
    expect(SERVING "\"store\":\"ok\",\"requests\":\"events at their bound\","
                   "\"store_proof_age_ms\":1,\"turn_age_ms\":1",
           "events at their bound");
}

static void the_bounds_themselves_are_well(void **state)
{
    (void)state;
    assert_null(trouble_of(SERVING FINE "\"store_proof_age_ms\":5000,\"turn_age_ms\":5000"));
    assert_null(trouble_of(SERVING FINE "\"store_proof_age_ms\":0,\"turn_age_ms\":0"));
}

static void what_is_missing_or_strange_is_not_well(void **state)
{
    (void)state;
    expect("\"state\":7," FINE "\"store_proof_age_ms\":1", "does not tell its state");
    expect("\"state\":\"dancing\"," FINE "\"store_proof_age_ms\":1", "does not tell its state");
    expect(SERVING "\"requests\":\"ok\",\"store_proof_age_ms\":1",
           "does not tell how its store is");
    expect(SERVING "\"store\":\"ok\",\"store_proof_age_ms\":1", "whether it refuses requests");
    expect(SERVING FINE "\"store_proof_age_ms\":\"1\"", "nothing was written");
    expect(SERVING FINE "\"store_proof_age_ms\":-1", "nothing was written");
    expect(SERVING FINE "\"store_proof_age_ms\":1.5", "nothing was written");
}

/* Whoever can answer on the bus must not drive the operator's terminal, or add lines to a log. */
static void texts_of_the_bus_are_made_printable(void **state)
{
    const char *trouble = trouble_of(SERVING "\"store\":\"a\\u001b[2Jb\\nc\\u009b\"");
    struct health_verdict v = {.well = true};
    char text[4];

    (void)state;
    assert_string_equal(trouble, "instance i1: a?[2Jb?c??");
    health_printable("abcdef", text, sizeof text);
    assert_string_equal(text, "abc");
    health_trouble(&v, "what the library said: \x1b[2J\n");
    assert_string_equal(v.troubles[0], "what the library said: ?[2J?");
}

static void texts_of_any_length_are_cut(void **state)
{
    static char health[900];
    const char *trouble;

    (void)state;
    snprintf(health, sizeof health, SERVING "\"store\":\"%0800d\"", 1);
    trouble = trouble_of(health);
    assert_int_equal(strlen(trouble), strlen("instance i1: ") + HEALTH_TEXT_BYTES - 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_that_an_answer_tells_is_read),
    cmocka_unit_test(what_is_no_answer_is_passed_over),
    cmocka_unit_test(nobody_of_this_host_is_unwell),
    cmocka_unit_test(an_older_version_does_not_tell_its_host),
    cmocka_unit_test(another_host_s_trouble_is_not_ours),
    cmocka_unit_test(all_of_a_host_must_be_well),
    cmocka_unit_test(more_instances_than_have_room_do_no_harm),
    cmocka_unit_test(each_trouble_is_told),
    cmocka_unit_test(the_bounds_themselves_are_well),
    cmocka_unit_test(what_is_missing_or_strange_is_not_well),
    cmocka_unit_test(texts_of_the_bus_are_made_printable),
    cmocka_unit_test(texts_of_any_length_are_cut),
};

RUN(tests)
