#include "core/user.h"

#include "support/runner.h"

enum { NOW = 1700000000 };

static const struct user empty;

static const uint8_t *token_id(uint8_t name)
{
    static uint8_t id[TOKEN_ID_BYTES];

    memset(id, name, sizeof id);
    return id;
}

static void give_token(struct user *u, uint8_t name, int64_t expires_s)
{
    struct step_token t = {.purpose = TOKEN_ACCOUNT,
                           .credential_version = u->credential_version,
                           .expires_s = expires_s};

    memset(t.id, name, sizeof t.id);
    user_add_token(u, &t);
}

static void give_authenticator(struct user *u, uint8_t name)
{
    struct authenticator *a = &u->authenticators[u->n_authenticators++];

    memset(a->id, name, sizeof a->id);
    a->key = (struct secret){.n = 20, .bytes = {name}};
}

static void give_recovery(struct user *u, unsigned n)
{
    memset(u->recovery.at[0].mac, 0xaa, SHA256_BYTES);
    u->recovery.n = n;
}

/* An enrolment of token 'E' that ends at EXPIRES_S, beside token 'A'. */
static void give_enrollment(struct user *u, enum enrollment_state state, int64_t expires_s)
{
    give_token(u, 'A', NOW + 1000);
    give_token(u, 'E', expires_s);
    u->enrollment.state = state;
    u->enrollment.expires_s = expires_s;
    u->enrollment.authenticator.key = (struct secret){.n = 20, .bytes = "a secret"};
    memcpy(u->enrollment.token, token_id('E'), TOKEN_ID_BYTES);
}

