/*
 * The overlay: what it finds, walks over and counts, against a model; and that what is appended
 * stays in the tail, through a merge too. TEST_SEED repeats a run.
 */
#include "support/runner.h"

#include "store/big_endian.h"
#include "store/overlay_parts.h"

#include <stdlib.h>
#include <time.h>

enum { HEADER = 8, KEY_BYTES = 8, NUMBERS = 200, ROUNDS = 300, WRITES = 12, VALUE_MAX = 40 };

/* An overlay, and where its entries lie. */
struct file {
    struct overlay *overlay;
    uint8_t *base;
    size_t n, room;
};

static void file_grow(struct file *f, size_t n)
{
    if (f->n + n <= f->room)
        return;
    f->room = 2 * (f->n + n);
    f->base = realloc(f->base, f->room);
    assert_non_null(f->base);
    overlay_set_base(f->overlay, f->base);
}

static void file_new(struct file *f)
{
    assert_int_equal(overlay_seed(), ERR_OK);
    *f = (struct file){.overlay = overlay_new(), .n = HEADER};
    assert_non_null(f->overlay);
    file_grow(f, 0);
}

static void file_free(struct file *f)
{
    overlay_free(f->overlay);
    free(f->base);
}

struct number_key {
    uint8_t bytes[KEY_BYTES];
};

static struct bytes key_of(struct number_key *k, uint64_t number)
{
    be_put(k->bytes, KEY_BYTES, number);
    return (struct bytes){.p = k->bytes, .n = KEY_BYTES};
}

static uint64_t number_of(struct bytes key)
{
    assert_int_equal(key.n, KEY_BYTES);
    return be_get(key.p, KEY_BYTES);
}

struct change {
    enum table table;
    uint64_t number;
    enum entry_kind kind;
    bool beneath;
    size_t n_value;
};

static void change(struct file *f, const struct change *c)
{
    static const uint8_t zeros[VALUE_MAX];
    struct number_key k;
    struct entry e = {.kind = c->kind,
                      .table = c->table,
                      .key = key_of(&k, c->number),
                      .value = {.p = zeros, .n = c->kind == ENTRY_PUT ? c->n_value : 0}};
    size_t n = entry_bytes(e.key.n, e.value.n);
    struct overlay_key key = overlay_key(c->table, e.key);

    file_grow(f, n);
    memset(f->base + f->n, 0, n);
    entry_write(&e, f->base + f->n);
    assert_int_equal(overlay_note(f->overlay, &key, f->n, c->beneath), ERR_OK);
    f->n += n;
}

static void append(struct file *f, uint64_t number)
{
    change(f, &(struct change){.table = TABLE_OUTBOX, .number = number, .n_value = 16});
}

/* What a commit does. */
static void merge(struct file *to, struct file *from)
{
    size_t moved = to->n - HEADER, n = from->n - HEADER;

    file_grow(to, n);
    memcpy(to->base + to->n, from->base + HEADER, n);
    to->n += n;
    assert_int_equal(overlay_merge(to->overlay, from->overlay, moved), ERR_OK);
    overlay_clear(from->overlay);
    from->n = HEADER;
}

static void assert_walk(struct overlay_cursor c, const uint64_t *numbers, size_t n)
{
    struct bytes key;

    for (size_t i = 0; i < n; i++) {
        assert_true(overlay_next(&c, &key));
        assert_int_equal(number_of(key), numbers[i]);
    }
    assert_false(overlay_next(&c, &key));
    assert_false(overlay_next(&c, &key));
}

/* ---- the tail ---- */

