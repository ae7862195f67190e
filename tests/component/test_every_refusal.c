/* Every reason of the contract is the answer to something, and its body says what it should. */
#include "support/broken_store.h"
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

static struct got send_one(struct service *s, const char *method, const struct field *fields)
{
    return service_sent(s, &(struct sent){.method = method, .fields = fields});
}

static struct got validation(struct service *s)
{
    return send_one(s, "admin.unlock", FIELDS({"username", ""}));
}

static struct got wrong_credentials(struct service *s)
{
    return send_one(s, "login.login", FIELDS({"username", "ada"}, {"password", "wrong horse"}));
}

static struct got invalid_token(struct service *s)
{
    return send_one(s, "enrollment.cancel", FIELDS({"step_token", "A"}));
}

static struct got code_rejected(struct service *s)
{
    return send_one(s, "verification.verify",
                    FIELDS({"username", "ada"}, {"recovery_code", WRONG_RECOVERY}));
}

static struct got locked(struct service *s)
{
    for (int i = 0; i < 6; i++)
        assert_int_equal(service_verify_recovery(s, "ada", WRONG_RECOVERY), ERR_CODE_REJECTED);
    return code_rejected(s);
}

static struct got suspended(struct service *s)
{
    for (int i = 0; i < 100; i++) {
        assert_int_equal(service_verify_recovery(s, "ada", WRONG_RECOVERY), ERR_CODE_REJECTED);
        service_advance(s, 3600);
    }
    return code_rejected(s);
}

static struct got already_enrolled(struct service *s)
{
    return send_one(
        s, "admin.import_authenticator",
        FIELDS({"username", "ada"},
               {"otpauth_uri", "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY"}));
}

static struct got not_enrolled(struct service *s)
{
    return send_one(s, "verification.verify", FIELDS({"username", "eve"}, {"code", "123456"}));
}

static struct got conflict(struct service *s)
{
    char *token = service_issue(s, "ada");
    struct got got = send_one(s, "enrollment.complete", FIELDS({"step_token", token}));

    free(token);
    return got;
}

static struct got not_found(struct service *s)
{
    return send_one(s, "admin.unlock", FIELDS({"username", "eve"}));
}

static struct got policy_forbids(struct service *s)
{
    char *token = service_issue(s, "ada");
    struct got got;

    set_policy(s, "mode", DISABLED);
    got = send_one(s, "enrollment.begin", FIELDS({"step_token", token}));
    free(token);
    return got;
}

static struct got sent_raw(struct service *s, const char *subject, size_t n)
{
    static const uint8_t zeros[9000];
    struct answer a = service_send(s, subject, (struct bytes){zeros, n});
    struct got got = {.err = a.err, .raw = a.raw};

    a.raw = (struct bytes){.n = 0};
    answer_free(&a);
    return got;
}

static struct got too_large(struct service *s)
{
    return sent_raw(s, "twofold.v1.default.admin.unlock", 9000);
}

static struct got unimplemented(struct service *s)
{
    return sent_raw(s, "twofold.v1.default.admin.none", 0);
}

/* More passwords at once than the pool takes. */
static struct got exhausted(struct service *s)
{
    enum { MANY = 64 };
    struct sent many[MANY];
    struct got got[MANY], one = {.err = ERR_OK};
    const struct field *fields = FIELDS({"username", "ada"}, {"password", PASSWORD});

    for (size_t i = 0; i < MANY; i++)
        many[i] = (struct sent){.method = "login.confirm_password", .fields = fields};
    service_together(s, many, MANY, got);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(got[i].err == ERR_OK || got[i].err == ERR_EXHAUSTED);
        if (got[i].err == ERR_EXHAUSTED && one.err == ERR_OK)
            one = got[i];
        else
            got_free(&got[i], 1);
    }
    return one;
}

static struct got broken(struct service *s, enum err err)
{
    struct got got;

    store_break(s, 2, STORE_FOR_GOOD, err);
    got = code_rejected(s);
    (void)store_mend(s);
    return got;
}

static struct got unavailable(struct service *s)
{
    return broken(s, ERR_UNAVAILABLE);
}

static struct got internal(struct service *s)
{
    return broken(s, ERR_INTERNAL);
}

static const struct {
    enum err err;
    int code; /* DESIGN section 2 */
    struct got (*cause)(struct service *s);
} rows[] = {
    {ERR_VALIDATION, 422, validation},
    {ERR_WRONG_CREDENTIALS, 401, wrong_credentials},
    {ERR_INVALID_TOKEN, 401, invalid_token},
    {ERR_CODE_REJECTED, 403, code_rejected},
    {ERR_LOCKED, 429, locked},
    {ERR_SUSPENDED, 403, suspended},
    {ERR_ALREADY_ENROLLED, 409, already_enrolled},
    {ERR_NOT_ENROLLED, 409, not_enrolled},
    {ERR_CONFLICT, 409, conflict},
    {ERR_NOT_FOUND, 404, not_found},
    {ERR_POLICY_FORBIDS, 403, policy_forbids},
    {ERR_TOO_LARGE, 413, too_large},
    {ERR_UNIMPLEMENTED, 501, unimplemented},
    {ERR_EXHAUSTED, 503, exhausted},
    {ERR_UNAVAILABLE, 503, unavailable},
    {ERR_INTERNAL, 500, internal},
};

static void check_body(enum err err, struct bytes raw)
{
    Twofold__V1__Error *e = twofold__v1__error__unpack(NULL, raw.n, raw.p);

    assert_non_null(e);
    assert_int_equal(e->reason, err);
    assert_string_equal(e->message, err_text(err));
    assert_int_equal(e->n_violations > 0, err == ERR_VALIDATION);
    assert_int_equal(e->retry_after_seconds > 0, err == ERR_LOCKED);
    assert_int_equal(e->attempts_left > 0,
                     err == ERR_CODE_REJECTED || err == ERR_WRONG_CREDENTIALS);
    twofold__v1__error__free_unpacked(e, NULL);
}

static void every_reason_is_an_answer_and_has_its_code(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LEN(rows), ERR_INTERNAL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct service s = {.folder = ""};
        struct enrolled e;
        struct got got;

        assert_int_equal(rows[i].err, i + 1);
        assert_int_equal(err_code(rows[i].err), rows[i].code);
        service_start(&s);
        service_enroll(&s, "ada", &e);
        got = rows[i].cause(&s);
        if (got.err != rows[i].err)
            fail_msg("answered %s instead of %s", err_name(got.err), err_name(rows[i].err));
        check_body(got.err, got.raw);
        got_free(&got, 1);
        service_stop(&s);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_reason_is_an_answer_and_has_its_code),
};
RUN(tests)
