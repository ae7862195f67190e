/* A44, A55: rows that were changed, moved, cut or made by another version open nothing. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

enum { ROW_MAX = 8192 };

/* What is done to a row in the file: WHO's becomes BYTES. */
struct damage {
    const char *who;
    uint8_t bytes[ROW_MAX];
    size_t n;
};

static void read_row(struct tables_txn *t, void *ctx)
{
    struct damage *d = ctx;
    struct bytes row;

    assert_int_equal(table_get(t, TABLE_USERS, user_row_key("default", d->who), &row), ERR_OK);
    assert_true(row.n <= sizeof d->bytes);
    memcpy(d->bytes, row.p, row.n);
    d->n = row.n;
}

static void write_row(struct tables_txn *t, void *ctx)
{
    const struct damage *d = ctx;

    assert_int_equal(
        table_put(t, TABLE_USERS, user_row_key("default", d->who), (struct bytes){d->bytes, d->n}),
        ERR_OK);
}

/* Whoever asks about the user, and with whatever is right: no. */
static void opens_nothing(struct service *s, const struct enrolled *e)
{
    char code[OTP_DIGITS_MAX + 1];

    assert_int_equal(service_verify(s, "ada", app_code(&e->app, s, 0, code)), ERR_UNAVAILABLE);
    assert_int_equal(service_verify_recovery(s, "ada", e->codes[0]), ERR_UNAVAILABLE);
    EXPECT(ERR_UNAVAILABLE,
           ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}, {"code", code}));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.issue_step_token", {"username", "ada"}));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "verification.get_status", {"username", "ada"}));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.put_user", {"username", "ada"}, {"password", PASSWORD}));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.reset_second_factor", {"username", "ada"}));
}

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

static void attack_A55_a_row_of_another_user_opens_nothing(void **state)
{
    struct service *s = *state;
    struct damage row = {.who = "eve"};
    struct enrolled ada, eve;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &ada);
    service_enroll(s, "eve", &eve);
    change_rows(s, read_row, &row);
    row.who = "ada";
    change_rows(s, write_row, &row);
    opens_nothing(s, &eve);
    opens_nothing(s, &ada);
    assert_int_equal(service_verify(s, "eve", app_code(&eve.app, s, 0, code)), ERR_OK);
}

/* What an authenticator's key was sealed for, and whoever gets it. */
static void swap_keys(struct authenticator *a, struct authenticator *b)
{
    struct authenticator was = *a;

    memcpy(a->sealed, b->sealed, sizeof a->sealed);
    a->n_sealed = b->n_sealed;
    memcpy(b->sealed, was.sealed, sizeof b->sealed);
    b->n_sealed = was.n_sealed;
}

/* Rows whose MAC is right, with each other's sealed keys: as if the MAC's key were known. */
static void attack_A55_a_key_of_another_user_opens_nothing_and_is_told(void **state)
{
    struct service *s = *state;
    struct enrolled ada, eve;
    struct user a, b;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &ada);
    service_enroll(s, "eve", &eve);
    peek_user(s, "ada", &a);
    peek_user(s, "eve", &b);
    swap_keys(&a.authenticators[0], &b.authenticators[0]);
    poke_user(s, "ada", &a);
    poke_user(s, "eve", &b);
    assert_int_equal(service_verify(s, "ada", app_code(&eve.app, s, 0, code)), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(DAMAGED));
    assert_int_equal(service_verify(s, "ada", app_code(&ada.app, s, 0, code)), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(DAMAGED));
    /* Recovery codes stand in, and what is damaged can be replaced. */
    assert_int_equal(service_verify_recovery(s, "ada", ada.codes[0]), ERR_OK);
    EXPECT(ERR_OK, ASK(s, "admin.reset_second_factor", {"username", "ada"}));
}

/* Two authenticators of one user: the seal knows which is which. */
static void attack_A55_a_key_of_another_authenticator_opens_nothing(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    struct user u;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    set_policy(s, "max_authenticators", 2);
    EXPECT(ERR_OK, ASK(s, "admin.import_authenticator", {"username", "ada"},
                       {"otpauth_uri", "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY"}));
    peek_user(s, "ada", &u);
    swap_keys(&u.authenticators[0], &u.authenticators[1]);
    poke_user(s, "ada", &u);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(DAMAGED));
}

/* One authenticator is damaged, the other one works on. */
static void a_damaged_authenticator_does_not_spoil_the_other(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    struct user u;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    set_policy(s, "max_authenticators", 2);
    EXPECT(ERR_OK, ASK(s, "admin.import_authenticator", {"username", "ada"},
                       {"otpauth_uri", "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY"}));
    peek_user(s, "ada", &u);
    u.authenticators[1].sealed[u.authenticators[1].n_sealed - 1] ^= 1;
    poke_user(s, "ada", &u);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
}

static void spoil_org(struct tables_txn *t, void *ctx)
{
    struct bytes key = {(const uint8_t *)"other", 5}, row;
    uint8_t copy[ROW_MAX];

    (void)ctx;
    assert_int_equal(table_get(t, TABLE_ORGS, key, &row), ERR_OK);
    memcpy(copy, row.p, row.n);
    copy[row.n / 2] ^= 1;
    assert_int_equal(table_put(t, TABLE_ORGS, key, (struct bytes){copy, row.n}), ERR_OK);
}

static void a_damaged_policy_stops_its_organization_and_no_other(void **state)
{
    struct service *s = *state;

    s->org = "other";
    EXPECT(ERR_OK, ASK(s, "admin.put_policy", {NULL, NULL}));
    service_put_user(s, "ada", PASSWORD);
    change_rows(s, spoil_org, NULL);
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.get_policy", {NULL, NULL}));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.put_policy", {NULL, NULL}));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}));
    s->org = NULL;
    EXPECT(ERR_OK, ASK(s, "admin.get_policy", {NULL, NULL}));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A44_a_changed_or_cut_row_opens_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A44_a_row_of_another_version_or_key_opens_nothing,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A55_a_row_of_another_user_opens_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A55_a_key_of_another_user_opens_nothing_and_is_told,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A55_a_key_of_another_authenticator_opens_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_damaged_authenticator_does_not_spoil_the_other, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_damaged_policy_stops_its_organization_and_no_other, set_up,
                                    tear_down),
};
RUN(tests)
