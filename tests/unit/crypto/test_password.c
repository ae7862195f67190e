#include "crypto/password.h"

#include "crypto/phc.h"
#include "support/hex.h"
#include "support/runner.h"

static const struct password_cost cheap = {.ln = 4, .r = 8, .p = 1};

#define SALT "AAECAwQFBgcICQoLDA0ODw"
#define HASH "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static const struct {
    const char *password, *salt;
    struct password_cost cost;
    const char *hash;
} vectors[] = {
    /* RFC 7914 section 12: the first 32 of the 64 bytes that it gives, which do not depend on how
     * many are asked for. */
    {"", "", {4, 1, 1}, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"},
    {"password",
     "NaCl",
     {10, 8, 16},
     "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"},
    {"pleaseletmein",
     "SodiumChloride",
     {14, 8, 1},
     "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"},
};

static void scrypt_gives_the_vectors_of_rfc_7914(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        uint8_t hash[SCRYPT_HASH_BYTES];
        HEX(expected, vectors[i].hash);

        assert_int_equal(scrypt_hash(bytes_of_text(vectors[i].password),
                                     bytes_of_text(vectors[i].salt), &vectors[i].cost, hash),
                         ERR_OK);
        assert_memory_equal(hash, expected.p, sizeof hash);
    }
}

static void a_hash_knows_its_password_and_no_other(void **state)
{
    static const char password[] = "correct horse\0battery";
    struct bytes right = {(const uint8_t *)password, sizeof password - 1};
    char phc[PHC_MAX], twin[PHC_MAX];
    bool matches = false;

    (void)state;
    assert_int_equal(password_hash(right, &cheap, phc), ERR_OK);
    assert_int_equal(password_hash(right, &cheap, twin), ERR_OK);
    assert_string_not_equal(phc, twin);
    assert_int_equal(password_check(right, phc, &matches), ERR_OK);
    assert_true(matches);
    assert_int_equal(password_check((struct bytes){right.p, 13}, phc, &matches), ERR_OK);
    assert_false(matches);
    assert_int_equal(password_check(bytes_of_text("Correct horse"), phc, &matches), ERR_OK);
    assert_false(matches);
}

static void a_changed_salt_or_hash_matches_nothing(void **state)
{
    char phc[PHC_MAX];
    bool matches = true;

    (void)state;
    assert_int_equal(password_hash(bytes_of_text("password"), &cheap, phc), ERR_OK);
    for (size_t i = strlen("$scrypt$ln=4,r=8,p=1$"); phc[i]; i++) {
        char kept = phc[i];

        if (kept == '$')
            continue;
        phc[i] = kept == 'A' ? 'Q' : 'A';
        if (password_check(bytes_of_text("password"), phc, &matches) == ERR_OK)
            assert_false(matches);
        phc[i] = kept;
    }
    assert_int_equal(password_check(bytes_of_text("password"), phc, &matches), ERR_OK);
    assert_true(matches);
}

static void a_decoy_has_the_cost_and_matches_nothing(void **state)
{
    char phc[PHC_MAX];
    bool matches = true;

    (void)state;
    assert_int_equal(password_decoy(&cheap, phc), ERR_OK);
    assert_false(password_needs_rehash(phc, &cheap));
    assert_int_equal(password_check(bytes_of_text(""), phc, &matches), ERR_OK);
    assert_false(matches);
}

static void another_cost_asks_for_a_rehash(void **state)
{
    char phc[PHC_MAX];

    (void)state;
    assert_int_equal(password_decoy(&cheap, phc), ERR_OK);
    assert_true(password_needs_rehash(phc, &(struct password_cost){5, 8, 1}));
    assert_true(password_needs_rehash(phc, &(struct password_cost){4, 9, 1}));
    assert_true(password_needs_rehash(phc, &(struct password_cost){4, 8, 2}));
    assert_true(password_needs_rehash("$2b$12$abc", &cheap));
}

static void phc_text_goes_both_ways(void **state)
{
    static const char text[] = "$scrypt$ln=14,r=8,p=5$" SALT "$" HASH;
    struct phc phc = {0};
    char back[PHC_MAX];

    (void)state;
    assert_true(phc_parse(text, &phc));
    assert_int_equal(phc.cost.ln, 14);
    assert_int_equal(phc.cost.r, 8);
    assert_int_equal(phc.cost.p, 5);
    assert_int_equal(phc.salt[15], 15);
    assert_int_equal(phc.hash[31], 31);
    phc_format(&phc, back);
    assert_string_equal(back, text);
}

