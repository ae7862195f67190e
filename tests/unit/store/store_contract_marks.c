/* The contract's third part: how far the events have come, and what is kept of them. */
#include "unit/store/store_contract.h"

#include "base/arena.h"

static void trim(struct contract *c, uint64_t position, size_t max)
{
    contract_begin(c);
    assert_int_equal(c->store->ops->trim_events(c->txn, position, max), ERR_OK);
    contract_commit(c);
}

static struct outbox_state look(struct contract *c)
{
    struct outbox_state state;

    memset(&state, 0xee, sizeof state);
    assert_int_equal(c->store->ops->look_outbox(c->store, c->txn, &state), ERR_OK);
    return state;
}

static void save(struct contract *c, const struct outbox_marks *marks)
{
    contract_begin(c);
    assert_int_equal(c->store->ops->save_marks(c->txn, marks), ERR_OK);
    contract_commit(c);
}

static void assert_marks(const struct outbox_marks *expected, const struct outbox_marks *got)
{
    assert_true(expected->taken.position == got->taken.position);
    assert_true(expected->taken.sequence == got->taken.sequence);
    assert_int_equal(expected->taken.in_stream, got->taken.in_stream);
    assert_true(expected->checkpointed == got->checkpointed);
    assert_true(expected->dropped == got->dropped);
}

static void assert_kept(struct contract *c, uint64_t first, uint64_t last)
{
    const struct outbox_state state = look(c);

    assert_true(state.first == first);
    assert_true(state.last == last);
    assert_int_equal(state.bytes > 0, first <= last);
}

void looking_tells_what_is_kept(void **state)
{
    struct contract *c = *state;

    assert_kept(c, 1, 0);
    for (unsigned i = 0; i < 3; i++)
        put_event(c->store, "event");
    assert_kept(c, 1, 3);
    trim(c, 2, SIZE_MAX);
    assert_kept(c, 3, 3);
    trim(c, UINT64_MAX, SIZE_MAX);
    assert_kept(c, 4, 3);
    contract_open_again(c);
    assert_kept(c, 4, 3);
    put_event(c->store, "event");
    assert_kept(c, 4, 4);
}

void looking_sees_its_transaction_or_a_snapshot(void **state)
{
    struct contract *c = *state;
    struct store_txn *txn;

    put_event(c->store, "old");
    contract_begin(c);
    assert_int_equal(c->store->ops->append_event(c->txn, bytes_of_text("new")), ERR_OK);
    assert_int_equal(c->store->ops->trim_events(c->txn, 1, 1), ERR_OK);
    assert_kept(c, 2, 2);
    txn = STEAL(c->txn);
    assert_kept(c, 1, 1);
    c->txn = txn;
    contract_roll_back(c);
    assert_kept(c, 1, 1);
}

