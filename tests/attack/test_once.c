/* A code is good once, for everything, and only forwards in time. */
#include "support/broken_store.h"
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

static void attack_A01_same_code_twice(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    denied_as_replay(s, "ada", code);
    service_advance(s, 29);
    denied_as_replay(s, "ada", code);
    service_restart(s);
    denied_as_replay(s, "ada", code);
    assert_int_equal(peek_count(s, "verification.succeeded"), 1);
}

static void attack_A02_older_code_after_a_newer_one(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char older[OTP_DIGITS_MAX + 1], now[OTP_DIGITS_MAX + 1], next[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    app_code(&e.app, s, -1, older);
    app_code(&e.app, s, 0, now);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 1, next)), ERR_OK);
    denied_as_replay(s, "ada", now);
    denied_as_replay(s, "ada", older);
    denied_as_replay(s, "ada", next);
}

/* Two requests in one batch are two requests. */
static void attack_A04_one_code_many_times_in_a_batch(void **state)
{
    enum { N = 256 };
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct bytes payloads[N];
    enum err errs[N];
    char code[OTP_DIGITS_MAX + 1];
    unsigned accepted = 0;
    uint8_t *packed;
    size_t n;

    service_enroll(s, "ada", &e);
    packed = pack(s, "verification.verify",
                  (const struct field[]){
                      {"username", "ada"}, {"code", app_code(&e.app, s, 0, code)}, {NULL, NULL}},
                  &n);
    for (size_t i = 0; i < N; i++)
        payloads[i] = (struct bytes){.p = packed, .n = n};
    service_batch(s, "twofold.v1.default.verification.verify", payloads, N, errs);
    for (size_t i = 0; i < N; i++)
        accepted += errs[i] == ERR_OK;
    assert_int_equal(accepted, 1);
    free(packed);
}

/* A06: what confirmed the enrolment does not log in. */
static void attack_A06_code_that_confirmed(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct told t;

    service_put_user(s, "ada", PASSWORD);
    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    app_code(&t.app, s, 0, code);
    EXPECT(ERR_OK, confirm(s, &t, false));
    EXPECT(ERR_OK, ASK(s, "enrollment.complete", {"step_token", t.token}));
    denied_as_replay(s, "ada", code);
    EXPECT(ERR_CODE_REJECTED,
           ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}, {"code", code}));
    service_advance(s, 30);
    EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD},
                       {"code", app_code(&t.app, s, 0, code)}));
}

/* A07 for all pairs: what one verb has taken no other takes. */
static void attack_A07_code_spent_by_another_verb(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1], username[64];

    for (size_t i = 0; i < n_verbs; i++)
        for (size_t k = 0; k < n_verbs; k++) {
            struct enrolled e = {.n_codes = 0};

            if (strcmp(verbs[i].method, "enrollment.disable") == 0)
                continue; /* leaves nothing behind */
            snprintf(username, sizeof username, "user-%zu-%zu", i, k);
            service_enroll(s, username, &e);
            app_code(&e.app, s, 0, code);
            EXPECT(ERR_OK, offer(s, &verbs[i], username, BY_CODE(code)));
            if (offer(s, &verbs[k], username, BY_CODE(code)).err != ERR_CODE_REJECTED)
                fail_msg("%s after %s", verbs[k].method, verbs[i].method);
        }
}

/* What comes along when a code is pasted, or is put there so that it is another text. */
static const char *const pads[] = {
    " ",
    "   ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\v",
    "\f",
    "\x1c",
    "\x7f",
    "\xc2\x85",     /* next line */
    "\xc2\xa0",     /* no-break space */
    "\xc2\xad",     /* soft hyphen */
    "\xe1\x9a\x80", /* ogham space */
    "\xe2\x80\x82", /* en space */
    "\xe2\x80\x87", /* figure space */
    "\xe2\x80\x89", /* thin space */
    "\xe2\x80\x8b", /* zero width space */
    "\xe2\x80\x8d", /* zero width joiner */
    "\xe2\x80\x8e", /* left-to-right mark */
    "\xe2\x80\xa8", /* line separator */
    "\xe2\x80\xaf", /* narrow no-break space */
    "\xe2\x81\x9f", /* mathematical space */
    "\xe2\x81\xa0", /* word joiner */
    "\xe3\x80\x80", /* ideographic space */
    "\xef\xbb\xbf", /* byte order mark */
    "\xcc\x81",     /* combining accent */
    "+",
    "'",
};

