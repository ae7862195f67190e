/* Rule 12: passwords are hashed elsewhere, by few, and judged as they are when the hash is ready.
 */
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>
#include <time.h>

/* --- Requests by hand: they arrive, run, and are collected when the test says so --- */

static struct exchange *arrive_at(struct service *s, const char *org, const char *method,
                                  const struct field *fields)
{
    char subject[128];
    size_t n;
    uint8_t *packed = pack(s, method, fields, &n);
    struct incoming in = {.subject = subject,
                          .reply_to = "_INBOX.test",
                          .payload = {.p = packed, .n = n},
                          .request_id = "",
                          .traceparent = "",
                          .actor = ""};
    struct exchange *x;

    snprintf(subject, sizeof subject, "twofold.v1.%s.%s", org, method);
    x = exchange_new(s->dispatcher, &in);
    assert_non_null(x);
    free(packed);
    return x;
}

static struct exchange *arrive(struct service *s, const char *method, const struct field *fields)
{
    return arrive_at(s, "default", method, fields);
}

static struct exchange *login_arrives(struct service *s, const char *password)
{
    return arrive(
        s, "login.login",
        (const struct field[]){{"username", "ada"}, {"password", password}, {NULL, NULL}});
}

static void run(struct service *s, struct exchange **batch, size_t n)
{
    assert_int_equal(dispatcher_run(s->dispatcher, batch, n), ERR_OK);
}

/* Waits for the next finished hash. */
static struct exchange *collect(struct service *s)
{
    struct exchange *x = NULL;

    for (int i = 0; i < 20000 && !x; i++) {
        struct timespec pause = {.tv_nsec = 500000};

        x = dispatcher_collect(s->dispatcher);
        if (!x)
            nanosleep(&pause, NULL);
    }
    assert_non_null(x);
    return x;
}

/* Collects and runs until X is answered. */
static enum err finish(struct service *s, struct exchange *x)
{
    for (int i = 0; i < 100 && !exchange_answer(x).done; i++) {
        struct exchange *next = collect(s);

        run(s, &next, 1);
    }
    assert_true(exchange_answer(x).done);
    return exchange_answer(x).err;
}

static void rule_12_no_code_waits_for_a_hash(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct exchange *batch[2];

    service_enroll(s, "ada", &e);
    batch[0] = login_arrives(s, PASSWORD);
    batch[1] =
        arrive(s, "verification.verify",
               (const struct field[]){
                   {"username", "ada"}, {"code", app_code(&e.app, s, 0, code)}, {NULL, NULL}});
    run(s, batch, 2);
    assert_false(exchange_answer(batch[0]).done);
    assert_true(exchange_answer(batch[1]).done);
    assert_int_equal(exchange_answer(batch[1]).err, ERR_OK);
    assert_int_equal(dispatcher_hashing(s->dispatcher), 1);
    service_advance(s, 30);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
    assert_int_equal(finish(s, batch[0]), ERR_OK);
    assert_int_equal(dispatcher_hashing(s->dispatcher), 0);
    exchange_free(batch[0]);
    exchange_free(batch[1]);
}

enum { FLOOD = 40, POOL = 16 /* queue_max of support/service.c */ };

static struct exchange *named_arrives(struct service *s, const char *org, size_t i)
{
    char name[32];

    snprintf(name, sizeof name, "user%zu", i);
    return arrive_at(
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
        (void)finish(s, batch[i]);
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
    run(s, flood, FLOOD);
    assert_int_equal(count_exhausted(flood, FLOOD), FLOOD - POOL / 2);
    other = named_arrives(s, "other", 1);
    run(s, &other, 1);
    assert_int_equal(finish(s, other), ERR_WRONG_CREDENTIALS);
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
        flood[i] = login_arrives(s, PASSWORD);
    run(s, flood, FLOOD);
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
        batch[i] = login_arrives(s, i < HASHES_PER_USER - 1 ? "wrong horse" : PASSWORD);
    run(s, batch, HASHES_PER_USER);
    for (size_t i = 0; i < HASHES_PER_USER; i++)
        evaluated += finish(s, batch[i]) == ERR_WRONG_CREDENTIALS;
    assert_int_equal(evaluated, 2); /* the fifth and the sixth failure; the sixth starts the wait */
    assert_int_equal(exchange_answer(batch[HASHES_PER_USER - 1]).err, ERR_LOCKED);
    for (size_t i = 0; i < HASHES_PER_USER; i++)
        exchange_free(batch[i]);
}

/* The password is changed, by way of CHANGE, while a login with OFFERED is being hashed. */
static enum err changed_meanwhile(struct service *s, const char *offered, const char *change,
                                  const struct field *fields)
{
    struct exchange *login, *other;
    enum err err;

    service_put_user(s, "ada", PASSWORD);
    login = login_arrives(s, offered);
    run(s, &login, 1);
    assert_ptr_equal(collect(s), login); /* its hash is ready, but the change comes first */
    other = arrive(s, change, fields);
    run(s, &other, 1);
    assert_int_equal(finish(s, other), ERR_OK);
    run(s, &login, 1);
    err = finish(s, login);
    exchange_free(login);
    exchange_free(other);
    return err;
}

static void rule_12_a_password_changed_while_it_was_hashed(void **state)
{
    static const struct field change[] = {
        {"username", "ada"}, {"password", "another horse"}, {NULL, NULL}};
    static const struct field name[] = {{"username", "ada"}, {NULL, NULL}};
    struct service *s = *state;

    assert_int_equal(changed_meanwhile(s, PASSWORD, "admin.put_user", change),
                     ERR_WRONG_CREDENTIALS);
    assert_int_equal(changed_meanwhile(s, "another horse", "admin.put_user", change), ERR_OK);
    assert_int_equal(changed_meanwhile(s, PASSWORD, "admin.delete_user", name),
                     ERR_WRONG_CREDENTIALS);
    service_last_event(s, "login.failed", REASON(UNKNOWN_USER));
}

/* A lock costs the service nothing: a locked user's password is not even hashed. */
static void rule_12_a_locked_password_is_not_hashed(void **state)
{
    struct service *s = *state;
    struct exchange *x;

    for (int i = 0; i < 6; i++)
        EXPECT(ERR_WRONG_CREDENTIALS,
               ASK(s, "login.login", {"username", "ada"}, {"password", "wrong horse"}));
    x = login_arrives(s, PASSWORD);
    run(s, &x, 1);
    assert_true(exchange_answer(x).done);
    assert_int_equal(exchange_answer(x).err, ERR_LOCKED);
    assert_int_equal(dispatcher_hashing(s->dispatcher), 0);
    exchange_free(x);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_12_no_code_waits_for_a_hash, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A66_a_flood_leaves_room_for_others, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A66_one_name_gets_few_hashes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A08_parallel_passwords, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_12_a_password_changed_while_it_was_hashed, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_12_a_locked_password_is_not_hashed, set_up, tear_down),
};
RUN(tests)
