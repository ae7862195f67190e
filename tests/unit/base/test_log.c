#include "base/log.h"

#include "support/runner.h"

#include <regex.h>
#include <stdbool.h>
#include <unistd.h>

/* What log_at writes goes into a pipe instead of stderr between begin and end. */
static int kept_stderr, pipe_ends[2];

static void capture_begin(void)
{
    assert_int_equal(pipe(pipe_ends), 0);
    kept_stderr = dup(STDERR_FILENO);
    assert_true(kept_stderr >= 0);
    assert_true(dup2(pipe_ends[1], STDERR_FILENO) >= 0);
}

static size_t capture_end(char *text, size_t room)
{
    ssize_t n;
    size_t used = 0;

    assert_true(dup2(kept_stderr, STDERR_FILENO) >= 0);
    close(kept_stderr);
    close(pipe_ends[1]);
    while (used < room - 1 && (n = read(pipe_ends[0], text + used, room - 1 - used)) > 0)
        used += (size_t)n;
    close(pipe_ends[0]);
    text[used] = '\0';
    return used;
}

/* The line without its time, which is checked here. */
static const char *after_time(const char *line)
{
    regex_t form;
    int miss;

    assert_int_equal(
        regcomp(&form,
                "^time=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z level=",
                REG_EXTENDED | REG_NOSUB),
        0);
    miss = regexec(&form, line, 0, NULL, 0);
    regfree(&form);
    assert_int_equal(miss, 0);
    return strchr(line, ' ') + 1;
}

static void a_line_has_time_level_message_and_fields(void **state)
{
    char text[4096];

    (void)state;
    capture_begin();
    log_at(LOG_WARN, "serving now", FIELD("subject", "twofold.v1.>"), FIELD("n", -3),
           FIELD("size", 18446744073709551615ULL), FIELD("nothing", (const char *)NULL));
    log_at(LOG_INFO, "stopped");
    capture_end(text, sizeof text);
    assert_string_equal(strchr(text, '\n') + 1 + strcspn(strchr(text, '\n') + 1, " "),
                        " level=info msg=stopped\n");
    *strchr(text, '\n') = '\0';
    assert_string_equal(after_time(text),
                        "level=warn msg=\"serving now\" subject=twofold.v1.> n=-3 "
                        "size=18446744073709551615 nothing=\"\"");
}

static const struct {
    const char *value, *written;
} escapes[] = {
    {"plain/value-1", "plain/value-1"},
    {"", "\"\""},
    {"two words", "\"two words\""},
    {"a=b", "\"a=b\""},
    {"say \"hi\"", "\"say \\\"hi\\\"\""},
    {"back\\slash", "\"back\\\\slash\""},
    {"x\r\ntime=1970 level=info msg=forged", "\"x\\x0d\\x0atime=1970 level=info msg=forged\""},
    {"\" user=admin \"", "\"\\\" user=admin \\\"\""},
    {"\x1b[2J\x1b]0;title\x07", "\"\\x1b[2J\\x1b]0;title\\x07\""},
    {"tab\there", "\"tab\\x09here\""},
    {"\x7f", "\"\\x7f\""},
    {"\x9b"
     "31m",
     "\"\\x9b31m\""}, /* CSI as one C1 byte */
    {"J\xc3\xbcrgen", "\"J\\xc3\\xbcrgen\""},
};

static void no_value_can_forge_a_line_or_reach_the_terminal(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        char text[4096], expected[512];

        capture_begin();
        log_at(LOG_ERROR, "m", FIELD("k", escapes[i].value));
        capture_end(text, sizeof text);
        snprintf(expected, sizeof expected, "level=error msg=m k=%s\n", escapes[i].written);
        assert_string_equal(after_time(text), expected);
    }
}

static void the_message_is_escaped_like_a_value(void **state)
{
    char text[4096];

    (void)state;
    capture_begin();
    log_at(LOG_ERROR, "a\nlevel=info");
    capture_end(text, sizeof text);
    assert_string_equal(after_time(text), "level=error msg=\"a\\x0alevel=info\"\n");
}

/* However long the value: one line, whole to its newline, no longer than a pipe writes at once. */
static void a_long_line_is_cut_and_stays_one_line(void **state)
{
    static const char fills[] = {'x', '\n', '"'};
    char value[10000], text[20000];

    (void)state;
    for (size_t i = 0; i < sizeof fills; i++) {
        size_t n;

        memset(value, fills[i], sizeof value - 1);
        value[sizeof value - 1] = '\0';
        capture_begin();
        log_at(LOG_ERROR, "m", FIELD("k", value), FIELD("after", 1));
        n = capture_end(text, sizeof text);
        assert_in_range(n, 100, 4096);
        assert_ptr_equal(strchr(text, '\n'), text + n - 1);
    }
}

static void lines_below_the_level_are_not_written(void **state)
{
    char text[4096];

    (void)state;
    capture_begin();
    log_at(LOG_DEBUG, "hidden");
    log_set_level(LOG_ERROR);
    log_at(LOG_WARN, "hidden");
    log_at(LOG_ERROR, "seen");
    log_set_level(LOG_DEBUG);
    log_at(LOG_DEBUG, "seen");
    log_set_level(LOG_INFO);
    capture_end(text, sizeof text);
    assert_null(strstr(text, "hidden"));
    assert_non_null(strstr(text, "level=error msg=seen"));
    assert_non_null(strstr(text, "level=debug msg=seen"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_line_has_time_level_message_and_fields),
    cmocka_unit_test(no_value_can_forge_a_line_or_reach_the_terminal),
    cmocka_unit_test(the_message_is_escaped_like_a_value),
    cmocka_unit_test(a_long_line_is_cut_and_stays_one_line),
    cmocka_unit_test(lines_below_the_level_are_not_written),
};

RUN(tests)
