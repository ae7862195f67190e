/* Codes as text, and HOTP and TOTP against the vectors of their RFCs. */
#include "core/otp.h"

#include "support/runner.h"

static struct secret seed(size_t n)
{
    struct secret s = {.n = n};

    for (size_t i = 0; i < n; i++)
        s.bytes[i] = (uint8_t)('0' + (i + 1) % 10);
    return s;
}

static void assert_code(const struct otp_code *code, const char *text)
{
    assert_int_equal(code->digits, strlen(text));
    assert_memory_equal(code->text, text, code->digits);
}

static void hotp_gives_the_values_of_rfc_4226_appendix_d(void **state)
{
    static const char *const expected[] = {"755224", "287082", "359152", "969429", "338314",
                                           "254676", "287922", "162583", "399871", "520489"};
    const struct otp_params params = {.algorithm = MAC_SHA1, .digits = 6, .period_s = 30};
    const struct secret key = seed(20);

    (void)state;
    for (uint64_t counter = 0; counter < ARRAY_LEN(expected); counter++) {
        struct otp_code code = {0};

        assert_int_equal(otp_hotp(&params, &key, counter, &code), ERR_OK);
        assert_code(&code, expected[counter]);
    }
}

static void totp_gives_the_values_of_rfc_6238_appendix_b(void **state)
{
    static const struct {
        int64_t unix_s;
        uint64_t step;
        const char *sha1, *sha256, *sha512;
    } rows[] = {
        {59, 0x1, "94287082", "46119246", "90693936"},
        {1111111109, 0x23523EC, "07081804", "68084774", "25091201"},
        {1111111111, 0x23523ED, "14050471", "67062674", "99943326"},
        {1234567890, 0x273EF07, "89005924", "91819424", "93441116"},
        {2000000000, 0x3F940AA, "69279037", "90698825", "38618901"},
        {20000000000, 0x27BC86AA, "65353130", "77737706", "47863826"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *const expected[] = {rows[i].sha1, rows[i].sha256, rows[i].sha512};
        static const size_t key_bytes[] = {20, 32, 64};

        for (unsigned a = MAC_SHA1; a <= MAC_SHA512; a++) {
            struct otp_params params = {(enum mac_algorithm)a, .digits = 8, .period_s = 30};
            struct secret key = seed(key_bytes[a]);
            struct otp_code code = {0};

            assert_int_equal(otp_step(&params, rows[i].unix_s), rows[i].step);
            assert_int_equal(otp_hotp(&params, &key, rows[i].step, &code), ERR_OK);
            assert_code(&code, expected[a]);
        }
    }
}

static void a_step_lasts_its_period_and_none_is_negative(void **state)
{
    static const struct {
        unsigned period_s;
        int64_t unix_s;
        uint64_t step;
    } rows[] = {
        {30, 0, 0},
        {30, 29, 0},
        {30, 30, 1},
        {30, 59, 1},
        {60, 59, 0},
        {60, 60, 1},
        {30, -1, 0},
        {30, INT64_MIN, 0},
        {30, 128849018880, UINT64_C(0x100000000)},
        {30, INT64_MAX, (uint64_t)INT64_MAX / 30},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct otp_params params = {.digits = 6, .period_s = rows[i].period_s};

        assert_int_equal(otp_step(&params, rows[i].unix_s), rows[i].step);
    }
}

static void counters_beyond_32_bits_count(void **state)
{
    const struct otp_params params = {.algorithm = MAC_SHA1, .digits = 8, .period_s = 30};
    const struct secret key = seed(20);
    struct otp_code low = {0}, high = {0};

    (void)state;
    assert_int_equal(otp_hotp(&params, &key, 1, &low), ERR_OK);
    assert_int_equal(otp_hotp(&params, &key, UINT64_C(0x100000001), &high), ERR_OK);
    assert_memory_not_equal(low.text, high.text, sizeof low.text);
}

static void hotp_refuses_digits_it_does_not_know(void **state)
{
    static const unsigned digits[] = {0, 1, 5, 7, 9, 10, UINT32_MAX};
    const struct secret key = seed(20);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(digits); i++) {
        struct otp_params params = {.digits = digits[i], .period_s = 30};
        struct otp_code code = {.digits = 6, .text = "untouch"};

        assert_int_equal(otp_hotp(&params, &key, 1, &code), ERR_INTERNAL);
        assert_string_equal(code.text, "untouch");
    }
}

