/* Counted failures as bytes: what goes in comes out, the format is stable, damage is refused. */
#include "unit/store/fixture.h"

#include "store/record.h"
#include "store/record.pb-c.h"

#include <stdlib.h>

enum { MINUTE = 30000000 };

static const struct repeats_id alice = {.user = {.org = "acme", .username = "alice"},
                                        .minute = MINUTE};
static struct place place;
static struct codec codec;

static int set_up(void **state)
{
    (void)state;
    place_make(&place);
    codec.keyring = keyring_fixed(&place, "1 active 1");
    codec.arena = arena_new(4 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    keyring_free((struct keyring *)(uintptr_t)codec.keyring);
    arena_free(codec.arena);
    place_remove(&place);
    return 0;
}

static struct bytes sample_row(void)
{
    const struct repeats r = repeats_sample();
    struct bytes row;

    assert_int_equal(record_encode_repeats(&codec, &alice, &r, &row), ERR_OK);
    return row;
}

static void assert_refused(const struct repeats_id *id, struct bytes row)
{
    struct repeats r, untouched;

    memset(&r, 0xee, sizeof r);
    memset(&untouched, 0xee, sizeof untouched);
    assert_int_equal(record_decode_repeats(&codec, id, row, &r), ERR_UNAVAILABLE);
    assert_memory_equal(&r, &untouched, sizeof r);
}

static void repeats_round_trip(void **state)
{
    const struct repeats most = repeats_sample(), none = {0}, told = {.told = UINT32_MAX};
    const struct repeats *const samples[] = {&most, &none, &told};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct repeats back;
        struct bytes row;

        assert_int_equal(record_encode_repeats(&codec, &alice, samples[i], &row), ERR_OK);
        memset(&back, 0xee, sizeof back);
        assert_int_equal(record_decode_repeats(&codec, &alice, row, &back), ERR_OK);
        assert_same_repeats(samples[i], &back);
    }
}

/* Every reason and method that an event can have is one that a row can have. */
static void all_reasons_and_methods_are_kept(void **state)
{
    struct repeats r = {.n = 1, .at = {{.type = AUDIT_LOGIN_FAILED, .span = {.count = 1}}}}, back;
    struct bytes row;

    (void)state;
    for (unsigned reason = WHY_NONE; reason <= WHY_OUTSIDE_WINDOW; reason++)
        for (unsigned method = BY_NONE; method <= BY_RECOVERY_CODE; method++) {
            r.at[0].reason = (enum audit_reason)reason;
            r.at[0].method = (enum audit_method)method;
            assert_int_equal(record_encode_repeats(&codec, &alice, &r, &row), ERR_OK);
            assert_int_equal(record_decode_repeats(&codec, &alice, row, &back), ERR_OK);
            assert_same_repeats(&r, &back);
        }
}

/* A row of format 1, written once and never again. */
static void golden_repeats_decode(void **state)
{
    const char *source = getenv("TEST_SOURCE");
    const struct repeats expected = repeats_sample();
    struct repeats r;
    uint8_t bytes[1024];
    char path[512];
    unsigned byte;
    size_t n = 0;
    FILE *f;

    (void)state;
    snprintf(path, sizeof path, "%s/tests/golden/record_repeats_1.hex", source ? source : ".");
    f = fopen(path, "r");
    assert_non_null(f);
    while (n < sizeof bytes && fscanf(f, "%2x", &byte) == 1)
        bytes[n++] = (uint8_t)byte;
    fclose(f);
    assert_int_equal(record_decode_repeats(&codec, &alice, (struct bytes){.p = bytes, .n = n}, &r),
                     ERR_OK);
    assert_same_repeats(&expected, &r);
}

static void every_damaged_byte_is_refused(void **state)
{
    struct bytes row = sample_row();
    uint8_t *bytes = arena_alloc(codec.arena, row.n);

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, row.p, row.n);
    for (size_t i = 0; i < row.n; i++) {
        bytes[i] ^= 1;
        assert_refused(&alice, (struct bytes){.p = bytes, .n = row.n});
        bytes[i] ^= 1;
        assert_refused(&alice, (struct bytes){.p = bytes, .n = i});
    }
}

