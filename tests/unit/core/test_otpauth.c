#include "core/otpauth.h"

#include "support/runner.h"

#define KEY "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" /* 20 bytes */

static struct otpauth sample(const char *issuer, const char *account)
{
    struct otpauth o = {.params = {MAC_SHA1, .digits = 6, .period_s = 30}, .key = {.n = 20}};

    memcpy(o.key.bytes, "Hello!\xde\xad\xbe\xefHello!\xde\xad\xbe\xef", 20);
    snprintf(o.issuer, sizeof o.issuer, "%s", issuer);
    snprintf(o.account, sizeof o.account, "%s", account);
    return o;
}

static struct otpauth parsed(const char *uri)
{
    struct otpauth o = {0};
    const char *rule = NULL;

    if (otpauth_parse(uri, strlen(uri), &o, &rule) != ERR_OK)
        fail_msg("%s: %s", uri, rule);
    return o;
}

static void assert_refused(const char *uri, size_t n)
{
    struct otpauth o = sample("untouched", "untouched"), before = o;
    const char *rule = NULL;

    if (otpauth_parse(uri, n, &o, &rule) != ERR_VALIDATION)
        fail_msg("taken: %s", uri);
    assert_non_null(rule);
    assert_int_equal(strncmp(rule, "must ", 5), 0);
    assert_memory_equal(&o, &before, sizeof o);
}

static void writes_the_key_uri_format(void **state)
{
    struct otpauth o = sample("Acme & Co", "alice@example.com");
    char uri[OTPAUTH_URI_MAX];

    (void)state;
    o.params = (struct otp_params){MAC_SHA256, .digits = 8, .period_s = 60};
    assert_int_equal(otpauth_format(&o, uri), ERR_OK);
    assert_string_equal(uri, "otpauth://totp/Acme%20%26%20Co:alice%40example.com?secret=" KEY
                             "&issuer=Acme%20%26%20Co&algorithm=SHA256&digits=8&period=60");
}

static void hostile_names_stay_names(void **state)
{
    static const char *const names[] = {
        "x&secret=AAAA",
        "%3A",
        "a/b?c#d",
        "a+b c",
        "100%",
        "%",
        "</svg><script>alert(1)</script>",
        "\"'\\`",
        "\xf0\x9f\x94\x92 lock",            /* emoji */
        "\xe2\x80\xaegnirts",               /* right-to-left override */
        "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", /* Hebrew */
        "-._~",
    };
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~%:/?&=";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct otpauth o = sample(names[i], names[i]), back;
        char uri[OTPAUTH_URI_MAX];

        assert_int_equal(otpauth_format(&o, uri), ERR_OK);
        assert_int_equal(strspn(uri, plain), strlen(uri));
        assert_ptr_equal(strstr(uri, "secret="), strstr(uri, "secret=" KEY "&issuer="));
        assert_null(strstr(strstr(uri, "secret=") + 1, "&secret="));
        back = parsed(uri);
        assert_memory_equal(&back, &o, sizeof o);
    }
}

static void what_is_written_is_read_back(void **state)
{
    static const unsigned digits[] = {6, 8}, periods[] = {30, 60};

    (void)state;
    for (unsigned i = 0; i < 12; i++)
        for (size_t n = OTP_SECRET_BYTES_MIN; n <= OTP_SECRET_BYTES_MAX; n++) {
            struct otpauth o = sample("Twofold", "bob"), back;
            char uri[OTPAUTH_URI_MAX];

            o.params =
                (struct otp_params){(enum mac_algorithm)(i % 3), digits[i / 3 % 2], periods[i / 6]};
            o.key = (struct secret){.n = n};
            for (size_t k = 0; k < n; k++)
                o.key.bytes[k] = (uint8_t)(k * 37 + n + i);
            assert_int_equal(otpauth_format(&o, uri), ERR_OK);
            back = parsed(uri);
            assert_memory_equal(&back, &o, sizeof o);
        }
}

/* Each byte escaped, the longest key: the most that there can be. */
static void the_longest_names_fit(void **state)
{
    struct otpauth o = sample("", ""), back;
    char uri[OTPAUTH_URI_MAX];

    (void)state;
    memset(o.issuer, ' ', ISSUER_MAX);
    memset(o.account, '@', USERNAME_MAX);
    o.params = (struct otp_params){MAC_SHA512, .digits = 8, .period_s = 60};
    o.key.n = OTP_SECRET_BYTES_MAX;
    assert_int_equal(otpauth_format(&o, uri), ERR_OK);
    back = parsed(uri);
    assert_memory_equal(&back, &o, sizeof o);
}

