/*
 * Rule 3, A45: whatever breaks between decode and commit, the answer is an error and nothing has
 * happened; and one request that breaks does not spoil the others of its batch.
 */
#include "support/broken_store.h"
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

/* A request that would be accepted, made afresh for every try; ada is enrolled. */
struct stage {
    struct service s;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];
    char *token;
};

static const struct act {
    const char *method;
    bool name, password, token, code;
} acts[] = {
    {"login.confirm_password", true, true, false, false},
    {"login.login", true, true, false, true},
    {"login.login", true, false, true, true},
    {"enrollment.begin", false, false, true, true},
    {"enrollment.disable", false, false, true, true},
    {"enrollment.regenerate_recovery_codes", false, false, true, true},
    {"verification.verify", true, false, false, true},
    {"admin.put_user", true, true, false, false},
    {"admin.delete_user", true, false, false, false},
    {"admin.reset_second_factor", true, false, false, false},
    {"admin.unlock", true, false, false, false},
    {"admin.issue_step_token", true, false, false, false},
    {"admin.put_policy", false, false, false, false},
};

static void stage_set(struct stage *g)
{
    memset(g, 0, sizeof *g);
    service_start(&g->s);
    service_enroll(&g->s, "ada", &g->e);
    g->token = service_issue(&g->s, "ada");
    app_code(&g->e.app, &g->s, 0, g->code);
}

static void stage_strike(struct stage *g)
{
    free(g->token);
    service_stop(&g->s);
}

static struct got act(struct stage *g, const struct act *a, const char *request_id)
{
    struct field fields[] = {{"username", a->name ? "ada" : NULL},
                             {"password", a->password ? PASSWORD : NULL},
                             {"step_token", a->token ? g->token : NULL},
                             {"code", a->code ? g->code : NULL},
                             {NULL, NULL}};
    struct field given[ARRAY_LEN(fields)] = {{NULL, NULL}};
    size_t n = 0;

    for (size_t i = 0; i + 1 < ARRAY_LEN(fields); i++)
        if (fields[i].value)
            given[n++] = fields[i];
    return service_sent(&g->s, &(struct sent){a->method, given, request_id, NULL});
}

/* Breaks N calls from call FIRST on, acts, and mends. False: it did not make so many. */
static bool act_broken(struct stage *g, const struct act *a, unsigned first, unsigned n,
                       struct got *ret)
{
    store_break(&g->s, first, n, ERR_UNAVAILABLE);
    *ret = act(g, a, "same");
    return store_mend(&g->s) >= first;
}

/* The events of one act, whatever it took: none was lost, none was written twice. */
static void happened_once(struct stage *g, const struct act *a, size_t events_before)
{
    struct got got = act(g, a, "same");
    size_t n = peek_events(&g->s) - events_before;

    if (got.err != ERR_OK || n < 1 || n > 2)
        fail_msg("%s: then %s, %zu events", a->method, err_name(got.err), n);
    got_free(&got, 1);
}

/* What broke once is done again alone, and then succeeds. */
static void rule_03_a_call_that_breaks_once_is_made_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        bool reached = true;

        for (unsigned first = 1; reached; first++) {
            struct stage g;
            struct got got;
            size_t events;

            stage_set(&g);
            events = peek_events(&g.s);
            reached = act_broken(&g, &acts[i], first, 1, &got);
            assert_int_equal(got.err, ERR_OK);
            happened_once(&g, &acts[i], events);
            got_free(&got, 1);
            stage_strike(&g);
        }
    }
}

/* What stays broken is refused, and nothing has happened: the same request is good afterwards. */
static void rule_03_attack_A45_a_broken_store_never_says_yes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(acts); i++)
        for (unsigned first = 1;; first++) {
            struct standing before, after;
            struct stage g;
            struct got got;
            bool reached;

            stage_set(&g);
            peek_standing(&g.s, "ada", &before);
            reached = act_broken(&g, &acts[i], first, STORE_FOR_GOOD, &got);
            if (reached) {
                assert_int_equal(got.err, ERR_UNAVAILABLE);
                peek_standing(&g.s, "ada", &after);
                assert_same_standing(&before, &after);
                happened_once(&g, &acts[i], before.events);
            }
            got_free(&got, 1);
            stage_strike(&g);
            if (!reached)
                break;
        }
}

/* A67: what was decided before the store broke shows in no byte of the answer. */
static void attack_A67_a_broken_commit_tells_no_verdict(void **state)
{
    struct stage g;
    struct got right, wrong;

    (void)state;
    stage_set(&g);
    store_break(&g.s, 1, STORE_FOR_GOOD, ERR_UNAVAILABLE);
    right = act(&g, &acts[6], NULL);
    (void)store_mend(&g.s);
    for (unsigned first = 1; first < 12; first++) {
        app_wrong_code(&g.e.app, &g.s, g.code);
        store_break(&g.s, first, STORE_FOR_GOOD, ERR_UNAVAILABLE);
        wrong = act(&g, &acts[6], NULL);
        if (store_mend(&g.s) >= first)
            assert_true(got_same(&right, &wrong));
        got_free(&wrong, 1);
    }
    got_free(&right, 1);
    stage_strike(&g);
}

static void a_bug_is_told_as_one_and_changes_nothing(void **state)
{
    struct standing before, after;
    struct stage g;
    struct got got;

    (void)state;
    stage_set(&g);
    peek_standing(&g.s, "ada", &before);
    store_break(&g.s, 2, STORE_FOR_GOOD, ERR_INTERNAL);
    got = act(&g, &acts[6], NULL);
    (void)store_mend(&g.s);
    assert_int_equal(got.err, ERR_INTERNAL);
    got_free(&got, 1);
    peek_standing(&g.s, "ada", &after);
    assert_same_standing(&before, &after);
    stage_strike(&g);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rule_03_a_call_that_breaks_once_is_made_good),
    cmocka_unit_test(rule_03_attack_A45_a_broken_store_never_says_yes),
    cmocka_unit_test(attack_A67_a_broken_commit_tells_no_verdict),
    cmocka_unit_test(a_bug_is_told_as_one_and_changes_nothing),
};
RUN(tests)
