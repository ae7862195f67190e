/* A55: what was sealed for one place opens in no other. */
#include "support/damage.h"
#include "support/runner.h"

#include <stdlib.h>

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
    import_second(s, "ada");
    peek_user(s, "ada", &u);
    swap_keys(&u.authenticators[0], &u.authenticators[1]);
    poke_user(s, "ada", &u);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(DAMAGED));
}

/* The whole authenticator, its id and all: the seal knows whose it is. FROM_ORG is where ada takes
 * it from, FROM whom. */
static void moves_to_nobody(struct service *s, const char *from_org, const char *from)
{
    struct user ada, other;
    struct enrolled theirs;
    char code[OTP_DIGITS_MAX + 1];

    s->org = from_org;
    set_policy(s, "mode", OPTIONAL);
    service_enroll(s, from, &theirs);
    peek_user(s, from, &other);
    s->org = NULL;
    peek_user(s, "ada", &ada);
    ada.authenticators[0] = other.authenticators[0];
    poke_user(s, "ada", &ada);
    assert_int_equal(service_verify(s, "ada", app_code(&theirs.app, s, 0, code)),
                     ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(DAMAGED));
}

static void attack_A55_an_authenticator_moves_to_no_other_user(void **state)
{
    struct enrolled e;

    service_enroll(*state, "ada", &e);
    moves_to_nobody(*state, NULL, "eve");
}

static void attack_A55_an_authenticator_moves_to_no_other_organization(void **state)
{
    struct enrolled e;

    service_enroll(*state, "ada", &e);
    moves_to_nobody(*state, "acme", "ada");
}

/* The same name in two organizations: neither the row nor the sealed key moves. */
static void attack_A55_a_key_of_another_organization_opens_nothing(void **state)
{
    struct service *s = *state;
    struct damage row = {.org = "acme", .who = "ada"};
    struct enrolled ours, theirs;
    struct user a, b;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &ours);
    s->org = "acme";
    set_policy(s, "mode", OPTIONAL);
    service_enroll(s, "ada", &theirs);
    peek_user(s, "ada", &b);
    s->org = NULL;
    peek_user(s, "ada", &a);
    swap_keys(&a.authenticators[0], &b.authenticators[0]);
    poke_user(s, "ada", &a);
    assert_int_equal(service_verify(s, "ada", app_code(&theirs.app, s, 0, code)),
                     ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(DAMAGED));
    assert_int_equal(service_verify(s, "ada", app_code(&ours.app, s, 0, code)), ERR_CODE_REJECTED);
    change_rows(s, read_row, &row);
    row.org = NULL;
    change_rows(s, write_row, &row);
    opens_nothing(s, &theirs);
}

/* The hash of eve's password in ada's row: neither password is hers. It harms nothing but
 * passwords, and a new one ends it. */
static void attack_A55_a_password_of_another_user_opens_nothing(void **state)
{
    static const char *const passwords[] = {PASSWORD, "eve's own horse"};
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;
    struct user ada, eve;

    service_enroll(s, "ada", &e);
    service_put_user(s, "eve", passwords[1]);
    peek_user(s, "ada", &ada);
    peek_user(s, "eve", &eve);
    memcpy(ada.sealed_password, eve.sealed_password, sizeof ada.sealed_password);
    ada.n_sealed_password = eve.n_sealed_password;
    poke_user(s, "ada", &ada);
    for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
        app_code(&e.app, s, 0, code);
        EXPECT(ERR_UNAVAILABLE, ASK(s, "login.login", {"username", "ada"},
                                    {"password", passwords[i]}, {"code", code}));
        EXPECT(ERR_UNAVAILABLE,
               ASK(s, "login.confirm_password", {"username", "ada"}, {"password", passwords[i]}));
    }
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
    service_put_user(s, "ada", PASSWORD);
    free(service_token(s, "ada"));
}

static void swap_fields(Twofold__Record__User *u)
{
    ProtobufCBinaryData password = u->sealed_password;

    u->sealed_password = u->authenticators[0]->sealed_key;
    u->authenticators[0]->sealed_key = password;
}

/* Both are sealed for ada under the same key; the seal knows which field it is. */
static void attack_A55_a_field_in_the_place_of_another_opens_nothing(void **state)
{
    struct service *s = *state;
    struct rewrite rewrite = {s->keyring_file, swap_fields};
    struct enrolled e;

    service_enroll(s, "ada", &e);
    change_rows(s, rewrite_row, &rewrite);
    opens_nothing(s, &e);
}

/* A key that was lost is no key of zero bytes, whose codes everybody can compute: neither where the
 * seal is broken, nor where somebody who has the keyring sealed nothing at all. */
static void attack_A44_A55_without_a_key_no_code_is_right(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;
    struct user whole, lost;

    service_enroll(s, "ada", &e);
    e.app.key.n = 0;
    peek_user(s, "ada", &whole);
    lost = whole;
    lost.authenticators[0].sealed[lost.authenticators[0].n_sealed - 1] ^= 1;
    poke_user(s, "ada", &lost);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(DAMAGED));
    lost = whole;
    lost.authenticators[0].key.n = 0;
    lost.authenticators[0].n_sealed = 0;
    poke_user(s, "ada", &lost);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_CODE_REJECTED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A55_a_row_of_another_user_opens_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A55_a_key_of_another_user_opens_nothing_and_is_told,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A55_a_key_of_another_authenticator_opens_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A55_a_key_of_another_organization_opens_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A55_a_password_of_another_user_opens_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A55_a_field_in_the_place_of_another_opens_nothing,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A44_A55_without_a_key_no_code_is_right, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A55_an_authenticator_moves_to_no_other_user, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A55_an_authenticator_moves_to_no_other_organization,
                                    set_up, tear_down),
};
RUN(tests)
