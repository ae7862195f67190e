/*
 * A49, A50: issuers and usernames that would be markup, parameters or paths elsewhere. The URI is
 * read back by a parser of the test's own, which knows nothing of the service's.
 */
#include "support/runner.h"
#include "support/steps.h"

#include "qr/qr.h"

#include <stdlib.h>

#define X4(t) t t t t
#define X16(t) X4(X4(t))

static const char *const names[] = {
    "a&secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&",
    "a?issuer=Evil#frag",
    "a/../../b",
    "100%25 %3A %00 %",
    "a+b=c;d,e",
    " lead and trail ",
    "</svg><script>alert(1)</script>",
    "\"'><img src=x onerror=1>&amp;&#58;",
    "\xc3\xa9\xf0\x9f\x94\x91\xe2\x80\xae\xd8\xb9",
    "\\u003a\\x3a",
    "{{7*7}}${7*7}%{7*7}",
    X16("\xf0\x9f\x94\x91"), /* 64 bytes, each escaped as three */
    "otpauth://totp/x",      /* has a colon: see below */
};

static const char *const refused_issuers[] = {"a:b",  "a\r\nb",    "a\tb",
                                              "\x7f", "a\xc2\x85", X16("\xf0\x9f\x94\x91") "x"};

static int hex_of(char c)
{
    const char *digits = "0123456789ABCDEF", *at = strchr(digits, c);

    assert_non_null(at);
    return (int)(at - digits);
}

/* Decodes up to one of ENDS, which is passed over, and fails on what RFC 3986 would not let stand.
 */
static const char *take(const char *p, const char *ends, char *out)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    while (*p && !strchr(ends, *p)) {
        if (*p == '%') {
            *out++ = (char)(hex_of(p[1]) << 4 | hex_of(p[2]));
            p += 3;
            continue;
        }
        assert_non_null(strchr(plain, *p));
        *out++ = *p++;
    }
    *out = '\0';
    return *p ? p + 1 : p;
}

struct uri {
    char issuer[128], account[512];
    char value[8][128]; /* of secret, issuer, algorithm, digits, period */
    unsigned n;
};

static void read_uri(const char *p, struct uri *u)
{
    static const char *const order[] = {"secret", "issuer", "algorithm", "digits", "period"};
    char name[32];

    assert_int_equal(strncmp(p, "otpauth://totp/", 15), 0);
    p = take(p + 15, ":", u->issuer);
    p = take(p, "?", u->account);
    for (u->n = 0; *p; u->n++) {
        assert_true(u->n < ARRAY_LEN(order));
        p = take(p, "=", name);
        assert_string_equal(name, order[u->n]);
        p = take(p, "&", u->value[u->n]);
    }
    assert_int_equal(u->n, ARRAY_LEN(order));
}

static void put_issuer(struct service *s, enum err want, const char *issuer)
{
    Twofold__V1__PutPolicyRequest put;
    Twofold__V1__Policy policy;

    twofold__v1__put_policy_request__init(&put);
    twofold__v1__policy__init(&policy);
    policy.issuer = (char *)(uintptr_t)issuer;
    put.policy = &policy;
    service_expect(s, want, "admin.put_policy", &put.base);
}

static struct answer begin_raw(struct service *s, const char *username)
{
    Twofold__V1__BeginRequest ask;
    struct answer a;

    twofold__v1__begin_request__init(&ask);
    service_put_user(s, username, PASSWORD);
    ask.step_token = service_issue(s, username);
    ask.label = (char *)(uintptr_t) "<label>";
    a = service_call(s, "enrollment.begin", &ask.base);
    free(ask.step_token);
    return a;
}

/* Only shapes: no element that could hold text, and none of what was chosen. */
static void is_clean_svg(const char *svg, const char *issuer, const char *username,
                         const char *secret)
{
    static const char *const never[] = {
        "<script",        "<text",  "<title", "<desc", "<a ", "<image",
        "<foreignObject", "<style", "href",   "on",    "<!",  "&"};

    assert_int_equal(strncmp(svg, "<svg ", 5), 0);
    assert_string_equal(svg + strlen(svg) - strlen("</svg>\n"), "</svg>\n");
    for (size_t i = 0; i < ARRAY_LEN(never); i++)
        if (strstr(svg, never[i]))
            fail_msg("the SVG has %s", never[i]);
    assert_null(strstr(svg, issuer));
    assert_null(strstr(svg, username));
    assert_null(strstr(svg, secret));
    assert_null(strstr(svg, "otpauth"));
}