void reading_within_sees_its_transaction(void **state)
{
    struct contract *c = *state;
    struct arena *arena = arena_new(4096);
    struct outbox_entry entries[4];
    size_t n = 99;

    put_event(c->store, "a");
    contract_begin(c);
    assert_int_equal(c->store->ops->append_event(c->txn, bytes_of_text("b")), ERR_OK);
    assert_int_equal(c->store->ops->append_event(c->txn, bytes_of_text("c")), ERR_OK);
    assert_int_equal(c->store->ops->read_events_within(c->txn, 1, arena, entries, 4, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_true(entries[0].position == 2 && entries[1].position == 3);
    assert_true(bytes_equal(entries[0].event, bytes_of_text("b")));
    assert_int_equal(c->store->ops->trim_events(c->txn, 2, SIZE_MAX), ERR_OK);
    assert_true(bytes_equal(entries[1].event, bytes_of_text("c"))); /* a copy */
    assert_int_equal(c->store->ops->read_events_within(c->txn, 0, arena, entries, 4, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_true(entries[0].position == 3);
    arena_free(arena);
}

void the_oldest_are_trimmed_first(void **state)
{
    struct contract *c = *state;

    for (unsigned i = 0; i < 10; i++)
        put_event(c->store, "event");
    trim(c, UINT64_MAX, 0);
    assert_kept(c, 1, 10);
    trim(c, UINT64_MAX, 3);
    assert_kept(c, 4, 10);
    trim(c, 5, 3);
    assert_kept(c, 6, 10);
    trim(c, 5, 3);
    assert_kept(c, 6, 10);
    trim(c, 6, 1);
    assert_kept(c, 7, 10);
}

/* More than one transaction may remove goes in several, without a gap. */
void large_outboxes_are_trimmed_in_steps(void **state)
{
    enum { EVENTS = 64, EVENT_BYTES = 64 * 1024 };
    static uint8_t event[EVENT_BYTES];
    struct contract *c = *state;
    unsigned steps = 0;

    contract_begin(c);
    for (unsigned i = 0; i < EVENTS; i++)
        assert_int_equal(
            c->store->ops->append_event(c->txn, (struct bytes){.p = event, .n = sizeof event}),
            ERR_OK);
    contract_commit(c);
    for (uint64_t first = 1; first <= EVENTS; steps++) {
        uint64_t before = first;

        trim(c, UINT64_MAX, SIZE_MAX);
        first = look(c).first;
        assert_true(first > before);
    }
    assert_in_range(steps, 2, 8);
    assert_kept(c, EVENTS + 1, EVENTS);
}

static const struct outbox_marks sample = {
    .taken = {.position = 2, .sequence = UINT64_MAX, .in_stream = true},
    .checkpointed = 3,
    .dropped = 1000000,
};

void marks_begin_at_nothing_and_are_kept(void **state)
{
    const struct outbox_marks none = {0}, lower = {.taken = {.position = 1}, .checkpointed = 1};
    struct contract *c = *state;
    struct outbox_state now = look(c);

    assert_marks(&none, &now.marks);
    for (unsigned i = 0; i < 3; i++)
        put_event(c->store, "event");
    save(c, &sample);
    now = look(c);
    assert_marks(&sample, &now.marks);
    contract_open_again(c);
    now = look(c);
    assert_marks(&sample, &now.marks);
    save(c, &lower); /* they may go back: to send again */
    now = look(c);
    assert_marks(&lower, &now.marks);
    trim(c, 2, SIZE_MAX);
    save(c, &sample);
    now = look(c);
    assert_marks(&sample, &now.marks);
}

/* Nobody could ever send it. */
void what_was_removed_counts_as_taken(void **state)
{
    struct contract *c = *state;
    struct outbox_marks expected = sample;
    struct outbox_state now;

    for (unsigned i = 0; i < 5; i++)
        put_event(c->store, "event");
    trim(c, 1, SIZE_MAX);
    now = look(c);
    assert_true(now.marks.taken.position == 1 && now.marks.taken.sequence == 0);
    save(c, &sample);
    trim(c, 4, SIZE_MAX);
    expected.taken.position = 4;
    expected.taken.sequence = 0;
    now = look(c);
    assert_marks(&expected, &now.marks);
    trim(c, UINT64_MAX, SIZE_MAX);
    contract_open_again(c);
    expected.taken.position = 5;
    now = look(c);
    assert_marks(&expected, &now.marks);
}

void aborted_marks_are_gone(void **state)
{
    const struct outbox_marks none = {0};
    struct contract *c = *state;
    struct outbox_state now;

    for (unsigned i = 0; i < 3; i++)
        put_event(c->store, "event");
    contract_begin(c);
    assert_int_equal(c->store->ops->save_marks(c->txn, &sample), ERR_OK);
    now = look(c);
    assert_marks(&sample, &now.marks);
    contract_roll_back(c);
    now = look(c);
    assert_marks(&none, &now.marks);
}

/* Events that come later would count as sent, and nobody would send them. */
void marks_behind_the_newest_event_are_refused(void **state)
{
    const struct outbox_marks taken = {.taken = {.position = 4}}, covered = {.checkpointed = 4};
    struct contract *c = *state;
    struct outbox_state now;

    for (unsigned i = 0; i < 3; i++)
        put_event(c->store, "event");
    contract_begin(c);
    assert_int_equal(c->store->ops->save_marks(c->txn, &sample), ERR_OK);
    assert_int_equal(c->store->ops->save_marks(c->txn, &taken), ERR_INTERNAL);
    assert_int_equal(c->store->ops->save_marks(c->txn, &covered), ERR_INTERNAL);
    now = look(c);
    assert_marks(&sample, &now.marks);
    assert_int_equal(c->store->ops->append_event(c->txn, bytes_of_text("event")), ERR_OK);
    assert_int_equal(c->store->ops->save_marks(c->txn, &taken), ERR_OK);
}
