/* A full database: it refuses, stays whole, and can be emptied and used again. */
#include "unit/store/one_place.h"

/* Saves users "u-<first>", "u-<first + 1>", ... until the store refuses; returns the next number.
 */
static unsigned fill_users(struct store *s, unsigned first)
{
    enum err err = ERR_OK;
    struct user u;

    user_maximal(&u);
    while (err == ERR_OK && first < 10000) {
        struct store_txn *t;
        char name[32];

        snprintf(name, sizeof name, "u-%u", first);
        assert_int_equal(s->ops->begin(s, &t), ERR_OK);
        err = s->ops->save_user(t, &(struct user_id){"acme", name}, &u);
        if (err == ERR_OK)
            err = s->ops->commit(t);
        else
            s->ops->abort(t);
        first += err == ERR_OK;
    }
    assert_int_equal(err, ERR_UNAVAILABLE);
    assert_false(s->ops->is_broken(s));
    return first;
}

/* As DeleteUser does it: with an event. */
static void delete_user(struct store *s, unsigned number)
{
    struct store_txn *t;
    char name[32];

    snprintf(name, sizeof name, "u-%u", number);
    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->erase_user(t, &(struct user_id){"acme", name}), ERR_OK);
    assert_int_equal(s->ops->append_event(t, bytes_of_text("user.deleted")), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
}

static void full_of_users_can_be_emptied(void **state)
{
    struct store *s = store_sized(&place, keyring, 1);
    unsigned n = fill_users(s, 0);
    struct user u;

    (void)state;
    assert_in_range(n, 10, 200);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < n; i++)
            delete_user(s, i);
        assert_in_range(fill_users(s, 0), n * 3 / 4, n);
    }
    get_user(s, &(struct user_id){"acme", "u-0"}, &u);
    assert_true(u.exists);
    store_close(s);
}

/* Appends batches of events until the store refuses. */
static unsigned fill_events(struct store *s)
{
    static const uint8_t event[500];
    enum err err = ERR_OK;
    unsigned batches = 0;

    while (err == ERR_OK && batches < 10000) {
        struct store_txn *t;

        assert_int_equal(s->ops->begin(s, &t), ERR_OK);
        for (unsigned i = 0; i < 8 && err == ERR_OK; i++)
            err = s->ops->append_event(t, (struct bytes){.p = event, .n = sizeof event});
        if (err == ERR_OK)
            err = s->ops->commit(t);
        else
            s->ops->abort(t);
        batches += err == ERR_OK;
    }
    assert_int_equal(err, ERR_UNAVAILABLE);
    assert_false(s->ops->is_broken(s));
    return batches;
}

static void full_of_events_can_be_trimmed(void **state)
{
    struct store *s = store_sized(&place, keyring, 1);
    struct store_txn *t;

    (void)state;
    assert_true(fill_events(s) > 10);
    for (unsigned round = 0; round < 3; round++) {
        assert_int_equal(s->ops->begin(s, &t), ERR_OK);
        assert_int_equal(s->ops->trim_events(t, UINT64_MAX), ERR_OK);
        assert_int_equal(s->ops->commit(t), ERR_OK);
        assert_true(fill_events(s) > 10);
    }
    store_close(s);
}

static void full_of_answers_can_be_swept(void **state)
{
    static const uint8_t reply[3000];
    const struct retry_answer answer = {
        .request_id = "r", .reply = {.p = reply, .n = sizeof reply}, .expires_ms = 30000};
    struct store *s = store_sized(&place, keyring, 1);

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        enum err err = ERR_OK;
        struct store_txn *t;
        unsigned n = 0;
        int64_t next;

        for (; err == ERR_OK && n < 10000; n += err == ERR_OK) {
            char name[32];

            snprintf(name, sizeof name, "u-%u", n);
            assert_int_equal(s->ops->begin(s, &t), ERR_OK);
            assert_int_equal(s->ops->save_retry(t, &(struct user_id){"acme", name}, &answer),
                             ERR_OK);
            err = s->ops->commit(t);
        }
        assert_int_equal(err, ERR_UNAVAILABLE);
        assert_in_range(n, 20, 250);
        assert_int_equal(s->ops->begin(s, &t), ERR_OK);
        assert_int_equal(s->ops->sweep_retries(t, 30000, &next), ERR_OK);
        assert_int_equal(s->ops->commit(t), ERR_OK);
    }
    store_close(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(full_of_users_can_be_emptied, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(full_of_events_can_be_trimmed, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(full_of_answers_can_be_swept, place_set_up, place_tear_down),
};

RUN(tests)
