#include "crypto/random.h"

#include "base/bytes.h"
#include "support/runner.h"

static void bytes_differ_from_call_to_call(void **state)
{
    uint8_t one[32] = {0}, other[32] = {0};

    (void)state;
    assert_int_equal(random_bytes(one, sizeof one), ERR_OK);
    assert_int_equal(random_bytes(other, sizeof other), ERR_OK);
    assert_memory_not_equal(one, other, sizeof one);
}

/* The example of RFC 9562 appendix A.6: 2022-02-22T19:22:22.000Z is 0x017f22e279b0. */
static void uuid7_carries_time_version_and_variant(void **state)
{
    static const uint8_t stamp[6] = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0};
    uint8_t id[UUID_BYTES];

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(random_uuid7(1645557742000, id), ERR_OK);
        assert_memory_equal(id, stamp, sizeof stamp);
        assert_int_equal(id[6] >> 4, 7);
        assert_int_equal(id[8] >> 6, 2);
    }
}

static void uuid7_sorts_by_time_and_never_repeats(void **state)
{
    char before[UUID_TEXT_BYTES] = "", text[UUID_TEXT_BYTES];
    uint8_t id[UUID_BYTES], twin[UUID_BYTES];

    (void)state;
    for (int64_t ms = 1645557742000; ms < 1645557742300; ms++) {
        assert_int_equal(random_uuid7(ms, id), ERR_OK);
        uuid_text(id, text);
        assert_true(strcmp(before, text) < 0);
        memcpy(before, text, sizeof before);
    }
    assert_int_equal(random_uuid7(1645557742299, twin), ERR_OK);
    assert_memory_not_equal(id, twin, sizeof id);
}

static void uuid_text_has_the_usual_groups(void **state)
{
    static const uint8_t id[UUID_BYTES] = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3,
                                           0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    char text[UUID_TEXT_BYTES];

    (void)state;
    uuid_text(id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bytes_differ_from_call_to_call),
    cmocka_unit_test(uuid7_carries_time_version_and_variant),
    cmocka_unit_test(uuid7_sorts_by_time_and_never_repeats),
    cmocka_unit_test(uuid_text_has_the_usual_groups),
};

RUN(tests)