static void the_factor_state_follows_from_the_record(void **state)
{
    static const struct {
        unsigned authenticators;
        uint32_t failures;
        enum enrollment_state enrollment;
        int64_t expires_s;
        enum factor_state expected;
    } rows[] = {
        {0, 0, ENROLLMENT_NONE, 0, FACTOR_NOT_ENROLLED},
        {0, 100, ENROLLMENT_NONE, 0, FACTOR_NOT_ENROLLED},
        {0, 0, ENROLLMENT_PENDING, NOW + 1, FACTOR_PENDING},
        {0, 0, ENROLLMENT_PENDING, NOW, FACTOR_NOT_ENROLLED},
        {0, 0, ENROLLMENT_CONFIRMED, NOW + 1, FACTOR_CONFIRMED},
        {0, 100, ENROLLMENT_CONFIRMED, NOW + 1, FACTOR_CONFIRMED},
        {0, 0, ENROLLMENT_CONFIRMED, NOW - 1, FACTOR_NOT_ENROLLED},
        {1, 0, ENROLLMENT_NONE, 0, FACTOR_ACTIVE},
        {1, 99, ENROLLMENT_NONE, 0, FACTOR_ACTIVE},
        {1, 100, ENROLLMENT_NONE, 0, FACTOR_SUSPENDED},
        {1, 0, ENROLLMENT_PENDING, NOW + 1, FACTOR_ACTIVE},
        {1, 100, ENROLLMENT_CONFIRMED, NOW + 1, FACTOR_SUSPENDED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        auto_user u = {.code_lockout = {.failures = rows[i].failures},
                       .password_lockout = {.failures = 100},
                       .recovery_lockout = {.failures = 100},
                       .n_authenticators = rows[i].authenticators,
                       .enrollment = {.state = rows[i].enrollment, .expires_s = rows[i].expires_s}};

        if (user_factor_state(&u, NOW) != rows[i].expected)
            fail_msg("row %zu: %d", i, (int)user_factor_state(&u, NOW));
    }
}

static void spent_recovery_codes_are_not_left(void **state)
{
    auto_user u = {0};

    (void)state;
    assert_int_equal(user_recovery_left(&u), 0);
    u.recovery.n = 10;
    assert_int_equal(user_recovery_left(&u), 10);
    u.recovery.at[0].spent = u.recovery.at[9].spent = true;
    u.recovery.at[10].spent = true; /* no slot of the set */
    assert_int_equal(user_recovery_left(&u), 8);
    u.enrollment.recovery.n = 10; /* not in force yet */
    assert_int_equal(user_recovery_left(&u), 8);
}

static void changed_credentials_end_tokens_and_enrolment(void **state)
{
    auto_user u = {.credential_version = 7, .code_lockout = {.failures = 3}};

    (void)state;
    give_authenticator(&u, 1);
    give_enrollment(&u, ENROLLMENT_CONFIRMED, NOW + 600);
    user_credentials_changed(&u);
    assert_int_equal(u.credential_version, 8);
    assert_int_equal(u.n_tokens, 0);
    assert_memory_equal(u.tokens, empty.tokens, sizeof u.tokens);
    assert_memory_equal(&u.enrollment, &empty.enrollment, sizeof u.enrollment);
    assert_int_equal(u.n_authenticators, 1);
    assert_int_equal(u.code_lockout.failures, 3);
}

static void a_token_of_older_credentials_is_not_found(void **state)
{
    auto_user u = {.credential_version = 7};

    (void)state;
    give_token(&u, 'A', NOW + 1);
    assert_ptr_equal(user_find_token(&u, token_id('A')), &u.tokens[0]);
    assert_null(user_find_token(&u, token_id('B')));
    u.credential_version++;
    assert_null(user_find_token(&u, token_id('A')));
}

static void a_token_that_differs_in_its_last_bit_is_not_found(void **state)
{
    uint8_t id[TOKEN_ID_BYTES];
    auto_user u = {0};

    (void)state;
    give_token(&u, 'A', NOW + 1);
    memcpy(id, token_id('A'), sizeof id);
    id[TOKEN_ID_BYTES - 1] ^= 1;
    assert_null(user_find_token(&u, id));
}

static void what_time_has_ended_is_dropped(void **state)
{
    auto_user u = {0};

    (void)state;
    give_token(&u, 1, NOW - 1);
    give_token(&u, 2, NOW + 1);
    give_token(&u, 3, NOW);
    give_token(&u, 4, NOW + 9);
    user_expire(&u, NOW);
    assert_int_equal(u.n_tokens, 2);
    assert_int_equal(u.tokens[0].id[0], 2);
    assert_int_equal(u.tokens[1].id[0], 4);
    assert_memory_equal(&u.tokens[2], &empty.tokens[2], 2 * sizeof u.tokens[2]);
}

static void an_enrolment_ends_on_its_second_with_its_token(void **state)
{
    auto_user u = {0};

    (void)state;
    give_enrollment(&u, ENROLLMENT_PENDING, NOW);
    u.tokens[1].expires_s = NOW + 1000; /* the token alone would live on */
    user_expire(&u, NOW - 1);
    assert_int_equal(u.enrollment.state, ENROLLMENT_PENDING);
    assert_int_equal(u.n_tokens, 2);
    user_expire(&u, NOW);
    assert_memory_equal(&u.enrollment, &empty.enrollment, sizeof u.enrollment);
    assert_null(user_find_token(&u, token_id('E')));
    assert_non_null(user_find_token(&u, token_id('A')));
}

static void a_dropped_enrolment_takes_only_its_own_token(void **state)
{
    auto_user u = {0};

    (void)state;
    give_token(&u, 0, NOW + 1); /* the id that an empty enrolment has */
    user_drop_enrollment(&u);
    assert_int_equal(u.n_tokens, 1);
    give_enrollment(&u, ENROLLMENT_PENDING, NOW + 1);
    user_drop_enrollment(&u);
    assert_int_equal(u.n_tokens, 2);
    assert_null(user_find_token(&u, token_id('E')));
    assert_memory_equal(&u.enrollment, &empty.enrollment, sizeof u.enrollment);
}

static void a_removed_authenticator_leaves_no_gap_and_no_key(void **state)
{
    (void)state;
    for (unsigned gone = 0; gone < AUTHENTICATORS_MAX; gone++) {
        auto_user u = {0};

        for (unsigned i = 0; i < AUTHENTICATORS_MAX; i++)
            give_authenticator(&u, (uint8_t)(i + 1));
        give_recovery(&u, 10);
        user_remove_authenticator(&u, gone);
        assert_int_equal(u.n_authenticators, AUTHENTICATORS_MAX - 1);
        for (unsigned i = 0; i < u.n_authenticators; i++)
            assert_int_equal(u.authenticators[i].id[0], i + (i < gone ? 1 : 2));
        assert_memory_equal(&u.authenticators[AUTHENTICATORS_MAX - 1], &empty.authenticators[0],
                            sizeof empty.authenticators[0]);
        assert_int_equal(u.recovery.n, 10);
    }
}

static void the_last_authenticator_takes_the_recovery_codes_but_no_counter(void **state)
{
    auto_user u = {.code_lockout = {.failures = 42, .until_s = NOW},
                   .recovery_lockout = {.failures = 43, .until_s = NOW}};

    (void)state;
    give_authenticator(&u, 1);
    give_recovery(&u, 10);
    user_remove_authenticator(&u, 0);
    assert_int_equal(u.n_authenticators, 0);
    assert_memory_equal(&u.recovery, &empty.recovery, sizeof u.recovery);
    assert_int_equal(u.code_lockout.failures, 42);
    assert_int_equal(u.recovery_lockout.failures, 43);
}

static void the_oldest_token_gives_way(void **state)
{
    auto_user u = {0};

    (void)state;
    for (uint8_t i = 1; i <= STEP_TOKENS_MAX + 2; i++)
        give_token(&u, i, NOW + 1);
    assert_int_equal(u.n_tokens, STEP_TOKENS_MAX);
    for (unsigned i = 0; i < STEP_TOKENS_MAX; i++)
        assert_int_equal(u.tokens[i].id[0], i + 3);
}

static void a_spent_token_is_gone_and_only_it(void **state)
{
    auto_user u = {0};

    (void)state;
    for (uint8_t i = 1; i <= STEP_TOKENS_MAX; i++)
        give_token(&u, i, NOW + 1);
    user_spend_token(&u, token_id(99));
    assert_int_equal(u.n_tokens, STEP_TOKENS_MAX);
    user_spend_token(&u, u.tokens[2].id);
    user_spend_token(&u, token_id(3));
    assert_int_equal(u.n_tokens, STEP_TOKENS_MAX - 1);
    assert_null(user_find_token(&u, token_id(3)));
    assert_int_equal(u.tokens[2].id[0], 4);
    assert_int_equal(u.tokens[u.n_tokens - 1].id[0], STEP_TOKENS_MAX);
}

/* A user of whose every part so much is in use, and all of that set. */
static struct user filled(unsigned authenticators, unsigned tokens, unsigned slots,
                          enum enrollment_state state)
{
    struct user u;

    memset(&u, 0, sizeof u);
    memset(&u, 0xee, offsetof(struct user, recovery));
    u.n_authenticators = authenticators;
    u.n_tokens = tokens;
    memset(u.authenticators, 0xee, authenticators * sizeof u.authenticators[0]);
    memset(u.tokens, 0xee, tokens * sizeof u.tokens[0]);
    memset(&u.recovery, slots ? 0xee : 0, sizeof u.recovery);
    u.recovery.n = slots;
    memset(&u.enrollment, state ? 0xee : 0, sizeof u.enrollment);
    u.enrollment.state = state;
    return u;
}

static void wiping_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned a = 0; a <= AUTHENTICATORS_MAX; a++)
        for (unsigned t = 0; t <= STEP_TOKENS_MAX; t++)
            for (unsigned rest = 0; rest < 6; rest++) {
                struct user u = filled(a, t, rest % 2 ? RECOVERY_CODES_MAX : 0,
                                       (enum enrollment_state)(rest / 2));

                user_wipe(&u);
                if (memcmp(&u, &empty, sizeof u) != 0)
                    fail_msg("%u authenticators, %u tokens, rest %u", a, t, rest);
            }
}

