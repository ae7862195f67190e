/* What is damaged stops itself and nothing else. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

enum { ROW_MAX = 8192 };

/* One authenticator is damaged, the other one works on. */
static void a_damaged_authenticator_does_not_spoil_the_other(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    struct user u;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    import_second(s, "ada");
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
    cmocka_unit_test_setup_teardown(a_damaged_authenticator_does_not_spoil_the_other, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_damaged_policy_stops_its_organization_and_no_other, set_up,
                                    tear_down),
};
RUN(tests)
