#include "base/bytes.h"

#include "base/attr.h"
#include "support/runner.h"

#include <stdlib.h>

static void ct_equal_sees_every_bit(void **state)
{
    uint8_t a[33], b[33];

    (void)state;
    memset(a, 0x5a, sizeof a);
    memcpy(b, a, sizeof a);
    assert_true(ct_equal(a, b, sizeof a));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(ct_equal(a, b, sizeof a));
        assert_true(ct_equal(a, b, bit / 8));
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(ct_equal(a, "anything", 0));
}

static void bytes_are_ordered_with_prefixes_first(void **state)
{
    static const char *const ordered[] = {"", "A", "a", "ab", "b", "\x7f", "\x80", "\xff"};

    (void)state;
    for (int i = 0; i < (int)ARRAY_LEN(ordered); i++)
        for (int j = 0; j < (int)ARRAY_LEN(ordered); j++) {
            struct bytes a = bytes_of_text(ordered[i]), b = bytes_of_text(ordered[j]);
            int order = bytes_compare(a, b);

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(bytes_equal(a, b), i == j);
        }
    assert_true(bytes_equal((struct bytes){0}, bytes_of_text("")));
}

static const struct {
    const char *text;
    size_t n;
    bool valid;
} utf8_cases[] = {
    {"", 0, true},
    {"abc \t\n~\x7f", 8, true},
    {"a\0b", 3, false},
    {"\0", 1, false},
    {"\xc2\x80", 2, true},         /* U+0080, the least of two bytes */
    {"\xdf\xbf", 2, true},         /* U+07FF */
    {"\xe0\xa0\x80", 3, true},     /* U+0800, the least of three */
    {"\xed\x9f\xbf", 3, true},     /* U+D7FF, the last before the surrogates */
    {"\xee\x80\x80", 3, true},     /* U+E000, the first after them */
    {"\xef\xbf\xbf", 3, true},     /* U+FFFF */
    {"\xf0\x90\x80\x80", 4, true}, /* U+10000, the least of four */
    {"\xf4\x8f\xbf\xbf", 4, true}, /* U+10FFFF, the last of all */
    {"J\xc3\xbcrgen \xe2\x82\xac", 11, true},
    {"\xc0\x80", 2, false}, /* overlong NUL */
    {"\xc0\xaf", 2, false}, /* overlong '/' */
    {"\xc1\xbf", 2, false},
    {"\xe0\x80\xaf", 3, false},
    {"\xe0\x9f\xbf", 3, false},
    {"\xf0\x80\x80\xaf", 4, false},
    {"\xf0\x8f\xbf\xbf", 4, false},
    {"\xed\xa0\x80", 3, false}, /* surrogates */
    {"\xed\xbf\xbf", 3, false},
    {"\xf4\x90\x80\x80", 4, false}, /* U+110000 */
    {"\xf5\x80\x80\x80", 4, false},
    {"\xf8\x88\x80\x80\x80", 5, false},
    {"\xfe", 1, false},
    {"\xff", 1, false},
    {"\x80", 1, false}, /* a continuation alone */
    {"a\xbf", 2, false},
    {"\xc2", 1, false}, /* cut off */
    {"\xe2\x82", 2, false},
    {"\xf0\x90\x80", 3, false},
    {"\xc2"
     "A",
     2, false}, /* broken off by the next character */
    {"\xe2\x82"
     "A",
     3, false},
    {"\xf0\x90\x80"
     "A",
     4, false},
    {"\xe2\x82\xac\x80", 4, false},
};

static void utf8_is_told_from_what_only_looks_like_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(utf8_cases); i++)
        if (utf8_valid(utf8_cases[i].text, utf8_cases[i].n) != utf8_cases[i].valid)
            fail_msg("case %zu", i);
}

/* Every three bytes at the end of a buffer of just their size: the sanitizers see overreads. */
static void utf8_never_reads_past_the_end(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++)
        for (size_t n = 1; n <= 3; n++) {
            char *text = malloc(n);

            assert_non_null(text);
            memset(text, 0x80, n);
            text[0] = (char)first;
            assert_false(first == 0 && utf8_valid(text, n));
            if (n == 1)
                assert_int_equal(utf8_valid(text, n), first > 0 && first < 0x80);
            else
                utf8_valid(text, n);
            free(text);
        }
}

static void hex_is_lower_case(void **state)
{
    char text[9];

    (void)state;
    hex_encode((const uint8_t *)"\x00\x9f\xa0\xff", 4, text);
    assert_string_equal(text, "009fa0ff");
    hex_encode(NULL, 0, text);
    assert_string_equal(text, "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ct_equal_sees_every_bit),
    cmocka_unit_test(bytes_are_ordered_with_prefixes_first),
    cmocka_unit_test(utf8_is_told_from_what_only_looks_like_it),
    cmocka_unit_test(utf8_never_reads_past_the_end),
    cmocka_unit_test(hex_is_lower_case),
};

RUN(tests)
