#include "core/base32.h"

#include "support/runner.h"

static const struct {
    const char *plain, *text;
} vectors[] = {
    {"", ""},
    {"f", "MY"},
    {"fo", "MZXQ"},
    {"foo", "MZXW6"},
    {"foob", "MZXW6YQ"},
    {"fooba", "MZXW6YTB"},
    {"foobar", "MZXW6YTBOI"},
};

static void assert_decodes(const char *text, const char *plain)
{
    struct secret s = {0};

    if (base32_decode(text, strlen(text), &s) != ERR_OK)
        fail_msg("refused: %s", text);
    assert_int_equal(s.n, strlen(plain));
    assert_memory_equal(s.bytes, plain, s.n);
}

static void encodes_the_vectors_of_rfc_4648(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        char text[32];

        base32_encode(bytes_of_text(vectors[i].plain), text);
        assert_string_equal(text, vectors[i].text);
        assert_int_equal(strlen(text), BASE32_CHARS(strlen(vectors[i].plain)));
    }
}

static void decodes_the_vectors_of_rfc_4648(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
        assert_decodes(vectors[i].text, vectors[i].plain);
}

static void reads_what_people_type(void **state)
{
    static const char *const forms[] = {
        "mzxw6ytboi",   "MzXw6yTbOi",    "MZXW6YTBOI======", "mzxw 6ytb oi",
        "MZXW-6YTB-OI", " mzxw6 ytboi ", "MZXW6YTBOI ====",  "- M-Z-X W6YTBOI--"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        assert_decodes(forms[i], "foobar");
}

/* A linear congruential generator: other bytes each time it is asked, the same in every run. */
static uint8_t next_byte(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return (uint8_t)(*state >> 24);
}

static void any_bytes_come_back(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 4000; round++) {
        struct secret in = {.n = round % (SECRET_MAX + 1)}, out = {0};
        char text[BASE32_CHARS(SECRET_MAX) + 1];

        for (size_t i = 0; i < in.n; i++)
            in.bytes[i] = next_byte(&seed);
        base32_encode(secret_view(&in), text);
        assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), BASE32_CHARS(in.n));
        assert_int_equal(base32_decode(text, strlen(text), &out), ERR_OK);
        assert_memory_equal(&in, &out, sizeof in);
    }
}

static void refuses_garbage_and_leaves_nothing_behind(void **state)
{
    static const char *const rows[] = {
        /* lengths that no bytes have */
        "A",
        "MYA",
        "MZXW6A",
        "M",
        "MZX",
        "MZXW6Y",
        /* bits left over */
        "MZ",
        "MZXR",
        "MZXW7",
        /* no base32 */
        "MZXW6YTB0I",
        "MZXW6YTB1I",
        "MZXW6YTB8I",
        "MZXW6YTB9I",
        "MZXW6YTBO!",
        "MZXW=6YTBOI",
        "====MY",
        "MY\n",
        "MY\t",
        "MY,",
        "MY/",
        "M\xc3\x89",
        "MY\xc2\xa0",
        "@Y",
        "[Y",
        "`Y",
        "{Y",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct secret s = {.n = 3, .bytes = "old"};
        const struct secret empty = {0};

        if (base32_decode(rows[i], strlen(rows[i]), &s) != ERR_VALIDATION)
            fail_msg("taken: %s", rows[i]);
        assert_memory_equal(&s, &empty, sizeof s);
    }
}

static void refuses_a_nul_inside(void **state)
{
    struct secret s = {0};

    (void)state;
    assert_int_equal(base32_decode("MY\0MY", 5, &s), ERR_VALIDATION);
}

static void refuses_a_byte_too_many(void **state)
{
    char text[BASE32_CHARS(SECRET_MAX + 1) + 1];
    struct secret s = {0};

    (void)state;
    memset(text, 'A', sizeof text);
    assert_int_equal(base32_decode(text, BASE32_CHARS(SECRET_MAX), &s), ERR_OK);
    assert_int_equal(s.n, SECRET_MAX);
    assert_int_equal(base32_decode(text, BASE32_CHARS(SECRET_MAX + 1), &s), ERR_VALIDATION);
    assert_int_equal(s.n, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(encodes_the_vectors_of_rfc_4648),
    cmocka_unit_test(decodes_the_vectors_of_rfc_4648),
    cmocka_unit_test(reads_what_people_type),
    cmocka_unit_test(any_bytes_come_back),
    cmocka_unit_test(refuses_garbage_and_leaves_nothing_behind),
    cmocka_unit_test(refuses_a_nul_inside),
    cmocka_unit_test(refuses_a_byte_too_many),
};
RUN(tests)