/* PAD before CODE, behind it, on both sides, and inside. */
static const char *padded(const char *code, const char *pad, size_t how, char text[static 32])
{
    static const char *const forms[] = {"%1$s%2$s", "%2$s%1$s", "%1$s%2$s%1$s", "%2$.3s%1$s%3$s"};

    snprintf(text, 32, forms[how], pad, code, code + 3);
    return text;
}

static void attack_A03_a_used_code_with_something_around_it(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    struct user before, after;
    char code[OTP_DIGITS_MAX + 1], text[32];

    service_enroll(s, "ada", &e);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    peek_user(s, "ada", &before);
    for (size_t i = 0; i < ARRAY_LEN(pads) * 4; i++)
        for (size_t k = 0; k < n_verbs; k++) {
            enum err err =
                offer(s, &verbs[k], "ada", BY_CODE(padded(code, pads[i / 4], i % 4, text))).err;

            if (err != ERR_VALIDATION)
                fail_msg("%s, pad %zu, form %zu: %s", verbs[k].method, i / 4, i % 4, err_name(err));
        }
    peek_user(s, "ada", &after);
    assert_int_equal(after.authenticators[0].last_step, before.authenticators[0].last_step);
    assert_int_equal(after.code_lockout.failures, before.code_lockout.failures);
    denied_as_replay(s, "ada", code);
}

/* --- Hosts: a dispatcher each, on one store --- */

enum { HOSTS = 3 };

static int64_t now_of(void *service)
{
    return ((struct service *)service)->now_ms;
}

static struct dispatcher *host_new(struct service *s)
{
    struct dispatcher *host = NULL;
    struct dispatcher_options options = {.store = s->store,
                                         .keyring = s->keyring,
                                         .pool = s->pool,
                                         .clock = {.unix_ms = now_of, .ctx = s},
                                         .password_cost = {.ln = 4, .r = 8, .p = 1},
                                         .instance = "host"};

    assert_int_equal(dispatcher_new(&options, &host), ERR_OK);
    return host;
}

static enum err ask_host(struct service *s, struct dispatcher *host, bool cut_off, const char *code)
{
    struct dispatcher *own = s->dispatcher;
    enum err err;

    if (cut_off)
        store_break(s, 1, STORE_FOR_GOOD, ERR_UNAVAILABLE);
    s->dispatcher = host;
    err = service_verify(s, "ada", code);
    s->dispatcher = own;
    if (cut_off)
        (void)store_mend(s);
    return err;
}

/* There is one kind of store today, and it is on one machine: who does not reach it decides
 * nothing, who reaches it sees what the others did. */
static void attack_A05_one_code_to_hosts_that_are_cut_off(void **state)
{
    struct service *s = *state;
    struct dispatcher *hosts[HOSTS];
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    for (size_t i = 0; i < HOSTS; i++)
        hosts[i] = host_new(s);
    for (size_t whole = 0; whole < HOSTS; whole++) {
        service_advance(s, 3600);
        app_code(&e.app, s, 0, code);
        for (size_t i = 0; i < HOSTS; i++)
            assert_int_equal(ask_host(s, hosts[i], i != whole, code),
                             i == whole ? ERR_OK : ERR_UNAVAILABLE);
        for (size_t i = 0; i < HOSTS; i++)
            assert_int_equal(ask_host(s, hosts[i], false, code), ERR_CODE_REJECTED);
    }
    assert_int_equal(peek_count(s, "verification.succeeded"), HOSTS);
    for (size_t i = 0; i < HOSTS; i++)
        dispatcher_free(hosts[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A01_same_code_twice, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A02_older_code_after_a_newer_one, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A04_one_code_many_times_in_a_batch, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A06_code_that_confirmed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A07_code_spent_by_another_verb, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A03_a_used_code_with_something_around_it, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A05_one_code_to_hosts_that_are_cut_off, set_up,
                                    tear_down),
};
RUN(tests)
