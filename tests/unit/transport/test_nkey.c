#include "transport/nkey.h"

#include "support/runner.h"

/* The example of the NATS documentation. */
#define SEED "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
#define PUBLIC "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"

static const char *const good[] = {
    SEED,
    SEED "\n",
    SEED "\r\n",
    "  \t" SEED "  \n\n",
    "# the bus login of twofold\n\n" SEED "\n",
    "-----BEGIN USER NKEY SEED-----\n" SEED "\n------END USER NKEY SEED------\n",
};

static const char *const bad[] = {
    "",
    "\n\n",
    "# nothing but a comment\n",
    PUBLIC,
    SEED SEED,
    SEED "\n" SEED,
    SEED " x",
    /* of an account, of an operator */
    "SAACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",
    "SOACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",
    /* another character, one too few, one too many, lower case */
    "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VA",
    "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3V",
    "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VYA",
    "suacssl3uahudxkfsnvuzrf5uhpmwz6bfdtj7m6usdxiednppqyyycu3vy",
    "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3V\xc3",
};

static void a_seed_gives_the_public_key_of_the_login(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char text[NKEY_TEXT_BYTES];

        assert_int_equal(nkey_public(good[i], strlen(good[i]), text), ERR_OK);
        assert_string_equal(text, PUBLIC);
    }
}

static void anything_but_one_user_seed_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[NKEY_TEXT_BYTES] = "untouched";

        if (nkey_public(bad[i], strlen(bad[i]), text) != ERR_VALIDATION)
            fail_msg("taken: \"%s\"", bad[i]);
        assert_string_equal(text, "untouched");
    }
}

static void every_mistyped_character_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SEED - 1; i++) {
        char text[] = SEED, public_key[NKEY_TEXT_BYTES];

        text[i] = text[i] == 'Q' ? 'R' : 'Q';
        assert_int_equal(nkey_public(text, sizeof SEED - 1, public_key), ERR_VALIDATION);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_seed_gives_the_public_key_of_the_login),
    cmocka_unit_test(anything_but_one_user_seed_is_refused),
    cmocka_unit_test(every_mistyped_character_is_noticed),
};

RUN(tests)
