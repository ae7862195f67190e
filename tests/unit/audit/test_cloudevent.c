#include "audit/cloudevent.h"

#include "support/runner.h"

#include <stdlib.h>
#include <twofold/v1/audit.pb-c.h>

enum { ARENA_BYTES = 16 * 1024 };

static char id[] = "0197b2a4-0000-7000-8000-000000000001", org[] = "acme", user[] = "ann",
            type[] = "verification.succeeded", instance[] = "NODE-1", none[] = "";

static Twofold__V1__AuditEvent event_of(void)
{
    Twofold__V1__AuditEvent e;

    twofold__v1__audit_event__init(&e);
    e.id = id;
    e.time_unix_ms = 1795309606007;
    e.org = org;
    e.username = user;
    e.type = type;
    e.instance = instance;
    return e;
}

static enum err make(const Twofold__V1__AuditEvent *e, struct arena *arena, struct cloudevent *ret)
{
    size_t n = twofold__v1__audit_event__get_packed_size(e);
    uint8_t *p = arena_alloc(arena, n + 1);

    assert_non_null(p);
    twofold__v1__audit_event__pack(e, p);
    return cloudevent_make((struct bytes){.p = p, .n = n}, arena, ret);
}

/* NULL when there is none. */
static const char *header(const struct cloudevent *c, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < c->n_headers; i++) {
        if (strcmp(c->headers[i].name, name) != 0)
            continue;
        assert_null(value);
        value = c->headers[i].value;
    }
    return value;
}

static void an_event_is_a_cloudevent_in_binary_mode(void **state)
{
    static const struct bus_header rows[] = {
        {"ce-specversion", "1.0"},
        {"ce-id", id},
        {"ce-source", "/twofold/NODE-1"},
        {"ce-type", "twofold.v1.verification.succeeded"},
        {"ce-time", "2026-11-22T01:06:46.007Z"},
        {"ce-subject", "ann"},
        {"ce-datacontenttype", "application/protobuf"},
        {"content-type", "application/protobuf"},
        {"ce-dataschema", "proto:twofold.v1.AuditEvent"},
        {"ce-traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {"Nats-Msg-Id", id},
    };
    struct arena *arena = arena_new(ARENA_BYTES);
    Twofold__V1__AuditEvent e = event_of();
    char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    struct cloudevent c;

    (void)state;
    e.traceparent = trace;
    assert_int_equal(make(&e, arena, &c), ERR_OK);
    assert_string_equal(c.subject, "twofold.audit.v1.acme.verification.succeeded");
    assert_string_equal(c.id, id);
    assert_int_equal(c.n_headers, ARRAY_LEN(rows));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(header(&c, rows[i].name), rows[i].value);
    assert_int_equal(c.body.n, twofold__v1__audit_event__get_packed_size(&e));
    arena_free(arena);
}

static void what_an_event_lacks_is_no_header(void **state)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    Twofold__V1__AuditEvent e = event_of();
    struct cloudevent c;

    (void)state;
    e.username = none;
    assert_int_equal(make(&e, arena, &c), ERR_OK);
    assert_null(header(&c, "ce-subject"));
    assert_null(header(&c, "traceparent"));
    assert_null(header(&c, "ce-traceparent"));
    arena_free(arena);
}

static void header_values_are_percent_encoded(void **state)
{
    static const struct {
        const char *username, *subject;
    } rows[] = {
        {"ann@example.org", "ann@example.org"},
        {"ann marie", "ann%20marie"},
        {"\"ann\"", "%22ann%22"},
        {"100%", "100%25"},
        {"%41", "%2541"},
        {"zo\xc3\xab", "zo%C3%AB"},
        {"\xf0\x9f\x94\x91", "%F0%9F%94%91"},
        {"ann\r\nNats-Msg-Id: x", "ann%0D%0ANats-Msg-Id:%20x"},
        {"a\tb\x7f", "a%09b%7F"},
        {"a!b~c", "a!b~c"},
    };
    struct arena *arena = arena_new(ARENA_BYTES);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Twofold__V1__AuditEvent e = event_of();
        struct cloudevent c;
        char username[64];

        snprintf(username, sizeof username, "%s", rows[i].username);
        e.username = e.traceparent = username;
        assert_int_equal(make(&e, arena, &c), ERR_OK);
        assert_string_equal(header(&c, "ce-subject"), rows[i].subject);
        assert_string_equal(header(&c, "traceparent"), rows[i].subject);
        arena_reset(arena);
    }
    arena_free(arena);
}

