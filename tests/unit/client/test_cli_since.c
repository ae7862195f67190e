#include "since.h"

#include "support/runner.h"

/* 2026-11-22T10:00:00Z */
static const int64_t now_ms = 1795341600000;

static void times_and_ages_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"2026-11-22T10:00:00Z", 1795341600000},
        {"2026-11-22", 1795305600000},
        {"2026-11-22T10:00:00.25Z", 1795341600250},
        {"2026-11-22T10:00:00.1234Z", 1795341600123},
        {"2026-11-22T11:30:00+01:30", 1795341600000},
        {"2026-11-22T09:00:00-01:00", 1795341600000},
        {"2024-02-29", 1709164800000},
        {"2026-11-22T10:00:00z", 1795341600000},
        {"90s", now_ms - 90000},
        {"15m", now_ms - 900000},
        {"2h", now_ms - 7200000},
        {"7d", now_ms - 604800000},
        {"0s", now_ms},
    };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(since_read(good[i].text, now_ms, &ms));
        assert_int_equal(ms, good[i].ms);
    }
}

static void anything_else_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "yesterday",
        "90",
        "s",
        "-5m",
        "5 m",
        "5w",
        "5mm",
        "99999999999d",
        "999999999d",
        "2026-11-31",
        "2026-13-01",
        "2025-02-29",
        "2026-11-22T",
        "2026-11-22T10:00",
        "2026-1-2",
        "2026-11-22T10:00:00",
        "2026-11-22 10:00:00Z",
        "1969-12-31",
        "2026-11-22T25:00:00Z",
        "2026-11-22T10:00:00.Z",
        "2026-11-22T10:00:00+1:00",
        "2026-11-22T10:00:00+24:00",
        "2026-11-22T10:00:00Zx",
        "2026-11-22x",
        "2026-11-22T10:00:00+01:60",
    };
    int64_t ms = 42;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (since_read(bad[i], now_ms, &ms))
            fail_msg("taken: %s", bad[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(times_and_ages_are_read),
    cmocka_unit_test(anything_else_is_refused),
};

RUN(tests)
