/* The contract's second half: the outbox and kept answers. */
#include "unit/store/store_contract.h"

#include "base/arena.h"

static const struct user_id alice = {.org = "acme", .username = "alice"};
static const struct user_id bob = {.org = "acme", .username = "bob"};

/* Reads up to MAX events after AFTER; they must be EXPECTED, each followed by a space. Returns the
 * position of the last one. */
static uint64_t assert_events(struct contract *c, uint64_t after, size_t max, const char *expected)
{
    struct outbox_entry entries[8];
    struct arena *arena = arena_new(4096);
    char got[256] = "";
    size_t n = 99;

    assert_int_equal(c->store->ops->read_events(c->store, after, arena, entries, max, &n), ERR_OK);
    assert_true(n <= max);
    for (size_t i = 0; i < n; i++) {
        size_t end = strlen(got);

        assert_true(entries[i].position > after);
        after = entries[i].position;
        snprintf(got + end, sizeof got - end, "%.*s ", (int)entries[i].event.n,
                 (const char *)entries[i].event.p);
    }
    assert_string_equal(got, expected);
    arena_free(arena);
    return after;
}

static void trim(struct contract *c, uint64_t position)
{
    contract_begin(c);
    assert_int_equal(c->store->ops->trim_events(c->txn, position, SIZE_MAX), ERR_OK);
    contract_commit(c);
}

void events_are_read_in_order(void **state)
{
    struct contract *c = *state;
    uint64_t second;

    assert_events(c, 0, 8, "");
    contract_begin(c);
    for (const char *e = "abc"; *e; e++)
        assert_int_equal(
            c->store->ops->append_event(c->txn, (struct bytes){.p = (const uint8_t *)e, .n = 1}),
            ERR_OK);
    contract_commit(c);
    put_event(c->store, "d");
    second = assert_events(c, 0, 2, "a b ");
    assert_events(c, second, 8, "c d ");
    assert_events(c, UINT64_MAX, 8, "");
    assert_events(c, 0, 0, "");
    trim(c, second);
    assert_events(c, 0, 8, "c d ");
    trim(c, second); /* again, and of what is gone */
    assert_events(c, 0, 8, "c d ");
}

void uncommitted_events_are_not_read(void **state)
{
    struct contract *c = *state;

    put_event(c->store, "old");
    contract_begin(c);
    assert_int_equal(c->store->ops->append_event(c->txn, bytes_of_text("new")), ERR_OK);
    assert_events(c, 0, 8, "old ");
    contract_commit(c);
    assert_events(c, 0, 8, "old new ");
}

void events_that_fit_are_read(void **state)
{
    struct contract *c = *state;
    struct outbox_entry entries[8];
    struct arena *arena = arena_new(32), *none = arena_new(0);
    size_t n = 99;

    for (unsigned i = 0; i < 3; i++)
        put_event(c->store, "sixteen bytes...");
    assert_int_equal(c->store->ops->read_events(c->store, 0, arena, entries, 8, &n), ERR_OK);
    assert_int_equal(n, 2);
    n = 99;
    assert_int_equal(c->store->ops->read_events(c->store, 0, none, entries, 8, &n),
                     ERR_UNAVAILABLE);
    assert_int_equal(n, 99);
    arena_free(arena);
    arena_free(none);
}

void positions_grow_for_ever(void **state)
{
    struct contract *c = *state;
    uint64_t last = 0;

    for (unsigned round = 0; round < 4; round++) {
        put_event(c->store, "x");
        last = assert_events(c, last, 8, "x ");
        trim(c, UINT64_MAX);
        assert_events(c, 0, 8, "");
        if (round % 2)
            continue;
        contract_open_again(c);
    }
    contract_begin(c); /* emptied and filled again in one transaction */
    assert_int_equal(c->store->ops->append_event(c->txn, bytes_of_text("y")), ERR_OK);
    assert_int_equal(c->store->ops->trim_events(c->txn, UINT64_MAX, SIZE_MAX), ERR_OK);
    assert_int_equal(c->store->ops->append_event(c->txn, bytes_of_text("z")), ERR_OK);
    contract_commit(c);
    assert_true(assert_events(c, last, 8, "z ") == last + 2);
}

