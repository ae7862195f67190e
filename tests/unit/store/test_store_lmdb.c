/* What is LMDB's: damage in the file, tables that stay bounded, a reader beside the writer. */
#include "unit/store/one_place.h"

#include "base/arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* One wrong byte in a user's row: neither loaded nor listed; others are. */
static void damaged_rows_are_reported(void **state)
{
    const struct user_id bob = {.org = "acme", .username = "bob"};
    static const struct user empty;
    struct listed_user listed[2];
    struct store_txn *txn;
    struct tables_txn *t;
    struct tables *tables;
    struct table_row row;
    struct store *s;
    struct user u;
    uint8_t *copy;
    size_t n = 99;

    (void)state;
    database_make(&place, keyring, &alice);
    tables = tables_under(&place, &t);
    assert_int_equal(table_seek(t, TABLE_USERS, (struct bytes){0}, &row), ERR_OK);
    copy = malloc(row.value.n);
    assert_non_null(copy);
    memcpy(copy, row.value.p, row.value.n);
    copy[100] ^= 1;
    row.value.p = copy;
    assert_int_equal(table_put(t, TABLE_USERS, row.key, row.value), ERR_OK);
    assert_int_equal(tables_commit(t), ERR_OK);
    tables_close(tables);
    free(copy);
    s = store_fixed(&place, keyring);
    assert_int_equal(s->ops->begin(s, &txn), ERR_OK);
    user_maximal(&u);
    assert_int_equal(s->ops->load_user(txn, &alice, &u), ERR_UNAVAILABLE);
    assert_memory_equal(&u, &empty, sizeof u);
    assert_int_equal(s->ops->load_user(txn, &bob, &u), ERR_OK);
    assert_int_equal(s->ops->list_users(txn, "acme", "", 0, listed, 2, &n), ERR_UNAVAILABLE);
    assert_int_equal(s->ops->list_users(txn, "acme", "alice", 0, listed, 2, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_false(s->ops->is_broken(s));
    s->ops->abort(txn);
    store_close(s);
}

/* How many of the first N invented names still have their failure. The others have none: what lies
 * in the slot is somebody else's. */
static unsigned names_still_counted(struct store *s, unsigned n)
{
    unsigned counted = 0;

    for (unsigned i = 0; i < n; i++) {
        char name[32];
        struct user u;

        snprintf(name, sizeof name, "nobody-%u", i);
        get_user(s, &(struct user_id){"acme", name}, &u);
        assert_in_range(u.password_lockout.failures, 0, 1);
        counted += u.password_lockout.failures;
    }
    return counted;
}

/* Invented names take one slot each of a table that has 65536. */
static void invented_names_take_bounded_room(void **state)
{
    enum { NAMES = 300000, BATCH = 2500 };
    struct user u = {.password_lockout = {.failures = 1}};
    struct store *s = store_fixed(&place, keyring);
    struct tables_txn *t;
    struct tables *tables;
    struct table_row row;
    uint8_t after[3] = {0};
    size_t rows = 0;

    (void)state;
    for (unsigned i = 0; i < NAMES; i += BATCH) {
        struct store_txn *txn;

        assert_int_equal(s->ops->begin(s, &txn), ERR_OK);
        for (unsigned k = 0; k < BATCH; k++) {
            char name[32];

            snprintf(name, sizeof name, "nobody-%u", i + k);
            assert_int_equal(s->ops->save_user(txn, &(struct user_id){"acme", name}, &u), ERR_OK);
        }
        assert_int_equal(s->ops->commit(txn), ERR_OK);
    }
    assert_true(names_still_counted(s, 1000) < 500); /* most slots belong to a later name now */
    store_close(s);
    tables = tables_under(&place, &t);
    for (struct bytes at = {0}; table_seek(t, TABLE_DECOYS, at, &row) == ERR_OK && rows <= 70000;
         rows++) {
        assert_int_equal(row.key.n, 2);
        memcpy(after, row.key.p, 2);
        at = (struct bytes){.p = after, .n = 3};
    }
    assert_in_range(rows, 60000, 65536);
    tables_abort(t);
    tables_close(tables);
}

enum { READ_EVENTS = 500 };

/* Follows the outbox until it has seen READ_EVENTS events; NULL if a position was out of turn. */
static void *follow(void *store)
{
    struct store *s = store;
    struct arena *arena = arena_new(64 * 1024);
    uint64_t after = 0;

    for (unsigned reads = 0; after < READ_EVENTS && reads < 10000000; reads++) {
        struct outbox_entry entries[16];
        size_t n = 0;

        if (s->ops->read_events(s, after, arena, entries, ARRAY_LEN(entries), &n) != ERR_OK)
            break;
        for (size_t i = 0; i < n && entries[i].position == after + 1; i++)
            after++;
        arena_reset(arena);
    }
    arena_free(arena);
    return after == READ_EVENTS ? store : NULL;
}

static void another_thread_reads_events(void **state)
{
    struct store *s = store_fixed(&place, keyring);
    void *result = NULL;
    pthread_t reader;

    (void)state;
    assert_int_equal(pthread_create(&reader, NULL, follow, s), 0);
    for (unsigned i = 0; i < READ_EVENTS; i++)
        put_event(s, "event");
    assert_int_equal(pthread_join(reader, &result), 0);
    assert_ptr_equal(result, s);
    store_close(s);
}

/* A reader that is kept from running keeps old pages from being used again: 28 KB a commit. */
enum { LOOKS = 20000, LOOKS_SIZE_MB = 1024, LOOKS_END_S = 90 };

/* What is wrong with NOW, which came after the state that had LAST; NULL: nothing. One whose thread
 * was kept from running may see a commit right before LMDB announces it, and the next one not yet.
 */
static const char *look_fault(const struct outbox_state *now, uint64_t last)
{
    if (now->last + 1 < last)
        return "went back";
    if (now->marks.taken.position != now->last || now->marks.dropped != now->last)
        return "marks of another transaction";
    if (now->first != (now->last > 2 ? now->last - 1 : 1))
        return "trimmed in another transaction";
    return (now->bytes > 0) != (now->last > 0) ? "bytes of another transaction" : NULL;
}

/* Looks until it has seen the last one; returns the fault it saw. */
static void *look_on(void *store)
{
    struct outbox_state now = {0};
    const char *fault = NULL;
    time_t end_s = time(NULL) + LOOKS_END_S;

    while (!fault && now.last < LOOKS) {
        uint64_t before = now.last;

        if (look_outbox(store, &now) != ERR_OK)
            fault = "could not look";
        else
            fault = time(NULL) > end_s ? "waited in vain" : look_fault(&now, before);
    }
    return (void *)(uintptr_t)fault;
}

/* One event more, marks up to it, and only the last two kept. */
static void append_mark_and_trim(struct store *s, uint64_t position)
{
    const struct outbox_marks marks = {.taken = {.position = position}, .dropped = position};
    struct store_txn *t;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->append_event(t, bytes_of_text("event")), ERR_OK);
    if (position > 2)
        assert_int_equal(s->ops->trim_events(t, position - 2, 1), ERR_OK);
    assert_int_equal(s->ops->save_marks(t, &marks), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
}

static void another_thread_looks_at_whole_transactions(void **state)
{
    struct store *s = store_sized(&place, keyring, LOOKS_SIZE_MB);
    void *fault = NULL;
    pthread_t reader;

    (void)state;
    assert_int_equal(pthread_create(&reader, NULL, look_on, s), 0);
    for (unsigned i = 1; i <= LOOKS; i++)
        append_mark_and_trim(s, i);
    assert_int_equal(pthread_join(reader, &fault), 0);
    if (fault)
        fail_msg("%s", (const char *)fault);
    store_close(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(damaged_rows_are_reported, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(invented_names_take_bounded_room, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(another_thread_reads_events, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(another_thread_looks_at_whole_transactions, place_set_up,
                                    place_tear_down),
};

RUN(tests)
