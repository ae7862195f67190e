/* What the terminal is given: nothing that it would obey. */
#include "cli.h"

#include "event_text.h"

#include "support/runner.h"

#include <stdlib.h>

typedef void print_fn(FILE *out, const char *text);

static void quote(FILE *out, const char *text)
{
    output_quoted(out, text, " \"=\\");
}

static void expect(print_fn *print, const char *text, const char *wanted)
{
    char *got = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&got, &n);

    print(f, text);
    fclose(f);
    assert_string_equal(got, wanted);
    free(got);
}

static void what_people_write_is_left_alone(void **state)
{
    static const char *const texts[] = {"",
                                        "alice",
                                        "a b",
                                        "\xc3\xa4\xc2\xa0",
                                        "\xe2\x82\xac",
                                        "\xed\x9f\xbf\xee\x80\x80",
                                        "\xf0\x9f\x98\x80",
                                        "\xf4\x8f\xbf\xbf"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        expect(output_text, texts[i], texts[i]);
}

static void what_a_terminal_obeys_is_made_harmless(void **state)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"a\x1b[2J\n\x7f", "a\\x1b[2J\\x0a\\x7f"}, /* C0, DEL */
        {"\xc2\x9b"
         "2J",
         "\\x9b2J"},                        /* C1 */
        {"\xc2\x80\xc2\x9f", "\\x80\\x9f"}, /* to its ends */
        {"\x9b"
         "2J",
         "\\x9b2J"}, /* its raw byte */
        {"\xe2\x80\xae"
         "cba\xe2\x80\xac",
         "\\u202ecba\\u202c"}, /* turned around */
        {"\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069"},
        {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u200e\\u200f\\u061c"},
        {"\xc0\x9b", "\\xc0\\x9b"}, /* too long for what it is */
        {"\xe0\x82\x9b", "\\xe0\\x82\\x9b"},
        {"\xf0\x80\x82\x9b", "\\xf0\\x80\\x82\\x9b"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* half a pair */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond the last */
        {"\xf8\x88\x80\x80\x80\xff", "\\xf8\\x88\\x80\\x80\\x80\\xff"},
        {"\xe2\x80", "\\xe2\\x80"}, /* cut off */
        {"\xe2\x1b[", "\\xe2\\x1b["},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect(output_text, rows[i].text, rows[i].wanted);
}

static void a_quoted_value_keeps_its_characters(void **state)
{
    (void)state;
    expect(quote, "alice", "alice");
    expect(quote, "", "\"\"");
    expect(quote, "a \"b\"\\", "\"a \\\"b\\\"\\\\\"");
    expect(quote, "a \xe2\x82\xac \xe2\x80\xae\xc2\x9b\x9b",
           "\"a \xe2\x82\xac \\u202e\\x9b\\x9b\"");
    expect(quote, "a \xe2\"", "\"a \\xe2\\\"\"");
}

static void an_event_obeys_too(void **state)
{
    Twofold__V1__AuditEvent event = TWOFOLD__V1__AUDIT_EVENT__INIT;
    char type[] = "login.\x9b", actor[] = "a \xe2\x80\xae\xe2\x82\xac", *got = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&got, &n);

    (void)state;
    event.time_unix_ms = 1795321310042;
    event.type = type;
    event.actor = actor;
    event_text_print(f, &event);
    fclose(f);
    assert_string_equal(got,
                        "2026-11-22T04:21:50.042Z login.\\x9b actor=\"a \\u202e\xe2\x82\xac\"\n");
    free(got);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_people_write_is_left_alone),
    cmocka_unit_test(what_a_terminal_obeys_is_made_harmless),
    cmocka_unit_test(a_quoted_value_keeps_its_characters),
    cmocka_unit_test(an_event_obeys_too),
};
RUN(tests)
