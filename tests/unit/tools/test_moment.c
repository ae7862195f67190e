#include "tools/moment.h"

#include "base/attr.h"

#include "support/runner.h"

#define NOW INT64_C(1795428000123) /* 2026-11-23T10:00:00.123Z */

static void times_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-23T10:00:00Z", NOW - 123},
        {"2026-11-23T10:00:00.123Z", NOW},
        {"2026-11-23T10:00:00.1Z", NOW - 23},
        {"2026-11-23T10:00:00.123999999Z", NOW},
        {"2026-11-23T12:00:00+02:00", NOW - 123},
        {"2026-11-23T04:30:00-05:30", NOW - 123},
        {"2026-11-23", NOW - 123 - 36000000},
        {"2024-02-29", 1709164800000},
        {"now", NOW},
        {"0s", NOW},
        {"90s", NOW - 90000},
        {"15m", NOW - 900000},
        {"2h", NOW - 7200000},
        {"7d", NOW - 7 * INT64_C(86400000)},
        {"999999999s", NOW - INT64_C(999999999000)},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = -1;

        if (!moment_parse(cases[i].text, NOW, &ms) || ms != cases[i].ms)
            fail_msg("%s is %lld", cases[i].text, (long long)ms);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        " ",
        "h",
        "2",
        "2w",
        "-2h",
        "+2h",
        "2 h",
        "2hh",
        "2h ",
        "1.5h",
        "9999999999s",
        "yesterday",
        "1795428000",
        "2026-11-23T10:00:00",
        "2026-11-23 10:00:00Z",
        "2026-11-23T10:00:00z ",
        "2026-11-23T10:00Z",
        "2026-11-23T25:00:00Z",
        "2026-13-01",
        "2026-02-30",
        "2025-02-29T00:00:00Z",
        "2026-11-23T10:00:00+2:00",
        "2026-11-23T10:00:00+0200",
        "2026-11-23T10:00:00+24:00",
        "2026-11-23T10:00:00.Z",
        "2026-11-23Z",
        "12026-11-23",
        "2026-1-23T10:00:00Z",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = -1;

        if (moment_parse(cases[i], NOW, &ms))
            fail_msg("\"%s\" was taken for %lld", cases[i], (long long)ms);
        assert_int_equal(ms, -1);
    }
}

static void what_is_printed_is_read_again(void **state)
{
    static const int64_t all[] = {0, 1, 999, NOW, 1709251199999, 4102444800000};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        char text[MOMENT_BYTES];
        int64_t ms = -1;

        moment_print(all[i], text);
        assert_int_equal(strlen(text), MOMENT_BYTES - 1);
        assert_true(moment_parse(text, 0, &ms));
        assert_int_equal(ms, all[i]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(times_are_read),
    cmocka_unit_test(what_is_no_time_is_refused),
    cmocka_unit_test(what_is_printed_is_read_again),
};
RUN(tests)
