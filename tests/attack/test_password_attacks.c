/* A46, A08, A66: a password is asked before a code, by few at a time, and one after the other. */
#include "support/by_hand.h"
#include "support/runner.h"

#include <stdlib.h>

/* A46: without the right password a right code is worth nothing, and stays unspent. */
static void attack_A46_right_code_wrong_password(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    app_code(&e.app, s, 0, code);
    EXPECT(ERR_WRONG_CREDENTIALS,
           ASK(s, "login.login", {"username", "ada"}, {"password", "wrong horse"}, {"code", code}));
    EXPECT(ERR_VALIDATION,
           ASK(s, "login.login", {"username", "ada"}, {"password", ""}, {"code", code}));
    EXPECT(ERR_VALIDATION, ASK(s, "login.login", {"username", "ada"}, {"code", code}));
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
}

enum { FLOOD = 40, POOL = 16 /* queue_max of support/service.c */ };

static struct exchange *named_arrives(struct service *s, const char *org, size_t i)
{
    char name[32];

    snprintf(name, sizeof name, "user%zu", i);
    return hand_in_at(
        s, org, "login.login",
        (const struct field[]){{"username", name}, {"password", PASSWORD}, {NULL, NULL}});
}

static unsigned count_exhausted(struct exchange **batch, size_t n)
{
    unsigned exhausted = 0;

    for (size_t i = 0; i < n; i++)
        exhausted +=
            exchange_answer(batch[i]).done && exchange_answer(batch[i]).err == ERR_EXHAUSTED;
    return exhausted;
}

static void finish_all(struct service *s, struct exchange **batch, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)hand_finish(s, batch[i]);
        exchange_free(batch[i]);
    }
}

/* A66: what exceeds the pool is refused at once, and no organization gets more than half of it. */
static void attack_A66_a_flood_leaves_room_for_others(void **state)
{
    struct service *s = *state;
    struct exchange *flood[FLOOD], *other;

    s->org = "other";
    EXPECT(ERR_OK, ASK(s, "admin.put_policy", {"policy", NULL}));
    s->org = NULL;
    for (size_t i = 0; i < FLOOD; i++)
        flood[i] = named_arrives(s, "default", i);
    hand_run(s, flood, FLOOD);
    assert_int_equal(count_exhausted(flood, FLOOD), FLOOD - POOL / 2);
    other = named_arrives(s, "other", 1);
    hand_run(s, &other, 1);
    assert_int_equal(hand_finish(s, other), ERR_WRONG_CREDENTIALS);
    exchange_free(other);
    finish_all(s, flood, FLOOD);
}

/* A66: a guesser of one name has no more hashes than can be judged, and is not charged for the
 * rest. */
static void attack_A66_one_name_gets_few_hashes(void **state)
{
    struct service *s = *state;
    struct exchange *flood[FLOOD];

    service_put_user(s, "ada", PASSWORD);
    for (size_t i = 0; i < FLOOD; i++)
        flood[i] = hand_in_login(s, PASSWORD);
    hand_run(s, flood, FLOOD);
    assert_int_equal(count_exhausted(flood, FLOOD), FLOOD - HASHES_PER_USER);
    finish_all(s, flood, FLOOD);
    assert_int_equal(EXPECT(ERR_WRONG_CREDENTIALS,
                            ASK(s, "login.login", {"username", "ada"}, {"password", "wrong horse"}))
                         .attempts_left,
                     4);
}

/* A08 for passwords: what was hashed side by side is still judged one after the other. */
static void attack_A08_parallel_passwords(void **state)
{
    struct service *s = *state;
    struct exchange *batch[HASHES_PER_USER];
    unsigned evaluated = 0;

    service_put_user(s, "ada", PASSWORD);
    for (unsigned i = 0; i < 4; i++)
        EXPECT(ERR_WRONG_CREDENTIALS,
               ASK(s, "login.login", {"username", "ada"}, {"password", "wrong horse"}));
    for (size_t i = 0; i < HASHES_PER_USER; i++)
        batch[i] = hand_in_login(s, i < HASHES_PER_USER - 1 ? "wrong horse" : PASSWORD);
    hand_run(s, batch, HASHES_PER_USER);
    for (size_t i = 0; i < HASHES_PER_USER; i++)
        evaluated += hand_finish(s, batch[i]) == ERR_WRONG_CREDENTIALS;
    assert_int_equal(evaluated, 2); /* the fifth and the sixth failure; the sixth starts the wait */
    assert_int_equal(exchange_answer(batch[HASHES_PER_USER - 1]).err, ERR_LOCKED);
    for (size_t i = 0; i < HASHES_PER_USER; i++)
        exchange_free(batch[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A46_right_code_wrong_password, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A66_a_flood_leaves_room_for_others, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A66_one_name_gets_few_hashes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A08_parallel_passwords, set_up, tear_down),
};
RUN(tests)
