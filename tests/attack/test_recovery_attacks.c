/* Recovery codes that were used, guessed, made up, or are somebody else's. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

static void attack_A19_each_code_works_once(void **state)
{
    struct service *s = *state;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    for (size_t i = 0; i < e.n_codes; i++) {
        assert_int_equal(service_verify_recovery(s, "ada", e.codes[i]), ERR_OK);
        assert_int_equal(service_verify_recovery(s, "ada", e.codes[i]), ERR_CODE_REJECTED);
        service_last_event(s, "verification.failed", REASON(USED_RECOVERY_CODE));
    }
    service_restart(s);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_CODE_REJECTED);
}

/* The same for recovery codes (A19). */
static void attack_A19_recovery_code_spent_by_another_verb(void **state)
{
    struct service *s = *state;
    char username[64];

    for (size_t i = 0; i < n_verbs; i++)
        for (size_t k = 0; k < n_verbs; k++) {
            struct enrolled e = {.n_codes = 0};

            if (!(verbs[i].takes & verbs[k].takes & TAKES_RECOVERY) ||
                strcmp(verbs[i].method, "enrollment.disable") == 0)
                continue;
            snprintf(username, sizeof username, "user-%zu-%zu", i, k);
            service_enroll(s, username, &e);
            EXPECT(ERR_OK, offer(s, &verbs[i], username, BY_RECOVERY(e.codes[0])));
            if (offer(s, &verbs[k], username, BY_RECOVERY(e.codes[0])).err != ERR_CODE_REJECTED)
                fail_msg("%s after %s", verbs[k].method, verbs[i].method);
        }
}

enum { COPIES = 64 };

static void attack_A20_one_code_sixty_four_times_in_one_batch(void **state)
{
    static struct sent copies[COPIES];
    static struct got got[COPIES];
    struct service *s = *state;
    struct enrolled e;
    unsigned accepted = 0;

    service_enroll(s, "ada", &e);
    for (size_t i = 0; i < COPIES; i++)
        copies[i] = (struct sent){.method = "verification.verify"};
    copies[0].fields = FIELDS({"username", "ada"}, {"recovery_code", e.codes[4]});
    for (size_t i = 1; i < COPIES; i++)
        copies[i].fields = copies[0].fields;
    service_together(s, copies, COPIES, got);
    for (size_t i = 0; i < COPIES; i++)
        accepted += got[i].err == ERR_OK;
    got_free(got, COPIES);
    assert_int_equal(accepted, 1);
    assert_int_equal(status(s, "ada").recovery_left, 9);
}

static void attack_A21_codes_are_of_one_user_of_one_org(void **state)
{
    struct service *s = *state;
    struct enrolled ada, eve, other;

    service_enroll(s, "ada", &ada);
    service_enroll(s, "eve", &eve);
    s->org = "other";
    EXPECT(ERR_OK, ASK(s, "admin.put_policy", {NULL, NULL}));
    service_enroll(s, "ada", &other);
    assert_int_equal(service_verify_recovery(s, "ada", ada.codes[0]), ERR_CODE_REJECTED);
    s->org = NULL;
    assert_int_equal(service_verify_recovery(s, "ada", eve.codes[0]), ERR_CODE_REJECTED);
    assert_int_equal(service_verify_recovery(s, "ada", other.codes[0]), ERR_CODE_REJECTED);
    assert_int_equal(service_verify_recovery(s, "ada", ada.codes[0]), ERR_OK);
    assert_int_equal(service_verify_recovery(s, "eve", eve.codes[0]), ERR_OK);
}

/* A code is compared as a whole: one whose stored MAC differs in a single bit, in whichever byte,
 * is somebody else's. */
static void attack_A21_A24_every_byte_of_a_code_counts(void **state)
{
    struct service *s = *state;
    struct user whole, other;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    peek_user(s, "ada", &whole);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        other = whole;
        other.recovery.at[0].mac[i] ^= (uint8_t)(1U << i % 8);
        poke_user(s, "ada", &other);
        assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_CODE_REJECTED);
        service_last_event(s, "verification.failed", REASON(WRONG_RECOVERY_CODE));
    }
    poke_user(s, "ada", &whole);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
}

