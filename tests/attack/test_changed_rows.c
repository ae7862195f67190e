/* A44, A56: rows that were changed, cut, rolled back or made by another version. */
#include "support/damage.h"
#include "support/runner.h"
#include "support/trail.h"

#include <stdlib.h>

static void attack_A44_a_changed_or_cut_row_opens_nothing(void **state)
{
    struct service *s = *state;
    struct damage row = {.who = "ada"}, spoilt;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    change_rows(s, read_row, &row);
    for (size_t i = 0; i < row.n; i += row.n / 24) {
        spoilt = row;
        spoilt.bytes[i] ^= 0x10;
        change_rows(s, write_row, &spoilt);
        opens_nothing(s, &e);
        spoilt = row;
        spoilt.n = i;
        change_rows(s, write_row, &spoilt);
        opens_nothing(s, &e);
    }
    change_rows(s, write_row, &row);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
}

/* The first byte is the version of the format, the next four the key's id. */
static void attack_A44_a_row_of_another_version_or_key_opens_nothing(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 0}, {0, 2}, {0, 255}, {4, 2}, {1, 1}};
    struct service *s = *state;
    struct damage row = {.who = "ada"}, spoilt;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    change_rows(s, read_row, &row);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        spoilt = row;
        spoilt.bytes[changes[i].at] = changes[i].value;
        change_rows(s, write_row, &spoilt);
        opens_nothing(s, &e);
    }
}

/* Is there a number that two events of USERNAME have? */
static bool numbers_twice(const struct trail *t, const char *username)
{
    bool twice = false;

    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < i; k++)
            twice |= strcmp(t->events[i]->username, username) == 0 &&
                     strcmp(t->events[k]->username, username) == 0 &&
                     t->events[i]->sequence == t->events[k]->sequence;
    return twice;
}

/* A56: an older copy of a row carries a valid MAC, and the store lets it pass (service/DESIGN.md,
 * security argument 6). What is decided then has a number that the trail has already. */
static void attack_A56_a_row_rolled_back_shows_in_the_chain(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;
    struct user older;
    struct trail *t;

    service_enroll(s, "ada", &e);
    peek_user(s, "ada", &older);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    t = trail_read(s);
    assert_true(trail_follow(t, "default", "ada") > 0);
    assert_false(numbers_twice(t, "ada"));
    trail_free(t);
    poke_user(s, "ada", &older);
    (void)service_verify(s, "ada", code);
    t = trail_read(s);
    assert_int_equal(trail_follow(t, "default", "ada"), 0);
    assert_true(numbers_twice(t, "ada"));
    trail_free(t);
}

static void no_state(Twofold__Record__User *u)
{
    u->tokens[0]->purpose = TWOFOLD__RECORD__STEP_TOKEN__PURPOSE__UNSPECIFIED;
}

static void unknown_purpose(Twofold__Record__User *u)
{
    u->tokens[0]->purpose = (Twofold__Record__StepToken__Purpose)9;
}

static void unknown_algorithm(Twofold__Record__User *u)
{
    u->authenticators[0]->algorithm = (Twofold__Record__Algorithm)7;
}

static void no_digits(Twofold__Record__User *u)
{
    u->authenticators[0]->digits = 0;
}

static void no_period(Twofold__Record__User *u)
{
    u->authenticators[0]->period_s = 0;
}

static void no_id(Twofold__Record__User *u)
{
    u->authenticators[0]->id.len = 0;
}

static void half_a_mac(Twofold__Record__User *u)
{
    u->recovery->macs.len -= 16;
}

/* What another version may have meant is not guessed at, though the MAC be right. */
static void attack_A44_missing_and_unknown_fields_open_nothing(void **state)
{
    static void (*const changes[])(Twofold__Record__User *) = {
        no_state, unknown_purpose, unknown_algorithm, no_digits, no_period, no_id, half_a_mac};
    struct service *s = *state;
    struct damage row = {.who = "ada"};
    struct enrolled e;

    service_enroll(s, "ada", &e);
    free(service_issue(s, "ada"));
    change_rows(s, read_row, &row);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct rewrite rewrite = {s->keyring_file, changes[i]};

        change_rows(s, rewrite_row, &rewrite);
        opens_nothing(s, &e);
        change_rows(s, write_row, &row);
    }
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A44_a_changed_or_cut_row_opens_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A44_a_row_of_another_version_or_key_opens_nothing,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A56_a_row_rolled_back_shows_in_the_chain, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A44_missing_and_unknown_fields_open_nothing, set_up,
                                    tear_down),
};
RUN(tests)