/* The hash before is gone, to its last byte, in both forms. */
static void a_new_password_leaves_nothing_of_the_old_one(void **state)
{
    struct user u, expected = {.password_phc = "$new"};

    (void)state;
    u = empty;
    memset(u.password_phc, 'x', sizeof u.password_phc - 1);
    memset(u.sealed_password, 'x', sizeof u.sealed_password);
    u.n_sealed_password = sizeof u.sealed_password;
    user_set_password(&u, "$new");
    assert_memory_equal(&u, &expected, sizeof u);
    user_set_password(&u, "");
    assert_memory_equal(&u, &empty, sizeof u);
}

/* Whatever its state says. */
static void wiping_takes_the_key_of_an_enrolment(void **state)
{
    struct user u = {.enrollment = {.state = ENROLLMENT_NONE}};

    (void)state;
    memset(&u.enrollment.authenticator.key, 0xee, sizeof u.enrollment.authenticator.key);
    user_wipe(&u);
    assert_memory_equal(&u, &empty, sizeof u);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_factor_state_follows_from_the_record),
    cmocka_unit_test(spent_recovery_codes_are_not_left),
    cmocka_unit_test(changed_credentials_end_tokens_and_enrolment),
    cmocka_unit_test(a_token_of_older_credentials_is_not_found),
    cmocka_unit_test(a_token_that_differs_in_its_last_bit_is_not_found),
    cmocka_unit_test(what_time_has_ended_is_dropped),
    cmocka_unit_test(an_enrolment_ends_on_its_second_with_its_token),
    cmocka_unit_test(a_dropped_enrolment_takes_only_its_own_token),
    cmocka_unit_test(a_removed_authenticator_leaves_no_gap_and_no_key),
    cmocka_unit_test(the_last_authenticator_takes_the_recovery_codes_but_no_counter),
    cmocka_unit_test(the_oldest_token_gives_way),
    cmocka_unit_test(wiping_leaves_nothing),
    cmocka_unit_test(wiping_takes_the_key_of_an_enrolment),
    cmocka_unit_test(a_new_password_leaves_nothing_of_the_old_one),
    cmocka_unit_test(a_spent_token_is_gone_and_only_it),
};
RUN(tests)