static void shown_back(struct service *s, const char *issuer, const char *username)
{
    static const uint8_t magic[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    struct answer a = begin_raw(s, username);
    Twofold__V1__BeginReply *r = (Twofold__V1__BeginReply *)a.reply;
    struct uri u;

    if (a.err != ERR_OK)
        fail_msg("\"%s\" answered %s", username, err_name(a.err));
    read_uri(r->otpauth_uri, &u);
    assert_string_equal(u.issuer, issuer);
    assert_string_equal(u.account, username);
    assert_string_equal(u.value[0], r->secret);
    assert_string_equal(u.value[1], issuer);
    assert_string_equal(u.value[2], "SHA1");
    assert_string_equal(u.value[3], "6");
    assert_string_equal(u.value[4], "30");
    is_clean_svg(r->qr_svg, issuer, username, r->secret);
    assert_true(r->qr_png.len > sizeof magic);
    assert_memory_equal(r->qr_png.data, magic, sizeof magic);
    assert_null(memmem(r->qr_png.data, r->qr_png.len, username, strlen(username)));
    assert_null(memmem(r->qr_png.data, r->qr_png.len, r->secret, strlen(r->secret)));
    answer_free(&a);
}

static void attack_A49_A50_names_are_shown_back_or_refused(void **state)
{
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        bool good = !strchr(names[i], ':');
        struct answer a;

        put_issuer(s, good ? ERR_OK : ERR_VALIDATION, names[i]);
        if (good) {
            shown_back(s, names[i], names[i]);
            continue;
        }
        a = begin_raw(s, names[i]);
        assert_int_equal(a.err, ERR_VALIDATION);
        answer_free(&a);
    }
}

static void attack_A49_issuers_that_cannot_be_shown_are_refused(void **state)
{
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(refused_issuers); i++)
        put_issuer(s, ERR_VALIDATION, refused_issuers[i]);
    shown_back(s, "Twofold", "ada");
}

/* A51: the longest names, every byte escaped as three characters. */
static void attack_A51_the_longest_names_fit_into_a_code(void **state)
{
    struct service *s = *state;
    const char *issuer = X16("\xf0\x9f\x94\x91");
    char username[255];

    for (size_t i = 0; i < 254; i += 2)
        memcpy(username + i, "\xc3\xa9", 2);
    username[254] = '\0';
    put_issuer(s, ERR_OK, issuer);
    shown_back(s, issuer, username);
}

static void attack_A49_four_kilobytes_of_name_are_refused(void **state)
{
    struct service *s = *state;
    char *name = calloc(1, 4097);

    assert_non_null(name);
    memset(name, 'a', 4096);
    put_issuer(s, ERR_VALIDATION, name);
    EXPECT(ERR_VALIDATION, ASK(s, "admin.put_user", {"username", name}, {"password", PASSWORD}));
    EXPECT(ERR_VALIDATION, ASK(s, "enrollment.begin", {"step_token", "A"}, {"label", name}));
    free(name);
}

/* A50: a PNG may carry text in chunks of its own; this one has its pixels and nothing else. */
static void attack_A50_a_picture_holds_nothing_but_pixels(void **state)
{
    struct service *s = *state;
    struct answer a = begin_raw(s, names[6]);
    Twofold__V1__BeginReply *r = (Twofold__V1__BeginReply *)a.reply;
    const uint8_t *p, *end;
    unsigned chunks = 0;

    assert_int_equal(a.err, ERR_OK);
    p = r->qr_png.data + 8;
    end = r->qr_png.data + r->qr_png.len;
    for (; end - p >= 12; chunks++) {
        size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];

        if (memcmp(p + 4, "IHDR", 4) != 0 && memcmp(p + 4, "IDAT", 4) != 0 &&
            memcmp(p + 4, "IEND", 4) != 0)
            fail_msg("a chunk %.4s", (const char *)p + 4);
        p += 12 + n;
    }
    assert_ptr_equal(p, end);
    assert_true(chunks >= 3);
    answer_free(&a);
}

/* A51: what does not fit is refused as such; what is just short of it is drawn. */
static void attack_A51_a_text_over_capacity_is_refused(void **state)
{
    static const size_t lengths[] = {QR_TEXT_MAX + 1, 2331, 2332, 4296, 7089, 7090, 100000};
    char *text = malloc(100001);
    struct qr *qr = NULL;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', 100000);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        text[lengths[i]] = '\0';
        assert_int_equal(qr_encode(text, &qr), ERR_VALIDATION);
        assert_null(qr);
        text[lengths[i]] = 'x';
    }
    text[QR_TEXT_MAX] = '\0';
    assert_int_equal(qr_encode(text, &qr), ERR_OK);
    qr_free(qr);
    free(text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A49_A50_names_are_shown_back_or_refused, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A49_issuers_that_cannot_be_shown_are_refused, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A51_the_longest_names_fit_into_a_code, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A49_four_kilobytes_of_name_are_refused, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A50_a_picture_holds_nothing_but_pixels, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A51_a_text_over_capacity_is_refused, set_up, tear_down),
};
RUN(tests)
