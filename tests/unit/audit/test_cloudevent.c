#include "audit/cloudevent.h"

#include "base/arena.h"
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
    return cloudevent_make((struct bytes){.p = p, .n = n}, ret);
}

/* The header's value, or NULL when there is none. Good until the next call. */
static const char *header(const struct cloudevent *c, const char *name)
{
    static char value[CLOUDEVENT_HEADERS_BYTES];
    bool found = false;

    for (const char *line = c->headers, *end; *line; line = end + 2) {
        size_t n = strlen(name);

        end = strstr(line, "\r\n");
        assert_non_null(end);
        if (strncmp(line, name, n) != 0 || strncmp(line + n, ": ", 2) != 0)
            continue;
        assert_false(found);
        found = true;
        snprintf(value, sizeof value, "%.*s", (int)(end - line) - (int)n - 2, line + n + 2);
    }
    return found ? value : NULL;
}

static size_t count_headers(const struct cloudevent *c)
{
    size_t n = 0;

    for (const char *end = c->headers; (end = strstr(end, "\r\n")); end += 2)
        n++;
    return n;
}

static void an_event_is_a_cloudevent_in_binary_mode(void **state)
{
    static const struct {
        const char *name, *value;
    } rows[] = {
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
    assert_int_equal(count_headers(&c), ARRAY_LEN(rows));
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
    assert_int_equal(cloudevent_make((struct bytes){0}, &c), ERR_VALIDATION);
    assert_int_equal(cloudevent_make((struct bytes){.p = garbage, .n = sizeof garbage}, &c),
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

/* All texts as long as they may be, all bytes of them encoded: what is behind them is not touched.
 */
static void the_longest_event_fits(void **state)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    Twofold__V1__AuditEvent e = event_of();
    char name[ORG_MAX + 1], event_type[2 * ORG_MAX + 2], odd[USERNAME_MAX + 1];
    struct {
        struct cloudevent c;
        char behind[64];
    } room;

    (void)state;
    memset(&room, 'x', sizeof room);
    memset(name, 'n', ORG_MAX);
    name[ORG_MAX] = '\0';
    snprintf(event_type, sizeof event_type, "%s.%s", name, name);
    memset(odd, '%', USERNAME_MAX);
    odd[USERNAME_MAX] = '\0';
    e.id = e.org = name;
    e.type = event_type;
    e.username = odd;
    e.instance = odd + USERNAME_MAX - INSTANCE_MAX;
    e.traceparent = odd + USERNAME_MAX - TRACEPARENT_MAX;
    e.time_unix_ms = INT64_MAX;
    assert_int_equal(make(&e, arena, &room.c), ERR_OK);
    assert_int_equal(strlen(header(&room.c, "traceparent")), 3 * TRACEPARENT_MAX);
    assert_string_equal(header(&room.c, "ce-time"), "1970-01-01T00:00:00.000Z");
    assert_int_equal(strlen(room.c.subject), strlen(AUDIT_SUBJECT_PREFIX) + 3 * ORG_MAX + 2);
    for (size_t i = 0; i < sizeof room.behind; i++)
        assert_int_equal(room.behind[i], 'x');
    arena_free(arena);
}

static void a_trace_that_is_none_is_left_out(void **state)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    Twofold__V1__AuditEvent e = event_of();
    char odd[TRACEPARENT_MAX + 2];
    struct cloudevent c;

    (void)state;
    memset(odd, 'a', sizeof odd - 1);
    odd[sizeof odd - 1] = '\0';
    e.traceparent = odd;
    assert_int_equal(make(&e, arena, &c), ERR_OK);
    assert_null(header(&c, "traceparent"));
    arena_free(arena);
}

static void times_are_those_of_rfc3339(void **state)
{
    static const struct {
        int64_t unix_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1970-01-01T00:00:00.000Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "1970-01-01T00:00:00.000Z"},
    };
    struct arena *arena = arena_new(ARENA_BYTES);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Twofold__V1__AuditEvent e = event_of();
        struct cloudevent c;

        e.time_unix_ms = rows[i].unix_ms;
        assert_int_equal(make(&e, arena, &c), ERR_OK);
        assert_string_equal(header(&c, "ce-time"), rows[i].text);
        arena_reset(arena);
    }
    arena_free(arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_event_is_a_cloudevent_in_binary_mode),
    cmocka_unit_test(what_an_event_lacks_is_no_header),
    cmocka_unit_test(header_values_are_percent_encoded),
    cmocka_unit_test(what_cannot_stand_in_a_subject_is_refused),
    cmocka_unit_test(an_id_that_is_no_name_is_refused),
    cmocka_unit_test(bytes_that_are_no_event_are_refused),
    cmocka_unit_test(the_longest_username_fits),
    cmocka_unit_test(the_longest_event_fits),
    cmocka_unit_test(a_trace_that_is_none_is_left_out),
    cmocka_unit_test(times_are_those_of_rfc3339),
};

RUN(tests)
