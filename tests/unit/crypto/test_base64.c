#include "crypto/base64.h"

#include "support/runner.h"

/* RFC 4648 section 10, without the padding. */
static const struct {
    const char *plain, *text;
} vectors[] = {
    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "+/+/"},
};

static void the_vectors_of_rfc_4648_go_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct bytes plain = bytes_of_text(vectors[i].plain);
        char text[16];
        uint8_t back[8];

        base64_encode(plain, text);
        assert_string_equal(text, vectors[i].text);
        assert_int_equal(strlen(text), BASE64_LENGTH(plain.n));
        assert_true(base64_decode(bytes_of_text(text), back, plain.n));
        assert_memory_equal(back, plain.p, plain.n);
    }
}

static void other_spellings_are_refused_and_wiped(void **state)
{
    static const char *const wrong[] = {
        "Zm8=",   /* padding */
        "Zm9",    /* bits left over that are not zero */
        "Zm",     /* too short */
        "Zm9v",   /* too long */
        "Z m8",   /* blank */
        "Z-8",    /* the alphabet for URLs */
        "Z\xffw", /* outside of ASCII */
    };
    static const uint8_t zeros[2];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t out[2] = {0xee, 0xee};

        assert_false(base64_decode(bytes_of_text(wrong[i]), out, sizeof out));
        assert_memory_equal(out, zeros, sizeof out);
    }
    assert_false(base64_decode((struct bytes){(const uint8_t *)"Z\0"
                                                               "8",
                                              3},
                               (uint8_t[2]){0}, 2));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_vectors_of_rfc_4648_go_both_ways),
    cmocka_unit_test(other_spellings_are_refused_and_wiped),
};

RUN(tests)