static void names_that_cannot_stand_are_refused(void **state)
{
    static const char *const names[] = {"",      "a:b",       ":",        "a\r\nb",      "\t",
                                        "a\x7f", "a\xc2\x85", "\xc3\x28", "\xed\xa0\x80"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct otpauth bad_issuer = sample(names[i], "bob"), bad_account = sample("Acme", names[i]);
        char uri[OTPAUTH_URI_MAX] = "untouched";

        assert_int_equal(otpauth_format(&bad_issuer, uri), ERR_VALIDATION);
        assert_int_equal(otpauth_format(&bad_account, uri), ERR_VALIDATION);
        assert_string_equal(uri, "untouched");
    }
}

static void reads_what_others_write(void **state)
{
    static const struct {
        const char *uri, *issuer, *account;
    } rows[] = {
        {"otpauth://totp/bob?secret=" KEY, "", "bob"},
        {"otpauth://totp/Acme:bob?secret=" KEY, "Acme", "bob"},
        {"otpauth://totp/Acme%3Abob?secret=" KEY "&issuer=Acme", "Acme", "bob"},
        {"otpauth://totp/Acme%3a%20bob?issuer=Acme&secret=" KEY, "Acme", "bob"},
        {"otpauth://totp/Acme:%20%20bob?secret=" KEY, "Acme", "bob"},
        {"otpauth://totp/bob?secret=" KEY "&issuer=Acme", "Acme", "bob"},
        {"otpauth://totp/Acme:bob?secret=" KEY "&issuer=", "Acme", "bob"},
        {"otpauth://totp/A+B:bob+1?secret=" KEY "&issuer=A+B", "A+B", "bob+1"},
        {"otpauth://totp/A%2BB:bob?secret=" KEY "&issuer=A+B", "A+B", "bob"},
        {"otpauth://totp/bob?secret=" KEY "&image=https://x/y.png?z&counter=3&&", "", "bob"},
        {"otpauth://totp/bob?secret=jbsw%20y3dp-ehpk3pxpjbswy3dpehpk3pxp", "", "bob"},
        {"otpauth://totp/bob?s%65cret=" KEY, "", "bob"},
        {"otpauth://totp/%E6%97%A5:%F0%9F%94%92?secret=" KEY, "\xe6\x97\xa5", "\xf0\x9f\x94\x92"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct otpauth o = parsed(rows[i].uri), expected = sample(rows[i].issuer, rows[i].account);

        if (strcmp(o.issuer, rows[i].issuer) != 0 || strcmp(o.account, rows[i].account) != 0)
            fail_msg("%s: issuer %s, account %s", rows[i].uri, o.issuer, o.account);
        assert_memory_equal(&o, &expected, sizeof o);
    }
}

static void refuses_what_could_be_read_in_two_ways(void **state)
{
#define TOTP "otpauth://totp/"
    static const char *const rows[] = {
        "",
        "otpauth://",
        "otpauth://totp",
        TOTP,
        TOTP "?",
        TOTP "bob",
        TOTP "bob?",
        "otpauth://hotp/bob?counter=0&secret=" KEY,
        "otpauth:totp/bob?secret=" KEY,
        "https://totp/bob?secret=" KEY,
        " " TOTP "bob?secret=" KEY,
        TOTP "?secret=" KEY,
        TOTP ":bob?secret=" KEY,
        TOTP "Acme:?secret=" KEY,
        TOTP "Acme:%20?secret=" KEY,
        TOTP "a:b:c?secret=" KEY,
        TOTP "a:b%3Ac?secret=" KEY,
        TOTP "a%3Ab%3ac?secret=" KEY,
        TOTP "bob?secret=" KEY "&issuer=a:b",
        TOTP "bob?secret=" KEY "&issuer=a%3Ab",
        TOTP "Acme:bob?secret=" KEY "&issuer=Evil",
        TOTP "Acme:bob?secret=" KEY "&issuer=acme",
        TOTP "bob?issuer=Acme",
        TOTP "bob?secret=",
        TOTP "bob?secret",
        TOTP "bob?SECRET=" KEY,
        TOTP "bob?secret=" KEY "&secret=" KEY,
        TOTP "bob?secret=" KEY "&s%65cret=" KEY,
        TOTP "bob?secret=" KEY "&issuer=&issuer=Acme",
        TOTP "bob?secret=" KEY "&digits=6&digits=6",
        TOTP "bob?secret=" KEY "&period=30&algorithm=SHA1&period=30",
        TOTP "bob?secret=JBSWY3DPEHPK3PXPJBSWY3DP", /* 15 bytes */
        TOTP "bob?secret=JBSWY3DPEHPK3PXP1",
        TOTP "bob?secret=JBSWY3DPEHPK3PXP+JBSWY3DPEHPK3PXP",
        TOTP "bob?secret=" KEY KEY KEY KEY,
        TOTP "bob?secret=" KEY "&digits=7",
        TOTP "bob?secret=" KEY "&digits=06",
        TOTP "bob?secret=" KEY "&digits=+6",
        TOTP "bob?secret=" KEY "&digits=",
        TOTP "bob?secret=" KEY "&digits=6%00",
        TOTP "bob?secret=" KEY "&period=0",
        TOTP "bob?secret=" KEY "&period=300",
        TOTP "bob?secret=" KEY "&algorithm=MD5",
        TOTP "bob?secret=" KEY "&algorithm=sha1",
        TOTP "bob?secret=" KEY "#fragment",
        TOTP "b#b?secret=" KEY,
        TOTP "bob%?secret=" KEY,
        TOTP "bob%2?secret=" KEY,
        TOTP "bob%2G?secret=" KEY,
        TOTP "bob%-1?secret=" KEY,
        TOTP "bob%00?secret=" KEY,
        TOTP "bob?secret=" KEY "&x=%",
        TOTP "bob?secret=" KEY "&x=%00",
        TOTP "bob?secret=" KEY "&%zz=1",
        TOTP "bob%0D%0A?secret=" KEY,
        TOTP "bob%7F?secret=" KEY,
        TOTP "bob%C2%85?secret=" KEY,
        TOTP "bob%FF?secret=" KEY,
        TOTP "bob%C0%80?secret=" KEY,
        TOTP "bo b?secret=" KEY,
        TOTP "k\xc3\xb6ln?secret=" KEY,
        TOTP "bob?secret=" KEY "\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_refused(rows[i], strlen(rows[i]));
}

static void refuses_a_raw_nul(void **state)
{
    static const char inside[] = TOTP "bob\0?secret=" KEY, behind[] = TOTP "bob?secret=" KEY "\0";

    (void)state;
    assert_refused(inside, sizeof inside - 1);
    assert_refused(behind, sizeof behind - 1);
}

static void refuses_names_and_uris_that_are_too_long(void **state)
{
    static const struct {
        const char *before, *after;
        size_t fits; /* this many characters between them do, one more does not */
    } rows[] = {
        {TOTP, "?secret=" KEY, USERNAME_MAX},
        {TOTP, ":bob?secret=" KEY, ISSUER_MAX},
        {TOTP "bob?secret=" KEY "&issuer=", "", ISSUER_MAX},
        {TOTP "bob?x=", "&secret=" KEY, OTPAUTH_URI_MAX - sizeof(TOTP "bob?x=&secret=" KEY)},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char uri[2 * OTPAUTH_URI_MAX], fill[OTPAUTH_URI_MAX];

        memset(fill, 'x', sizeof fill);
        snprintf(uri, sizeof uri, "%s%.*s%s", rows[i].before, (int)rows[i].fits, fill,
                 rows[i].after);
        (void)parsed(uri);
        snprintf(uri, sizeof uri, "%s%.*s%s", rows[i].before, (int)rows[i].fits + 1, fill,
                 rows[i].after);
        assert_refused(uri, strlen(uri));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_the_key_uri_format),
    cmocka_unit_test(hostile_names_stay_names),
    cmocka_unit_test(what_is_written_is_read_back),
    cmocka_unit_test(the_longest_names_fit),
    cmocka_unit_test(names_that_cannot_stand_are_refused),
    cmocka_unit_test(reads_what_others_write),
    cmocka_unit_test(refuses_what_could_be_read_in_two_ways),
    cmocka_unit_test(refuses_a_raw_nul),
    cmocka_unit_test(refuses_names_and_uris_that_are_too_long),
};
RUN(tests)
