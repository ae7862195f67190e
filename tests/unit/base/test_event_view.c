#include "base/attr.h"
#include "base/event_view.h"
#include "support/runner.h"

#include <stdlib.h>
#include <twofold/v1/audit.pb-c.h>

enum { EVENT_BYTES = 1024, DAMAGED = 200 * 1000 };

static size_t pack(uint8_t packed[static EVENT_BYTES])
{
    static char id[] = "0192f3a4", org[] = "acme", name[] = "zo\xc3\xab", type[] = "login.failed",
                trace[] = "00-aa-bb-01", instance[] = "N1", purpose[] = "pay", actor[] = "A/b";
    static uint8_t digest[32] = {1, 2, 3};
    Twofold__V1__AuditEvent e = TWOFOLD__V1__AUDIT_EVENT__INIT;
    Twofold__V1__AuditEvent__Span span = TWOFOLD__V1__AUDIT_EVENT__SPAN__INIT;

    e.id = id;
    e.org = org;
    e.username = name;
    e.type = type;
    e.traceparent = trace;
    e.instance = instance;
    e.purpose = purpose;
    e.actor = actor;
    e.time_unix_ms = 1763773606007;
    e.sequence = 300;
    e.outcome = TWOFOLD__V1__AUDIT_EVENT__OUTCOME__DENIED;
    e.step_offset = -3;
    e.previous_digest = (ProtobufCBinaryData){.data = digest, .len = sizeof digest};
    span.count = 7;
    e.span = &span;
    assert_true(twofold__v1__audit_event__get_packed_size(&e) < EVENT_BYTES / 2);
    return twofold__v1__audit_event__pack(&e, packed);
}

static void expect_text(struct bytes view, const char *text)
{
    assert_true(bytes_equal(view, bytes_of_text(text)));
}

/* Reads EVENT both ways; true when it is well-formed. */
static bool expect_alike(struct bytes event)
{
    Twofold__V1__AuditEvent *e = twofold__v1__audit_event__unpack(NULL, event.n, event.p);
    struct event_view v = {.sequence = 1234567};
    bool is_one = event_view_read(event, &v);

    if (e && !is_one)
        fail_msg("refused what is an event");
    if (!is_one) {
        assert_int_equal(v.sequence, 1234567);
        return false;
    }
    if (!e) /* the insides of a message in it are not looked at */
        return false;
    expect_text(v.id, e->id);
    expect_text(v.org, e->org);
    expect_text(v.username, e->username);
    expect_text(v.type, e->type);
    expect_text(v.traceparent, e->traceparent);
    expect_text(v.instance, e->instance);
    assert_int_equal(v.time_unix_ms, e->time_unix_ms);
    assert_int_equal(v.sequence, e->sequence);
    twofold__v1__audit_event__free_unpacked(e, NULL);
    return true;
}

/* Copied to where nothing lies behind it. */
static bool expect_alike_copy(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    bool is_one;

    assert_non_null(copy);
    memcpy(copy, p, n);
    is_one = expect_alike((struct bytes){.p = copy, .n = n});
    free(copy);
    return is_one;
}

static void an_event_reads_as_protobuf_c_reads_it(void **state)
{
    uint8_t packed[EVENT_BYTES];
    size_t n = pack(packed);

    (void)state;
    assert_true(expect_alike_copy(packed, n));
    assert_int_equal(event_view_time((struct bytes){.p = packed, .n = n}), 1763773606007);
    assert_true(expect_alike_copy(packed, 0));
}

static void an_event_that_is_cut_short_reads_alike(void **state)
{
    uint8_t packed[EVENT_BYTES];
    size_t n = pack(packed), whole = 0;

    (void)state;
    for (size_t i = 0; i < n; i++)
        whole += expect_alike_copy(packed, i);
    assert_in_range(whole, 2, n / 2); /* cut between two fields */
}

static void of_a_field_that_comes_twice_the_last_counts(void **state)
{
    static const uint8_t twice[] = {0x1a, 1, 'a', 0x1a, 2, 'b', 'c', 0x80, 0x01, 5, 0x80, 0x01, 6};
    struct event_view v;

    (void)state;
    assert_true(expect_alike_copy(twice, sizeof twice));
    assert_true(event_view_read((struct bytes){.p = twice, .n = sizeof twice}, &v));
    expect_text(v.org, "bc");
    assert_int_equal(v.sequence, 6);
}

static void a_text_ends_at_its_first_nul(void **state)
{
    static const uint8_t nul[] = {0x22, 5, 'a', 'b', 0, 'c', 'd'};
    struct event_view v;

    (void)state;
    assert_true(expect_alike_copy(nul, sizeof nul));
    assert_true(event_view_read((struct bytes){.p = nul, .n = sizeof nul}, &v));
    expect_text(v.username, "ab");
}

static void what_is_no_event_is_refused(void **state)
{
    static const struct {
        size_t n;
        uint8_t bytes[16];
    } rows[] = {
        {1, {0x0a}},                               /* a tag alone */
        {3, {0x0a, 0x7f, 1}},                      /* longer than what there is */
        {3, {0x0a, 2, 1}},                         /* by one */
        {2, {0x08, 1}},                            /* a number where the id is */
        {3, {0x12, 1, 1}},                         /* a text where the time is */
        {2, {0x0b, 1}},                            /* a group */
        {3, {0x10, 0x80, 0x80}},                   /* a number without an end */
        {6, {0x80, 0x80, 0x80, 0x80, 0x80, 0x01}}, /* a tag too long */
        {12, {0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct event_view v;

        assert_false(expect_alike_copy(rows[i].bytes, rows[i].n));
        if (event_view_read((struct bytes){.p = rows[i].bytes, .n = rows[i].n}, &v))
            fail_msg("taken: row %zu", i);
        assert_int_equal(event_view_time((struct bytes){.p = rows[i].bytes, .n = rows[i].n}), 0);
    }
}

static void a_damaged_event_never_reads_as_another(void **state)
{
    unsigned seed = 5;
    size_t whole = 0;

    (void)state;
    for (int i = 0; i < DAMAGED; i++) {
        uint8_t packed[EVENT_BYTES];
        size_t n = pack(packed);

        for (int k = rand_r(&seed) % 3; k >= 0; k--)
            packed[(size_t)rand_r(&seed) % n] = (uint8_t)rand_r(&seed);
        whole += expect_alike_copy(packed, n);
    }
    assert_in_range(whole, DAMAGED / 10, DAMAGED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_event_reads_as_protobuf_c_reads_it),
    cmocka_unit_test(an_event_that_is_cut_short_reads_alike),
    cmocka_unit_test(of_a_field_that_comes_twice_the_last_counts),
    cmocka_unit_test(a_text_ends_at_its_first_nul),
    cmocka_unit_test(what_is_no_event_is_refused),
    cmocka_unit_test(a_damaged_event_never_reads_as_another),
};

RUN(tests)
