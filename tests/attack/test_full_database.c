/*
 * A67, A45: a database without room. Nothing that must be written is decided, nothing is half done,
 * nobody learns for free whether a guess was right; when there is room, the service goes on.
 */
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

enum { FILLERS_MAX = 4000, REFUSALS = 5 };

/* A service of one megabyte with ada enrolled, filled with users until none fits any more. */
struct full {
    struct service s;
    struct enrolled e;
    unsigned fillers;
};

static enum err put_filler(struct service *s, unsigned n)
{
    char name[32];

    snprintf(name, sizeof name, "filler-%06u", n);
    return ASK(s, "admin.put_user", {"username", name}, {"password", PASSWORD}).err;
}

static int fill(void **state)
{
    struct full *f = calloc(1, sizeof *f);
    unsigned refused = 0;

    assert_non_null(f);
    f->s.size_mb = 1;
    service_start(&f->s);
    service_enroll(&f->s, "ada", &f->e);
    while (refused < REFUSALS && f->fillers < FILLERS_MAX) {
        enum err err = put_filler(&f->s, f->fillers);

        assert_true(err == ERR_OK || err == ERR_UNAVAILABLE);
        refused += err == ERR_UNAVAILABLE;
        f->fillers += err == ERR_OK;
    }
    assert_int_equal(refused, REFUSALS);
    *state = f;
    return 0;
}

static int empty(void **state)
{
    struct full *f = *state;

    service_stop(&f->s);
    free(f);
    return 0;
}

static void make_room(struct full *f)
{
    for (unsigned i = 0; i < f->fillers / 2; i++) {
        char name[32];

        snprintf(name, sizeof name, "filler-%06u", i);
        EXPECT(ERR_OK, ASK(&f->s, "admin.delete_user", {"username", name}));
    }
    assert_int_equal(
        dispatcher_tidy(f->s.dispatcher, &(struct outbox_taken){.position = UINT64_MAX}), ERR_OK);
}

static void attack_A67_no_decision_is_taken_and_none_is_lost(void **state)
{
    struct full *f = *state;
    struct service *s = &f->s;
    struct standing before, after;
    char code[OTP_DIGITS_MAX + 1];

    app_code(&f->e.app, s, 0, code);
    peek_standing(s, "ada", &before);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(service_verify(s, "ada", code), ERR_UNAVAILABLE);
        assert_int_equal(service_verify_recovery(s, "ada", f->e.codes[0]), ERR_UNAVAILABLE);
        EXPECT(ERR_UNAVAILABLE,
               ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}, {"code", code}));
        EXPECT(ERR_UNAVAILABLE,
               ASK(s, "login.confirm_password", {"username", "ada"}, {"password", PASSWORD}));
        EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.issue_step_token", {"username", "ada"}));
        EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.put_policy", {NULL, NULL}));
    }
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
    assert_int_equal(status(s, "ada").state, ACTIVE); /* reading goes on */
    make_room(f);
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
    assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
    assert_int_equal(service_verify_recovery(s, "ada", f->e.codes[0]), ERR_OK);
}

static void answer_alike(struct service *s, const char *method, const struct field *right,
                         const struct field *wrong)
{
    struct got a = service_sent(s, &(struct sent){.method = method, .fields = right});
    struct got b = service_sent(s, &(struct sent){.method = method, .fields = wrong});

    assert_int_equal(a.err, ERR_UNAVAILABLE);
    if (!got_same(&a, &b))
        fail_msg("%s tells right from wrong", method);
    got_free(&a, 1);
    got_free(&b, 1);
}

/* Byte for byte: a failure that could not be written down must not be told either. */
static void attack_A67_a_guess_is_not_evaluated_for_free(void **state)
{
    struct full *f = *state;
    struct service *s = &f->s;
    char right[OTP_DIGITS_MAX + 1], wrong[OTP_DIGITS_MAX + 1];

    app_code(&f->e.app, s, 0, right);
    app_wrong_code(&f->e.app, s, wrong);
    answer_alike(s, "verification.verify", FIELDS({"username", "ada"}, {"code", right}),
                 FIELDS({"username", "ada"}, {"code", wrong}));
    answer_alike(s, "verification.verify",
                 FIELDS({"username", "ada"}, {"recovery_code", f->e.codes[3]}),
                 FIELDS({"username", "ada"}, {"recovery_code", WRONG_RECOVERY}));
    answer_alike(s, "login.login", FIELDS({"username", "ada"}, {"password", PASSWORD}),
                 FIELDS({"username", "ada"}, {"password", "wrong horse"}));
    answer_alike(s, "login.confirm_password", FIELDS({"username", "ada"}, {"password", PASSWORD}),
                 FIELDS({"username", "ada"}, {"password", "wrong horse"}));
    answer_alike(s, "login.login",
                 FIELDS({"username", "ada"}, {"password", PASSWORD}, {"code", right}),
                 FIELDS({"username", "ada"}, {"password", PASSWORD}, {"code", wrong}));
}

/* In one batch: those that only read are answered, the others are not. */
static void readers_in_the_batch_are_answered(void **state)
{
    struct full *f = *state;
    struct service *s = &f->s;
    const struct field *ada = FIELDS({"username", "ada"});
    struct sent batch[] = {{.method = "verification.get_status", .fields = ada},
                           {.method = "admin.unlock", .fields = ada},
                           {.method = "verification.get_status", .fields = ada}};
    struct got got[3];

    service_together(s, batch, 3, got);
    assert_int_equal(got[0].err, ERR_OK);
    assert_int_equal(got[1].err, ERR_UNAVAILABLE);
    assert_int_equal(got[2].err, ERR_OK);
    got_free(got, 3);
}

static void a_full_database_survives_a_restart(void **state)
{
    struct full *f = *state;
    char code[OTP_DIGITS_MAX + 1];

    make_room(f);
    service_restart(&f->s);
    assert_int_equal(service_verify(&f->s, "ada", app_code(&f->e.app, &f->s, 0, code)), ERR_OK);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A67_no_decision_is_taken_and_none_is_lost, fill, empty),
    cmocka_unit_test_setup_teardown(attack_A67_a_guess_is_not_evaluated_for_free, fill, empty),
    cmocka_unit_test_setup_teardown(readers_in_the_batch_are_answered, fill, empty),
    cmocka_unit_test_setup_teardown(a_full_database_survives_a_restart, fill, empty),
};
RUN(tests)