static void every_six_digit_code_is_read_as_it_is(void **state)
{
    (void)state;
    for (unsigned number = 0; number < 1000000; number++) {
        struct otp_code code = {0};
        char text[16];

        snprintf(text, sizeof text, "%06u", number);
        if (otp_code_parse(text, 6, &code) != ERR_OK || code.digits != 6 ||
            strncmp(code.text, text, OTP_DIGITS_MAX) != 0)
            fail_msg("%s", text);
    }
}

static void eight_digits_are_a_code(void **state)
{
    struct otp_code code = {0};

    (void)state;
    assert_int_equal(otp_code_parse("00000000", 8, &code), ERR_OK);
    assert_code(&code, "00000000");
}

static void anything_but_digits_is_no_code(void **state)
{
#define ROW(text)              \
    {                          \
        text, sizeof(text) - 1 \
    }
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {
        ROW(""),
        ROW("1"),
        ROW("12345"),
        ROW("1234567"),
        ROW("123456789"),
        ROW("000000000000000000000000"),
        ROW("+12345"),
        ROW("-00001"),
        ROW("1e5   "),
        ROW("1e5"),
        ROW("0x1234"),
        ROW("12 456"),
        ROW("12-456"),
        ROW(" 12345"),
        ROW("12345 "),
        ROW("123456 "),
        ROW("123456\n"),
        ROW("12345\n"),
        ROW("1234567\n"),
        ROW("\t12345"),
        ROW("123456\0"),
        ROW("123\00056"),
        ROW("\000\000\000\000\000\000"),
        ROW("123456\xc2\xa0"), /* no-break space */
        ROW("1234\xc2\xa0"),
        ROW("\xd9\xa1\xd9\xa2\xd9\xa3"), /* Arabic-Indic digits, 6 bytes */
        ROW("\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6"),
        ROW("\xef\xbc\x91\xef\xbc\x92"), /* full-width digits, 6 bytes */
        ROW("\xb2\xb3\xb9\xb2\xb3\xb9"), /* superscripts of Latin-1 */
        ROW("12345/"),
        ROW("12345:"),
        ROW("abcdef"),
        ROW("12.456"),
    };
#undef ROW

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct otp_code code = {.digits = 6, .text = "untouch"};

        if (otp_code_parse(rows[i].text, rows[i].n, &code) != ERR_VALIDATION)
            fail_msg("row %zu was taken for a code", i);
        assert_string_equal(code.text, "untouch");
    }
}

static void a_code_that_leaves_scope_is_wiped(void **state)
{
    struct otp_code code = {.digits = 6, .text = "123456"};
    const struct otp_code empty = {0};

    (void)state;
    otp_code_wipe(&code);
    assert_memory_equal(&code, &empty, sizeof empty);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hotp_gives_the_values_of_rfc_4226_appendix_d),
    cmocka_unit_test(totp_gives_the_values_of_rfc_6238_appendix_b),
    cmocka_unit_test(a_step_lasts_its_period_and_none_is_negative),
    cmocka_unit_test(counters_beyond_32_bits_count),
    cmocka_unit_test(hotp_refuses_digits_it_does_not_know),
    cmocka_unit_test(every_six_digit_code_is_read_as_it_is),
    cmocka_unit_test(eight_digits_are_a_code),
    cmocka_unit_test(anything_but_digits_is_no_code),
    cmocka_unit_test(a_code_that_leaves_scope_is_wiped),
};
RUN(tests)
