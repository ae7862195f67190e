/* A full database: it refuses, stays whole, and can be emptied and used again. */
#include "unit/store/one_place.h"

#include "store/store_lmdb_parts.h"

#include <unistd.h>

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
        assert_int_equal(s->ops->trim_events(t, UINT64_MAX, SIZE_MAX), ERR_OK);
        assert_int_equal(s->ops->commit(t), ERR_OK);
        assert_true(fill_events(s) > 10);
    }
    store_close(s);
}

/* Removes all that a transaction can; false when it could not be committed. */
static bool trim_some(struct store *s, size_t max)
{
    struct store_txn *t;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->trim_events(t, UINT64_MAX, max), ERR_OK);
    return s->ops->commit(t) == ERR_OK;
}

/* In steps of MAX, until nothing is left. */
static void trim_all(struct store *s, size_t max)
{
    struct outbox_state now = {.first = 0, .last = 1};

    for (unsigned steps = 0; now.first <= now.last; steps++) {
        assert_in_range(steps, 0, 10000);
        assert_true(trim_some(s, max));
        assert_int_equal(s->ops->look_outbox(s, NULL, &now), ERR_OK);
    }
}

/* As many users as fit; how many. They are small: a page holds dozens. */
static unsigned fill_small_users(struct store *s)
{
    enum err err = ERR_OK;
    struct user u;
    unsigned n;

    user_minimal(&u);
    for (n = 0; err == ERR_OK && n < 100000; n += err == ERR_OK) {
        struct store_txn *t;
        char name[32];

        snprintf(name, sizeof name, "u-%u", n);
        assert_int_equal(s->ops->begin(s, &t), ERR_OK);
        assert_int_equal(s->ops->save_user(t, &(struct user_id){"acme", name}, &u), ERR_OK);
        err = s->ops->commit(t);
    }
    assert_int_equal(err, ERR_UNAVAILABLE);
    return n;
}

/* Every tenth of N users, with an event each, until the store refuses: a page is free only when all
 * of its users are gone, so the events take more than the users leave. */
static void delete_until_refused(struct store *s, unsigned n)
{
    static const uint8_t event[300];
    enum err err = ERR_OK;

    for (unsigned i = 0; i < n && err == ERR_OK; i += 10) {
        struct store_txn *t;
        char name[32];

        snprintf(name, sizeof name, "u-%u", i);
        assert_int_equal(s->ops->begin(s, &t), ERR_OK);
        err = s->ops->erase_user(t, &(struct user_id){"acme", name});
        if (err == ERR_OK)
            err = s->ops->append_event(t, (struct bytes){.p = event, .n = sizeof event});
        if (err == ERR_OK)
            err = s->ops->commit(t);
        else
            s->ops->abort(t);
    }
    assert_int_equal(err, ERR_UNAVAILABLE);
}

/* The bus was away, and an administrator tried to make room meanwhile. */
static void deleting_leaves_room_for_trimming(void **state)
{
    static const size_t steps[] = {1000, 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct store *s = store_sized(&place, keyring, 1);

        delete_until_refused(s, fill_small_users(s));
        trim_all(s, steps[i]);
        delete_user(s, 1);
        trim_all(s, steps[i]);
        store_close(s);
        assert_int_equal(unlink(path_in(place.data, "data.mdb")), 0);
    }
}

static enum err append_events(struct store *s, unsigned n)
{
    static const uint8_t event[300];
    struct store_txn *t;
    enum err err = ERR_OK;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    for (unsigned i = 0; i < n && err == ERR_OK; i++)
        err = s->ops->append_event(t, (struct bytes){.p = event, .n = sizeof event});
    if (err == ERR_OK)
        return s->ops->commit(t);
    s->ops->abort(t);
    return err;
}

/* Writes some of N users anew, all over the file, until the store refuses. */
static void scatter(struct store *s, unsigned n)
{
    enum err err = ERR_OK;
    struct user u;

    user_minimal(&u);
    for (unsigned i = 0; err == ERR_OK && i < 1000000; i++) {
        struct store_txn *t;
        char name[32];

        snprintf(name, sizeof name, "u-%u", i * 7919 % n);
        assert_int_equal(s->ops->begin(s, &t), ERR_OK);
        err = s->ops->save_user(t, &(struct user_id){"acme", name}, &u);
        if (err == ERR_OK)
            err = s->ops->commit(t);
        else
            s->ops->abort(t);
    }
    assert_int_equal(err, ERR_UNAVAILABLE);
}

/* While a backup is taken old pages stay, and new ones come from the end of the file, until it has
 * none left. Then free pages lie apart, and what needs many together cannot be written. */
static void an_aged_full_file_can_be_trimmed(void **state)
{
    enum { USERS = 5000, EVENTS = 30000, STEP = 50 };
    struct store *s = store_plain(&place, keyring, 32);
    struct tables_txn *reader;
    struct user u;

    (void)state;
    user_minimal(&u);
    for (unsigned i = 0; i < USERS; i++) {
        char name[32];

        snprintf(name, sizeof name, "u-%u", i);
        put_user(s, &(struct user_id){"acme", name}, &u);
        assert_int_equal(append_events(s, 1), ERR_OK);
    }
    for (unsigned i = 0; i < EVENTS; i += STEP)
        assert_int_equal(append_events(s, STEP), ERR_OK);
    assert_int_equal(tables_begin_read(((struct store_lmdb *)s)->tables, &reader), ERR_OK);
    scatter(s, USERS);
    tables_abort(reader);
    while (append_events(s, STEP) == ERR_OK)
        ;
    assert_false(s->ops->is_broken(s));
    trim_all(s, SIZE_MAX);
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

static const char *trouble_of(struct store *s)
{
    struct store_proof p = {0};

    s->ops->look_proof(s, &p);
    return p.trouble ? p.trouble : "";
}

static bool small_event_fits(struct store *s)
{
    struct store_txn *t;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->append_event(t, bytes_of_text("small")), ERR_OK);
    return s->ops->commit(t) == ERR_OK;
}

/* Housekeeping goes on in a full database, and something small may still find room: neither says
 * that a request would. */
static void a_full_store_cannot_prove_itself(void **state)
{
    struct store *s = store_sized(&place, keyring, 1);
    unsigned n, gone;

    (void)state;
    assert_int_equal(s->ops->prove(s), ERR_OK);
    assert_string_equal(trouble_of(s), "");
    n = fill_users(s, 0);
    assert_non_null(strstr(trouble_of(s), "TWOFOLD_DB_SIZE_MB"));
    assert_int_equal(s->ops->prove(s), ERR_UNAVAILABLE);
    assert_true(trim_some(s, 1));
    for (gone = 0; gone < n && !small_event_fits(s); gone++)
        delete_user(s, gone);
    assert_in_range(gone, 1, n / 2);
    assert_non_null(strstr(trouble_of(s), "TWOFOLD_DB_SIZE_MB"));
    assert_int_equal(s->ops->prove(s), ERR_UNAVAILABLE);
    for (; gone < n; gone++)
        delete_user(s, gone);
    assert_int_equal(s->ops->prove(s), ERR_OK);
    assert_string_equal(trouble_of(s), "");
    assert_false(s->ops->is_broken(s));
    store_close(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(full_of_users_can_be_emptied, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(a_full_store_cannot_prove_itself, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(full_of_events_can_be_trimmed, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(deleting_leaves_room_for_trimming, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(an_aged_full_file_can_be_trimmed, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(full_of_answers_can_be_swept, place_set_up, place_tear_down),
};

RUN(tests)