static void a_walk_meets_the_tail_and_the_tree_in_order(void **state)
{
    static const uint64_t onwards[] = {5, 10, 15, 20, 25, 30, 40};
    static const uint64_t backwards[] = {40, 30, 25, 20, 15, 10, 5};
    struct number_key k;
    struct file f;

    (void)state;
    file_new(&f);
    assert_walk(overlay_last(f.overlay, TABLE_OUTBOX), NULL, 0);
    assert_walk(overlay_first(f.overlay, TABLE_OUTBOX, (struct bytes){0}), NULL, 0);
    for (uint64_t number = 10; number <= 40; number += 10)
        append(&f, number);
    append(&f, 25);
    append(&f, 5);
    append(&f, 15);
    assert_int_equal(f.overlay->tail[TABLE_OUTBOX].n, 4);
    assert_walk(overlay_last(f.overlay, TABLE_OUTBOX), backwards, 7);
    assert_walk(overlay_first(f.overlay, TABLE_OUTBOX, (struct bytes){0}), onwards, 7);
    for (uint64_t from = 0; from <= 45; from++) {
        size_t skipped = from == 0 ? 0 : (size_t)(from - 1) / 5;

        if (from > 30)
            skipped = from > 40 ? 7 : 6;
        assert_walk(overlay_first(f.overlay, TABLE_OUTBOX, key_of(&k, from)), onwards + skipped,
                    7 - skipped);
    }
    assert_walk(overlay_last(f.overlay, TABLE_USERS), NULL, 0);
    file_free(&f);
}

static void what_is_appended_stays_in_the_tail(void **state)
{
    enum { TRANSACTIONS = 40, ROWS = 50 };
    struct file journal, own;
    uint64_t number = 0;

    (void)state;
    file_new(&journal);
    file_new(&own);
    for (size_t i = 0; i < TRANSACTIONS; i++) {
        for (size_t row = 0; row < ROWS; row++) {
            append(&own, ++number);
            change(&own, &(struct change){.table = TABLE_USERS, .number = row, .beneath = true});
        }
        merge(&journal, &own);
    }
    assert_int_equal(journal.overlay->tail[TABLE_OUTBOX].n, TRANSACTIONS * ROWS);
    assert_int_equal(journal.overlay->tail[TABLE_USERS].n, 0);
    assert_int_equal(journal.overlay->n_nodes, 0);
    assert_int_equal(overlay_keys(journal.overlay), TRANSACTIONS * ROWS + ROWS);
    file_free(&journal);
    file_free(&own);
}

static void clearing_keeps_little_memory(void **state)
{
    enum { MANY = 20000, KEPT = 4096, KEPT_SLABS = 4, FEW = 64, TIMES = 10 };
    struct file f;

    (void)state;
    file_new(&f);
    for (uint64_t i = 1; i <= MANY; i++) {
        append(&f, 2 * MANY + i);
        append(&f, i);
    }
    assert_true(f.overlay->n_slabs > KEPT_SLABS);
    overlay_clear(f.overlay);
    assert_in_range(f.overlay->mask, 0, KEPT - 1);
    assert_in_range(f.overlay->tail[TABLE_OUTBOX].room, 0, KEPT);
    assert_in_range(f.overlay->n_slabs, 0, KEPT_SLABS);
    for (uint64_t i = 0; i < TIMES; i++) {
        f.n = HEADER;
        append(&f, i);
        assert_walk(overlay_last(f.overlay, TABLE_OUTBOX), &i, 1);
        overlay_clear(f.overlay);
    }
    assert_in_range(f.overlay->mask, 0, FEW - 1);
    file_free(&f);
}

/* ---- against a model ---- */

struct model_row {
    bool known, beneath; /* the overlay has an entry; it said that the key was beneath */
    bool there;          /* as all layers together have it */
    size_t n_value;
};

struct world {
    uint64_t random;
    struct file journal, own;
    struct model_row rows[NUMBERS];
};

static unsigned some(struct world *w, unsigned below)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(w->random >> 33) % below;
}

/* Every third row lies beneath all overlays. */
static void start(struct world *w)
{
    const char *seed = getenv("TEST_SEED");

    memset(w, 0, sizeof *w);
    w->random = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    print_message("TEST_SEED=%llu\n", (unsigned long long)w->random);
    for (size_t i = 0; i < NUMBERS; i++)
        w->rows[i].there = i % 3 == 0;
    file_new(&w->journal);
    file_new(&w->own);
}