static const char *const malformed[] = {
    "",
    "$",
    "$scrypt$",
    "$scrypt$ln=14,r=8,p=5",
    "$scrypt$ln=14,r=8,p=5$" SALT,
    "$scrypt$ln=14,r=8,p=5$" SALT "$",
    "$scrypt$ln=14,r=8,p=5$" SALT "$" HASH "$",
    "$scrypt$ln=14,r=8,p=5$" SALT "$" HASH "A",
    "$scrypt$ln=14,r=8,p=5$" SALT "A$" HASH,
    "$scrypt$ln=14,r=8,p=5$" SALT "=$" HASH,
    "$scrypt$ln=14,r=8,p=5$AAECAwQFBgcICQoLDA0ODx$" HASH,
    "$scrypt$ln=14,r=8,p=5$$" HASH,
    "scrypt$ln=14,r=8,p=5$" SALT "$" HASH,
    "$argon2id$ln=14,r=8,p=5$" SALT "$" HASH,
    "$Scrypt$ln=14,r=8,p=5$" SALT "$" HASH,
    "$scrypt$r=8,ln=14,p=5$" SALT "$" HASH,
    "$scrypt$ln=14,r=8$" SALT "$" HASH,
    "$scrypt$ln=14,r=8,p=5,x=1$" SALT "$" HASH,
    "$scrypt$ln=04,r=8,p=5$" SALT "$" HASH,
    "$scrypt$ln=014,r=8,p=5$" SALT "$" HASH,
    "$scrypt$ln=+14,r=8,p=5$" SALT "$" HASH,
    "$scrypt$ln=-1,r=8,p=5$" SALT "$" HASH,
    "$scrypt$ln= 14,r=8,p=5$" SALT "$" HASH,
    "$scrypt$ln=,r=8,p=5$" SALT "$" HASH,
    "$scrypt$ln=0,r=8,p=5$" SALT "$" HASH,
    "$scrypt$ln=25,r=8,p=5$" SALT "$" HASH,
    "$scrypt$ln=4294967310,r=8,p=5$" SALT "$" HASH,
    "$scrypt$ln=14,r=0,p=5$" SALT "$" HASH,
    "$scrypt$ln=14,r=33,p=5$" SALT "$" HASH,
    "$scrypt$ln=14,r=8,p=0$" SALT "$" HASH,
    "$scrypt$ln=14,r=8,p=17$" SALT "$" HASH,
    "$scrypt$ln=21,r=8,p=1$" SALT "$" HASH, /* 2 GiB */
    "$scrypt$ln=24,r=32,p=1$" SALT "$" HASH,
};

static void malformed_phc_is_an_error_and_never_a_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
        bool matches = false;

        assert_int_equal(password_check(bytes_of_text(""), malformed[i], &matches), ERR_INTERNAL);
        assert_false(matches);
    }
}

static void costs_beyond_the_bounds_are_never_computed(void **state)
{
    static const struct password_cost costs[] = {{0, 8, 1},  {4, 0, 1},  {4, 8, 0},  {25, 1, 1},
                                                 {4, 33, 1}, {4, 8, 17}, {21, 8, 1}, {64, 8, 1}};
    char phc[PHC_MAX] = "kept";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(costs); i++) {
        assert_int_equal(password_hash(bytes_of_text("x"), &costs[i], phc), ERR_INTERNAL);
        assert_int_equal(password_decoy(&costs[i], phc), ERR_INTERNAL);
        assert_string_equal(phc, "kept");
    }
    assert_true(phc_cost_valid(&(struct password_cost){20, 8, 16}));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scrypt_gives_the_vectors_of_rfc_7914),
    cmocka_unit_test(a_hash_knows_its_password_and_no_other),
    cmocka_unit_test(a_changed_salt_or_hash_matches_nothing),
    cmocka_unit_test(a_decoy_has_the_cost_and_matches_nothing),
    cmocka_unit_test(another_cost_asks_for_a_rehash),
    cmocka_unit_test(phc_text_goes_both_ways),
    cmocka_unit_test(malformed_phc_is_an_error_and_never_a_match),
    cmocka_unit_test(costs_beyond_the_bounds_are_never_computed),
};

RUN(tests)
