#include "nkey.h"

#include "support/runner.h"
#include "support/scratch.h"

/* The pair of the NATS documentation. */
#define SEED "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
#define PUBLIC "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"

static void the_documented_seed_gives_the_documented_key(void **state)
{
    struct twofold_error error;
    char public[NKEY_PUBLIC_SIZE];

    (void)state;
    assert_int_equal(nkey_public(SEED, public, &error), TWOFOLD_OK);
    assert_string_equal(public, PUBLIC);
}

static void every_damage_to_a_seed_shows(void **state)
{
    struct twofold_error error;
    char seed[] = SEED, public[NKEY_PUBLIC_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof seed - 1; i++) {
        char good = seed[i];

        seed[i] = good == 'A' ? 'B' : 'A';
        assert_int_equal(nkey_public(seed, public, &error), TWOFOLD_USAGE);
        seed[i] = '1'; /* no digit of base32 */
        assert_int_equal(nkey_public(seed, public, &error), TWOFOLD_USAGE);
        seed[i] = good;
    }
    assert_int_equal(nkey_public(SEED "A", public, &error), TWOFOLD_USAGE);
    assert_int_equal(nkey_public("SUACSSL3", public, &error), TWOFOLD_USAGE);
    assert_int_equal(nkey_public("", public, &error), TWOFOLD_USAGE);
}

static void a_seed_is_found_among_other_lines(void **state)
{
    static const struct {
        const char *text;
        enum twofold_status status;
    } cases[] = {
        {SEED, TWOFOLD_OK},
        {SEED "\r\n", TWOFOLD_OK},
        {"-----BEGIN USER NKEY SEED-----\n" SEED "\n------END USER NKEY SEED------\n", TWOFOLD_OK},
        {"", TWOFOLD_USAGE},
        {"SU", TWOFOLD_USAGE},
        {"SUA" SEED, TWOFOLD_USAGE},
        {PUBLIC, TWOFOLD_USAGE},
    };
    struct twofold_error error;
    struct scratch scratch;
    char seed[NKEY_SEED_SIZE];

    (void)state;
    scratch_make(&scratch);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *path = scratch_write(&scratch, "seed", cases[i].text, 0600);

        assert_int_equal(nkey_read(path, seed, &error), cases[i].status);
        if (cases[i].status == TWOFOLD_OK)
            assert_string_equal(seed, SEED);
        else
            assert_null(strstr(error.message, "SUA"));
    }
    assert_int_equal(nkey_read(scratch_path(&scratch, "missing"), seed, &error), TWOFOLD_USAGE);
    scratch_remove(&scratch);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_documented_seed_gives_the_documented_key),
    cmocka_unit_test(every_damage_to_a_seed_shows),
    cmocka_unit_test(a_seed_is_found_among_other_lines),
};

RUN(tests)
