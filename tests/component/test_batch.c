/* One request that breaks does not spoil the others of its batch. */
#include "support/broken_store.h"
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

/* One byte in the middle of a user's row. */
static void spoil_row(struct tables_txn *t, void *username)
{
    struct bytes key = user_row_key("default", username), row;
    uint8_t copy[8192];

    assert_int_equal(table_get(t, TABLE_USERS, key, &row), ERR_OK);
    assert_true(row.n < sizeof copy);
    memcpy(copy, row.p, row.n);
    copy[row.n / 2] ^= 1;
    assert_int_equal(table_put(t, TABLE_USERS, key, (struct bytes){copy, row.n}), ERR_OK);
}

static void a_damaged_row_spoils_only_its_own_request(void **state)
{
    struct service *s = *state;
    char good[OTP_DIGITS_MAX + 1], bad[OTP_DIGITS_MAX + 1];
    struct enrolled ada, eve;
    char eves[] = "eve";
    struct sent batch[5] = {{NULL, NULL, NULL, NULL}};
    struct got got[5];

    service_enroll(s, "eve", &eve);
    service_enroll(s, "ada", &ada);
    change_rows(s, spoil_row, eves);
    app_code(&ada.app, s, 0, good);
    app_code(&eve.app, s, 0, bad);
    for (size_t i = 0; i < 5; i++)
        batch[i].method = "verification.verify";
    batch[0].fields = FIELDS({"username", "ada"}, {"code", good});
    batch[1].fields = FIELDS({"username", "eve"}, {"code", bad});
    batch[2].fields = batch[0].fields;
    batch[3].fields = FIELDS({"username", "nobody"}, {"code", good});
    batch[4].fields = FIELDS({"username", "ada"}, {"recovery_code", ada.codes[0]});
    service_together(s, batch, 5, got);
    assert_int_equal(got[0].err, ERR_OK);
    assert_int_equal(got[1].err, ERR_UNAVAILABLE);
    assert_int_equal(got[2].err, ERR_CODE_REJECTED);
    assert_int_equal(got[3].err, ERR_NOT_ENROLLED);
    assert_int_equal(got[4].err, ERR_OK);
    assert_int_equal(status(s, "ada").recovery_left, 9);
    got_free(got, 5);
}

/* Passwords are hashed in between: the batch that breaks is another one. */
static void those_that_wait_for_a_hash_are_not_spoilt_either(void **state)
{
    struct service *s = *state;
    char eves[] = "eve";
    struct sent batch[3] = {{NULL, NULL, NULL, NULL}};
    struct got got[3];

    service_put_user(s, "eve", PASSWORD);
    service_put_user(s, "ada", PASSWORD);
    change_rows(s, spoil_row, eves);
    for (size_t i = 0; i < 3; i++)
        batch[i].method = "login.confirm_password";
    batch[0].fields = FIELDS({"username", "ada"}, {"password", PASSWORD});
    batch[1].fields = FIELDS({"username", "eve"}, {"password", PASSWORD});
    batch[2].fields = FIELDS({"username", "ada"}, {"password", "wrong horse"});
    service_together(s, batch, 3, got);
    assert_int_equal(got[0].err, ERR_OK);
    assert_int_equal(got[1].err, ERR_UNAVAILABLE);
    assert_int_equal(got[2].err, ERR_WRONG_CREDENTIALS);
    got_free(got, 3);
}

static void list_a_thousand(struct service *s)
{
    static const uint8_t page_of_1000[] = {0x08, 0xe8, 0x07};
    struct answer a = service_send(s, "twofold.v1.default.admin.list_users",
                                   (struct bytes){page_of_1000, sizeof page_of_1000});

    if (a.err != ERR_OK)
        fail_msg("answered %s", err_name(a.err));
    assert_int_equal(((Twofold__V1__ListUsersReply *)a.reply)->n_users, 1000);
    answer_free(&a);
}

/* The largest answer there is, made twice because something else broke: there is memory for both.
 */
static void the_largest_answer_survives_a_second_try(void **state)
{
    struct service *s = *state;
    struct user user;

    service_put_user(s, "ada", PASSWORD);
    peek_user(s, "ada", &user);
    for (unsigned i = 0; i < 1000; i++) {
        char name[255];

        snprintf(name, sizeof name, "%04u" FIFTY FIFTY FIFTY FIFTY FIFTY, i);
        user.exists = true;
        poke_user(s, name, &user);
    }
    list_a_thousand(s);
    store_break(s, 3, 1, ERR_UNAVAILABLE); /* after begin and the organization: the commit */
    list_a_thousand(s);
    assert_int_equal(store_mend(s), 6);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_damaged_row_spoils_only_its_own_request, set_up, tear_down),
    cmocka_unit_test_setup_teardown(those_that_wait_for_a_hash_are_not_spoilt_either, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(the_largest_answer_survives_a_second_try, set_up, tear_down),
};
RUN(tests)
