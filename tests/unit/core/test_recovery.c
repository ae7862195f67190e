/* Rule 10: how recovery codes are made, read and stored. */
#include "core/recovery.h"

#include "support/runner.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const uint8_t counting[RECOVERY_RANDOM_BYTES] = {
    /* 0 to 23 in groups of five bits */
    0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf, 0x84, 0x65, 0x3a, 0x56, 0xd7};

static struct recovery_code parsed(const char *text)
{
    struct recovery_code c = {0};

    if (recovery_code_parse(text, strlen(text), &c) != ERR_OK)
        fail_msg("refused: %s", text);
    return c;
}

static void a_code_is_its_slot_and_120_random_bits(void **state)
{
    struct recovery_code c = {0};
    char text[RECOVERY_TEXT_BYTES];

    (void)state;
    recovery_code_make(9, counting, &c);
    recovery_code_text(&c, text);
    assert_string_equal(text, "90123-45678-9ABCD-EFGHJ-KMNPQ");
    assert_int_equal(recovery_code_slot(&c), 9);
}

static void every_slot_comes_back_from_its_text(void **state)
{
    (void)state;
    for (unsigned slot = 0; slot < RECOVERY_CODES_MAX; slot++) {
        struct recovery_code made = {0}, read;
        char text[RECOVERY_TEXT_BYTES];

        recovery_code_make(slot, counting, &made);
        recovery_code_text(&made, text);
        read = parsed(text);
        assert_memory_equal(&made, &read, sizeof made);
        assert_int_equal(recovery_code_slot(&read), slot);
    }
}

static void a_slot_beyond_ours_is_told(void **state)
{
    (void)state;
    for (unsigned slot = 0; slot < 32; slot++) {
        char text[] = "?0123-45678-9ABCD-EFGHJ-KMNPQ";
        struct recovery_code c;

        text[0] = alphabet[slot];
        c = parsed(text);
        assert_int_equal(recovery_code_slot(&c), slot);
    }
}

static void every_random_bit_shows(void **state)
{
    struct recovery_code base = {0};

    (void)state;
    recovery_code_make(0, counting, &base);
    for (unsigned bit = 0; bit < 8 * RECOVERY_RANDOM_BYTES; bit++) {
        uint8_t random[RECOVERY_RANDOM_BYTES];
        struct recovery_code c = {0};

        memcpy(random, counting, sizeof random);
        random[bit / 8] ^= (uint8_t)(1U << bit % 8);
        recovery_code_make(0, random, &c);
        assert_memory_not_equal(&base, &c, sizeof c);
    }
}

static void reads_what_people_type(void **state)
{
    static const char *const forms[] = {
        "30123-45678-9ABCD-EFGHJ-KMNPQ",   "30123456789ABCDEFGHJKMNPQ",
        "3OI23-45678-9abcd-efghj-kmnpq",   "3oL23-45678-9ABCD-EFGHJ-KMNPQ",
        "3 0 l 2 3 45678 9abcdefghjkmnpq", "30i2345678-9ABCDEFGHJ-KMNPQ-",
    };
    struct recovery_code expected = parsed(forms[0]);

    (void)state;
    for (size_t i = 1; i < ARRAY_LEN(forms); i++) {
        struct recovery_code c = parsed(forms[i]);

        assert_memory_equal(&c, &expected, sizeof c);
    }
}

