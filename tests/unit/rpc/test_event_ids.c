/* Ids of events: UUIDs of version 7 that sort as the events happened. */
#include "rpc/audit_wire.h"

#include "support/runner.h"

enum { NOW_MS = 1700000000 };

static struct event_ids ids;
static const struct rpc_env with_ids = {.instance = "test", .event_ids = &ids};
static const struct rpc_env without = {.instance = "test"};

static void next(const struct rpc_env *env, int64_t now_ms, char ret_id[static UUID_TEXT_BYTES])
{
    const struct audit_fact fact = {.type = AUDIT_SERVICE_STARTED, .outcome = AUDIT_SUCCESS};
    struct rpc_call call = call_own(env, NULL, NULL, now_ms);
    struct audit_draft d;

    call.org_name = "acme";
    assert_int_equal(audit_begin(&call, &fact, NULL, NULL, &d), ERR_OK);
    memcpy(ret_id, d.event.id, UUID_TEXT_BYTES);
}

static void is_version_7_of(const char *id, int64_t now_ms)
{
    char time[16];

    snprintf(time, sizeof time, "%012llx", (unsigned long long)now_ms);
    assert_int_equal(strlen(id), 36);
    assert_memory_equal(id, time, 8);
    assert_memory_equal(id + 9, time + 8, 4);
    assert_int_equal(id[14], '7');
    assert_non_null(strchr("89ab", id[19]));
}

static void ids_of_a_millisecond_count_up(void **state)
{
    char id[UUID_TEXT_BYTES], before[UUID_TEXT_BYTES] = "";

    (void)state;
    ids = (struct event_ids){0};
    for (int i = 0; i < 1000; i++) {
        next(&with_ids, NOW_MS, id);
        is_version_7_of(id, NOW_MS);
        assert_true(strcmp(before, id) < 0);
        memcpy(before, id, sizeof id);
    }
}

/* Forwards or backwards: its ids are of its time, and share nothing with those before. */
static void another_millisecond_begins_anew(void **state)
{
    static const int64_t times[] = {NOW_MS, NOW_MS + 1, NOW_MS, NOW_MS - 5000, 0, 0, NOW_MS};
    char id[UUID_TEXT_BYTES], before[UUID_TEXT_BYTES] = "";

    (void)state;
    ids = (struct event_ids){0};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        next(&with_ids, times[i], id);
        is_version_7_of(id, times[i]);
        assert_memory_not_equal(before + 24, id + 24, 12);
        memcpy(before, id, sizeof id);
    }
}

static void all_that_count_up_are_random_at_first(void **state)
{
    char id[UUID_TEXT_BYTES], other[UUID_TEXT_BYTES];

    (void)state;
    next(&without, NOW_MS, id);
    next(&without, NOW_MS, other);
    assert_memory_not_equal(id + 24, other + 24, 12);
}

/* The last 56 bits are through: what is above them, version and variant, stays as it must be. */
static void an_overflow_begins_anew(void **state)
{
    char id[UUID_TEXT_BYTES], after[UUID_TEXT_BYTES];

    (void)state;
    ids = (struct event_ids){0};
    next(&with_ids, NOW_MS, id);
    memset(ids.last + 9, 0xff, 7);
    ids.last[15] = 0xfe;
    next(&with_ids, NOW_MS, id);
    assert_string_equal(id + 21, "ff-ffffffffffff");
    next(&with_ids, NOW_MS, after);
    is_version_7_of(after, NOW_MS);
    assert_memory_not_equal(after + 24, "ffffffffffff", 12);
    assert_memory_not_equal(after + 24, "000000000000", 12);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ids_of_a_millisecond_count_up),
    cmocka_unit_test(another_millisecond_begins_anew),
    cmocka_unit_test(all_that_count_up_are_random_at_first),
    cmocka_unit_test(an_overflow_begins_anew),
};

RUN(tests)