static void attack_A23_other_strings_are_no_codes(void **state)
{
    static const char *const shapes[] = {
        "",
        "0",
        "123456",
        "00000",
        "null",
        "-----",
        "00000-00000-00000-00000-0000",
        "00000-00000-00000-00000-000000",
        "U0000-00000-00000-00000-00000",
        "0000\xc3\xa9-00000-00000-00000-00000",
        "%00000-00000-00000-00000-0000",
        "\xef\xbc\x90-00000-00000-00000-00000-0000",
        "00000_00000_00000_00000_00000",
    };
    struct service *s = *state;
    struct standing before, after;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    peek_standing(s, "ada", &before);
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        assert_int_equal(service_verify_recovery(s, "ada", shapes[i]), ERR_VALIDATION);
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
}

static void attack_A24_guessing_waits_and_leaves_codes_alone(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    for (int i = 0; i < 6; i++)
        assert_int_equal(service_verify_recovery(s, "ada", WRONG_RECOVERY), ERR_CODE_REJECTED);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_LOCKED);
    service_last_event(s, "verification.failed", REASON(LOCKED));
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    /* The success of a code is not that of a recovery code. */
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_LOCKED);
    service_advance(s, 30);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
}

static void attack_A23_nor_in_any_other_verb(void **state)
{
    static const char *const shapes[] = {"", "0", "true", "123456", "*", "' OR 1=1 --"};
    struct service *s = *state;
    struct enrolled e;
    struct user user;

    service_enroll(s, "ada", &e);
    for (size_t i = 0; i < n_verbs; i++)
        for (size_t k = 0; k < ARRAY_LEN(shapes); k++)
            if (verbs[i].takes & TAKES_RECOVERY)
                EXPECT(ERR_VALIDATION, offer(s, &verbs[i], "ada", BY_RECOVERY(shapes[k])));
    peek_user(s, "ada", &user);
    assert_int_equal(user.recovery_lockout.failures, 0);
    assert_int_equal(user_recovery_left(&user), 10);
}

/* A24: at least 112 bits, and every character of a code is as random as the others: over 160 codes
 * each place shows nearly the whole alphabet. */
static void attack_A24_a_code_cannot_be_guessed(void **state)
{
    enum { USERS = 10, PLACES = 29 };
    struct service *s = *state;
    uint32_t seen[PLACES][4] = {{0}};
    char username[32];

    _Static_assert(RECOVERY_RANDOM_BYTES * 8 >= 112, "NIST SP 800-63B-4, section 3.1.2.2");
    set_policy(s, "recovery_code_count", 16);
    for (int i = 0; i < USERS; i++) {
        struct enrolled e;

        snprintf(username, sizeof username, "user-%d", i);
        service_enroll(s, username, &e);
        for (size_t k = 0; k < e.n_codes; k++)
            for (size_t at = 0; at < PLACES; at++)
                seen[at][e.codes[k][at] / 32] |= 1U << e.codes[k][at] % 32;
    }
    for (size_t at = 1; at < PLACES; at++) {
        int characters = 0;

        for (size_t i = 0; i < 4; i++)
            characters += __builtin_popcount(seen[at][i]);
        assert_true(at % 6 == 5 ? characters == 1 : characters >= 24);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A19_each_code_works_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A19_recovery_code_spent_by_another_verb, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A20_one_code_sixty_four_times_in_one_batch, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A21_codes_are_of_one_user_of_one_org, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A21_A24_every_byte_of_a_code_counts, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A23_other_strings_are_no_codes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A24_guessing_waits_and_leaves_codes_alone, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A23_nor_in_any_other_verb, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A24_a_code_cannot_be_guessed, set_up, tear_down),
};
RUN(tests)