static void rows_of_another_place_are_refused(void **state)
{
    const struct repeats_id others[] = {
        {.user = {.org = "acme", .username = "bob"}, .minute = MINUTE},
        {.user = {.org = "acmea", .username = "lice"}, .minute = MINUTE},
        {.user = {.org = "acme", .username = "alice"}, .minute = MINUTE + 1},
        {.user = {.org = "acme", .username = "alice"}, .minute = 0},
    };
    const struct lockout failures = {.failures = 3};
    struct bytes row = sample_row(), decoy;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_refused(&others[i], row);
    assert_int_equal(record_encode_decoy(&codec, &alice.user, &failures, &decoy), ERR_OK);
    assert_refused(&alice, decoy);
}

static Twofold__Record__Repeats__Group *group_list[REPEATS_GROUPS_MAX + 1];

static size_t many(Twofold__Record__Repeats *m)
{
    for (size_t i = 0; i < ARRAY_LEN(group_list); i++)
        group_list[i] = m->groups[0];
    m->groups = group_list;
    return ARRAY_LEN(group_list);
}

/* Each makes one value of a well-formed message one that the core does not know. */
#define FORGERIES(X)                                                          \
    X(type_zero, m->groups[0]->type = 0)                                      \
    X(type_three, m->groups[0]->type = 3)                                     \
    X(negative_type, m->groups[7]->type = (Twofold__Record__Repeats__Type)-1) \
    X(reason, m->groups[0]->reason = WHY_OUTSIDE_WINDOW + 1)                  \
    X(large_reason, m->groups[7]->reason = UINT32_MAX)                        \
    X(method, m->groups[0]->method = BY_RECOVERY_CODE + 1)                    \
    X(large_method, m->groups[0]->method = UINT32_MAX)                        \
    X(minute, m->minute++)                                                    \
    X(too_many_groups, m->n_groups = many(m))

#define X(name, change)                                   \
    static void forge_##name(Twofold__Record__Repeats *m) \
    {                                                     \
        change;                                           \
    }
FORGERIES(X)
#undef X

static const struct forgery {
    const char *name;
    void (*apply)(Twofold__Record__Repeats *m);
} forgeries[] = {
#define X(name, change) {#name, forge_##name},
    FORGERIES(X)
#undef X
};

/* With a right MAC: the bounds hold by themselves. */
static void unknown_values_are_refused(void **state)
{
    const struct row_id id = {
        .kind = "repeats", .org = alice.user.org, .username = alice.user.username};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forgeries); i++) {
        struct bytes row = sample_row();
        ProtobufCMessage *m;
        struct repeats r;

        assert_int_equal(row_decode(&codec, &id, row, &twofold__record__repeats__descriptor, &m),
                         ERR_OK);
        forgeries[i].apply((Twofold__Record__Repeats *)m);
        assert_int_equal(row_encode(&codec, &id, m, &row), ERR_OK);
        if (record_decode_repeats(&codec, &alice, row, &r) != ERR_UNAVAILABLE)
            fail_msg("%s was taken", forgeries[i].name);
    }
}

/* What could not be read back is not written. */
static void unreadable_repeats_are_not_written(void **state)
{
    struct repeats bad[4];
    struct bytes row;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        bad[i] = repeats_sample();
    bad[0].n = REPEATS_GROUPS_MAX + 1;
    bad[1].at[7].type = AUDIT_USER_DELETED;
    bad[2].at[0].reason = WHY_OUTSIDE_WINDOW + 1;
    bad[3].at[0].method = BY_RECOVERY_CODE + 1;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(record_encode_repeats(&codec, &alice, &bad[i], &row), ERR_INTERNAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(repeats_round_trip, set_up, tear_down),
    cmocka_unit_test_setup_teardown(all_reasons_and_methods_are_kept, set_up, tear_down),
    cmocka_unit_test_setup_teardown(golden_repeats_decode, set_up, tear_down),
    cmocka_unit_test_setup_teardown(every_damaged_byte_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rows_of_another_place_are_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(unknown_values_are_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(unreadable_repeats_are_not_written, set_up, tear_down),
};

RUN(tests)