static void refuses_everything_else(void **state)
{
    static const char *const rows[] = {
        "",
        "-----",
        "123456",
        "30123-45678-9ABCD-EFGHJ-KMNP",   /* one short */
        "30123-45678-9ABCD-EFGHJ-KMNPQQ", /* one long */
        "30123-45678-9ABCD-EFGHJ-KMNPU",  /* U is no character of the alphabet */
        "30123-45678-9ABCD-EFGHJ-KMNPu",
        "30123-45678-9ABCD-EFGHJ-KMNP*",
        "30123_45678_9ABCD_EFGHJ_KMNPQ",
        "30123-45678-9ABCD-EFGHJ-KMNPQ\n",
        "30123-45678-9ABCD-EFGHJ-KMNP\xc3\x89",
        "30123\342\200\22345678-9ABCD-EFGHJ-KMNPQ", /* en dash */
        "30123-45678-9ABCD-EFGHJ-KMNP@",
        "30123-45678-9ABCD-EFGHJ-KMNP[",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct recovery_code c = {.chars = "untouched"};

        if (recovery_code_parse(rows[i], strlen(rows[i]), &c) != ERR_VALIDATION)
            fail_msg("taken: %s", rows[i]);
        assert_string_equal(c.chars, "untouched");
    }
}

static void refuses_a_nul_inside(void **state)
{
    static const char text[] = "30123-45678-9ABCD-EFGHJ-KMNP\0Q";
    struct recovery_code c;

    (void)state;
    assert_int_equal(recovery_code_parse(text, sizeof text - 1, &c), ERR_VALIDATION);
}

struct context {
    const char *pepper, *org, *username, *code;
    uint8_t set[RECOVERY_SET_BYTES];
};

static void mac_of(const struct context *x, uint8_t ret[static SHA256_BYTES])
{
    struct recovery_code c = parsed(x->code);

    assert_int_equal(
        recovery_code_mac(bytes_of_text(x->pepper), x->org, x->username, x->set, &c, ret), ERR_OK);
}

static const struct context ours = {.pepper = "a pepper of some thirty-two bytes",
                                    .org = "acme",
                                    .username = "alice",
                                    .code = "30123-45678-9ABCD-EFGHJ-KMNPQ",
                                    .set = {1, 2, 3, 4, 5, 6, 7, 8}};

static void the_mac_binds_everything_around_the_code(void **state)
{
    struct context others[] = {ours, ours, ours, ours, ours, ours, ours};
    uint8_t mac[SHA256_BYTES], other[SHA256_BYTES];

    (void)state;
    others[0].org = "acm";
    others[1].username = "alicf";
    others[2].set[7] ^= 1;
    others[3].code = "40123-45678-9ABCD-EFGHJ-KMNPQ"; /* another slot */
    others[4].pepper = "another pepper of thirty-odd bytes";
    /* The same bytes, cut elsewhere. */
    others[5].org = "acmea";
    others[5].username = "lice";
    others[6].org = "";
    others[6].username = "acmealice";
    mac_of(&ours, mac);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        mac_of(&others[i], other);
        if (ct_equal(mac, other, sizeof mac))
            fail_msg("row %zu has the same MAC", i);
    }
    mac_of(&ours, other);
    assert_memory_equal(mac, other, sizeof mac);
}

static void the_mac_binds_every_character(void **state)
{
    uint8_t mac[SHA256_BYTES], other[SHA256_BYTES];
    const struct recovery_code right = parsed(ours.code);

    (void)state;
    mac_of(&ours, mac);
    for (unsigned i = 0; i < RECOVERY_CHARS; i++) {
        struct recovery_code c = right;

        c.chars[i] = c.chars[i] == 'Z' ? 'Y' : 'Z';
        assert_int_equal(recovery_code_mac(bytes_of_text(ours.pepper), ours.org, ours.username,
                                           ours.set, &c, other),
                         ERR_OK);
        assert_memory_not_equal(mac, other, sizeof mac);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_code_is_its_slot_and_120_random_bits),
    cmocka_unit_test(every_slot_comes_back_from_its_text),
    cmocka_unit_test(a_slot_beyond_ours_is_told),
    cmocka_unit_test(every_random_bit_shows),
    cmocka_unit_test(reads_what_people_type),
    cmocka_unit_test(refuses_everything_else),
    cmocka_unit_test(refuses_a_nul_inside),
    cmocka_unit_test(the_mac_binds_everything_around_the_code),
    cmocka_unit_test(the_mac_binds_every_character),
};
RUN(tests)