void aborted_events_use_no_position(void **state)
{
    struct contract *c = *state;
    uint64_t first;

    put_event(c->store, "a");
    first = assert_events(c, 0, 8, "a ");
    contract_begin(c);
    assert_int_equal(c->store->ops->append_event(c->txn, bytes_of_text("lost")), ERR_OK);
    contract_roll_back(c);
    put_event(c->store, "b");
    assert_true(assert_events(c, first, 8, "b ") == first + 1);
}

/* ---- kept answers ---- */

static void keep(struct contract *c, const struct user_id *id, const char *reply,
                 int64_t expires_ms)
{
    const struct retry_answer answer = {
        .request_id = "request-1",
        .actor = "billing",
        .digest = {9},
        .err = ERR_LOCKED,
        .reply = bytes_of_text(reply),
        .expires_ms = expires_ms,
    };

    contract_begin(c);
    assert_int_equal(c->store->ops->save_retry(c->txn, id, &answer), ERR_OK);
    contract_commit(c);
}

/* The answer kept for ID must be REPLY; NULL: none. */
static void assert_kept(struct contract *c, const struct user_id *id, int64_t now_ms,
                        const char *reply)
{
    struct arena *arena = arena_new(4096);
    struct retry_answer answer;
    bool found = !reply;

    contract_begin(c);
    assert_int_equal(c->store->ops->load_retry(c->txn, id, now_ms, arena, &answer, &found), ERR_OK);
    contract_roll_back(c);
    assert_int_equal(found, reply != NULL);
    if (reply) {
        assert_string_equal(answer.request_id, "request-1");
        assert_string_equal(answer.actor, "billing");
        assert_int_equal(answer.digest[0], 9);
        assert_int_equal(answer.err, ERR_LOCKED);
        assert_true(bytes_equal(answer.reply, bytes_of_text(reply)));
    }
    arena_free(arena);
}

void answers_are_kept_until_they_expire(void **state)
{
    struct contract *c = *state;

    assert_kept(c, &alice, 0, NULL);
    keep(c, &alice, "yes", 30000);
    contract_open_again(c);
    assert_kept(c, &alice, 29999, "yes");
    assert_kept(c, &alice, 30000, NULL);
    assert_kept(c, &bob, 0, NULL);
}

void one_answer_a_user(void **state)
{
    struct contract *c = *state;

    keep(c, &alice, "first", 30000);
    keep(c, &bob, "his", 30000);
    keep(c, &alice, "second", 40000);
    assert_kept(c, &alice, 35000, "second");
    assert_kept(c, &bob, 0, "his");
}

static int64_t sweep(struct contract *c, int64_t now_ms)
{
    int64_t next_ms = -1;

    contract_begin(c);
    assert_int_equal(c->store->ops->sweep_retries(c->txn, now_ms, &next_ms), ERR_OK);
    contract_commit(c);
    return next_ms;
}

void sweeping_erases_what_expired(void **state)
{
    struct contract *c = *state;

    assert_true(sweep(c, 0) == 0);
    keep(c, &alice, "a", 5000);
    keep(c, &bob, "b", 3000);
    keep(c, &(struct user_id){.org = "a", .username = "z"}, "c", 1000);
    keep(c, &(struct user_id){.org = "z", .username = "a"}, "d", 1000);
    assert_true(sweep(c, 999) == 1000);
    assert_true(sweep(c, 1000) == 3000);
    assert_kept(c, &(struct user_id){.org = "a", .username = "z"}, 0, NULL);
    assert_kept(c, &(struct user_id){.org = "z", .username = "a"}, 0, NULL);
    assert_kept(c, &bob, 0, "b");
    assert_true(sweep(c, 4999) == 5000);
    assert_true(sweep(c, INT64_MAX) == 0);
    assert_kept(c, &alice, 0, NULL);
}