static void what_cannot_stand_in_a_subject_is_refused(void **state)
{
    static const struct {
        const char *org, *type;
    } rows[] = {
        {"", "a.b"},      {"*", "a.b"},        {">", "a.b"},    {"a.b", "a.b"},  {"a b", "a.b"},
        {"a\r\n", "a.b"}, {"\xc3\xab", "a.b"}, {"acme", ""},    {"acme", "a"},   {"acme", ".b"},
        {"acme", "a."},   {"acme", "a.b.c"},   {"acme", "a.*"}, {"acme", "a.>"}, {"acme", "a.b c"},
    };
    struct arena *arena = arena_new(ARENA_BYTES);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Twofold__V1__AuditEvent e = event_of();
        struct cloudevent c = {.subject = "untouched"};
        char org_text[16], type_text[16];

        snprintf(org_text, sizeof org_text, "%s", rows[i].org);
        snprintf(type_text, sizeof type_text, "%s", rows[i].type);
        e.org = org_text;
        e.type = type_text;
        if (make(&e, arena, &c) != ERR_VALIDATION)
            fail_msg("taken: \"%s\" \"%s\"", rows[i].org, rows[i].type);
        assert_string_equal(c.subject, "untouched");
        arena_reset(arena);
    }
    arena_free(arena);
}

/* It is a header, and what the stream tells events apart by. */
static void an_id_that_is_no_name_is_refused(void **state)
{
    static const char *const rows[] = {
        "",    "a b",        "a\r\nb",
        "a.b", "zo\xc3\xab", "0123456789012345678901234567890123456789012345678901234567890123x"};
    struct arena *arena = arena_new(ARENA_BYTES);
    struct cloudevent c;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Twofold__V1__AuditEvent e = event_of();
        char text[80];

        snprintf(text, sizeof text, "%s", rows[i]);
        e.id = text;
        if (make(&e, arena, &c) != ERR_VALIDATION)
            fail_msg("taken: \"%s\"", rows[i]);
    }
    arena_free(arena);
}

static void bytes_that_are_no_event_are_refused(void **state)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    static const uint8_t garbage[] = {0x0a, 0x7f, 0x01};
    struct cloudevent c;

    (void)state;
    assert_int_equal(cloudevent_make((struct bytes){0}, arena, &c), ERR_VALIDATION);
    assert_int_equal(cloudevent_make((struct bytes){.p = garbage, .n = sizeof garbage}, arena, &c),
                     ERR_VALIDATION);
    arena_free(arena);
}

static void the_longest_username_fits(void **state)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    Twofold__V1__AuditEvent e = event_of();
    char username[USERNAME_MAX + 1];
    struct cloudevent c;

    (void)state;
    memset(username, 0xff, USERNAME_MAX);
    username[USERNAME_MAX] = '\0';
    e.username = username;
    assert_int_equal(make(&e, arena, &c), ERR_OK);
    assert_int_equal(strlen(header(&c, "ce-subject")), 3 * USERNAME_MAX);
    arena_free(arena);
}

static void a_full_arena_is_noticed_wherever_it_ends(void **state)
{
    Twofold__V1__AuditEvent e = event_of();
    uint8_t packed[512];
    size_t n = twofold__v1__audit_event__pack(&e, packed);
    bool fits = false;

    (void)state;
    for (size_t room = 0; room < 4096 && !fits; room += 16) {
        struct arena *arena = arena_new(room);
        struct cloudevent c;
        enum err err = cloudevent_make((struct bytes){.p = packed, .n = n}, arena, &c);

        fits = err == ERR_OK;
        assert_true(fits || err == ERR_UNAVAILABLE);
        arena_free(arena);
    }
    assert_true(fits);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_event_is_a_cloudevent_in_binary_mode),
    cmocka_unit_test(what_an_event_lacks_is_no_header),
    cmocka_unit_test(header_values_are_percent_encoded),
    cmocka_unit_test(what_cannot_stand_in_a_subject_is_refused),
    cmocka_unit_test(an_id_that_is_no_name_is_refused),
    cmocka_unit_test(bytes_that_are_no_event_are_refused),
    cmocka_unit_test(the_longest_username_fits),
    cmocka_unit_test(a_full_arena_is_noticed_wherever_it_ends),
};

RUN(tests)