/* As tables_rows.c does it: what is not there is not erased. */
static void write_some(struct world *w)
{
    unsigned number = some(w, NUMBERS);
    struct model_row *row = &w->rows[number];
    struct change c = {.table = TABLE_USERS,
                       .number = number,
                       .kind = some(w, 3) == 0 ? ENTRY_ERASE : ENTRY_PUT,
                       .beneath = row->there,
                       .n_value = some(w, VALUE_MAX)};

    if (c.kind == ENTRY_ERASE && !row->there)
        return;
    if (!row->known)
        row->beneath = row->there;
    row->known = true;
    row->there = c.kind == ENTRY_PUT;
    row->n_value = c.n_value;
    change(&w->own, &c);
}

static void assert_found(const struct world *w)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        const struct model_row *row = &w->rows[i];
        struct number_key k;
        struct overlay_key key = overlay_key(TABLE_USERS, key_of(&k, i));
        struct entry e;

        assert_int_equal(overlay_find(w->journal.overlay, &key, &e), row->known);
        if (!row->known)
            continue;
        assert_int_equal(number_of(e.key), i);
        assert_int_equal(e.kind, row->there ? ENTRY_PUT : ENTRY_ERASE);
        assert_int_equal(e.value.n, row->there ? row->n_value : 0);
    }
}

static void assert_counts(const struct world *w)
{
    int64_t rows = 0;
    uint64_t bytes = 0;

    for (size_t i = 0; i < NUMBERS; i++) {
        const struct model_row *row = &w->rows[i];

        if (!row->known)
            continue;
        rows += (int)row->there - (int)row->beneath;
        if (!row->beneath && row->there)
            bytes += KEY_BYTES + row->n_value;
    }
    assert_int_equal(overlay_rows(w->journal.overlay, TABLE_USERS), rows);
    assert_int_equal(overlay_bytes(w->journal.overlay, TABLE_USERS), bytes);
}

static void assert_walks(struct world *w)
{
    uint64_t onwards[NUMBERS], backwards[NUMBERS];
    unsigned from = some(w, NUMBERS);
    struct number_key k;
    size_t n = 0, before = 0;

    for (size_t i = 0; i < NUMBERS; i++)
        if (w->rows[i].known && !w->rows[i].beneath) {
            before += i < from;
            onwards[n++] = i;
        }
    for (size_t i = 0; i < n; i++)
        backwards[n - 1 - i] = onwards[i];
    assert_walk(overlay_first(w->journal.overlay, TABLE_USERS, (struct bytes){0}), onwards, n);
    assert_walk(overlay_first(w->journal.overlay, TABLE_USERS, key_of(&k, from)), onwards + before,
                n - before);
    assert_walk(overlay_last(w->journal.overlay, TABLE_USERS), backwards, n);
}

static void assert_sorted(const struct world *w)
{
    uint32_t *units = NULL;
    uint64_t last = 0;

    assert_int_equal(overlay_sorted(w->journal.overlay, &units), ERR_OK);
    for (size_t i = 0; i < overlay_keys(w->journal.overlay); i++) {
        struct entry e;

        overlay_entry(w->journal.overlay, units[i], &e);
        assert_true(i == 0 || number_of(e.key) > last);
        last = number_of(e.key);
    }
    free(units);
}

static void transactions_merge_as_a_model_says(void **state)
{
    static struct world w;

    (void)state;
    start(&w);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (unsigned i = some(&w, WRITES); i > 0; i--)
            write_some(&w);
        merge(&w.journal, &w.own);
        assert_found(&w);
        assert_counts(&w);
        assert_walks(&w);
        assert_sorted(&w);
    }
    file_free(&w.journal);
    file_free(&w.own);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_walk_meets_the_tail_and_the_tree_in_order),
    cmocka_unit_test(what_is_appended_stays_in_the_tail),
    cmocka_unit_test(clearing_keeps_little_memory),
    cmocka_unit_test(transactions_merge_as_a_model_says),
};

RUN(tests)
