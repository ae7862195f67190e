#include "unit/store/small_tables.h"

uint32_t small_random(uint64_t *state, uint32_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % below;
}

unsigned small_long(unsigned n)
{
    const char *text = getenv("TEST_LONG");

    return text ? (unsigned)strtoul(text, NULL, 10) : n;
}

void small_key(const struct small_row *row, struct bytes *ret)
{
    *ret = (struct bytes){.p = row->key, .n = row->n_key};
}

struct bytes small_value(uint32_t seed, uint32_t n)
{
    static _Thread_local uint8_t value[SMALL_VALUE_MAX];
    uint64_t state = seed;

    for (uint32_t i = 0; i < n; i++)
        value[i] = (uint8_t)small_random(&state, 256);
    return (struct bytes){.p = value, .n = n};
}

/* ---- the model ---- */

unsigned small_at(const struct small_model *m, enum table table, struct bytes key)
{
    unsigned at = 0;

    for (; at < m->n[table]; at++) {
        struct bytes here;

        small_key(&m->rows[table][at], &here);
        if (bytes_compare(here, key) >= 0)
            break;
    }
    return at;
}

bool small_has(const struct small_model *m, enum table table, unsigned at, struct bytes key)
{
    struct bytes here;

    if (at == m->n[table])
        return false;
    small_key(&m->rows[table][at], &here);
    return bytes_equal(here, key);
}

void small_put(struct small_model *m, enum table table, const struct small_row *row)
{
    struct small_row *rows = m->rows[table];
    struct bytes key;
    unsigned at;

    small_key(row, &key);
    at = small_at(m, table, key);
    if (!small_has(m, table, at, key)) {
        assert_true(m->n[table] < SMALL_ROWS);
        memmove(&rows[at + 1], &rows[at], (m->n[table] - at) * sizeof *rows);
        m->n[table]++;
    }
    rows[at] = *row;
}

void small_erase(struct small_model *m, enum table table, struct bytes key)
{
    struct small_row *rows = m->rows[table];
    unsigned at = small_at(m, table, key);

    if (!small_has(m, table, at, key))
        return;
    m->n[table]--;
    memmove(&rows[at], &rows[at + 1], (m->n[table] - at) * sizeof *rows);
}

/* ---- the tables ---- */

struct tables *small_open(const char *folder, size_t bytes, unsigned mb)
{
    const struct tables_options options = {
        .folder = folder,
        .size_mb = mb,
        .journal_bytes = bytes,
    };
    enum tables_content content;
    struct tables_txn *t;
    struct tables *s = NULL;
    struct diag diag;

    if (tables_open(&options, &s, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    t = small_write(s);
    assert_int_equal(tables_attach(t, &content), ERR_OK);
    assert_int_not_equal(content, TABLES_FOREIGN);
    assert_int_equal(tables_commit(t), ERR_OK);
    return s;
}

struct tables_txn *small_write(struct tables *s)
{
    struct tables_txn *t;

    assert_int_equal(tables_begin_write(s, &t), ERR_OK);
    return t;
}

struct tables_txn *small_read(struct tables *s)
{
    struct tables_txn *t;

    assert_int_equal(tables_begin_read(s, &t), ERR_OK);
    return t;
}

static void assert_row(const struct table_row *found, const struct small_row *row)
{
    struct bytes key;

    small_key(row, &key);
    assert_int_equal(found->key.n, key.n);
    assert_memory_equal(found->key.p, key.p, key.n);
    assert_int_equal(found->value.n, row->n_value);
    assert_true(bytes_equal(found->value, small_value(row->seed, row->n_value)));
}

static bool is_own(enum table table, struct bytes key)
{
    return table == TABLE_META && (bytes_equal(key, bytes_of_text(TABLES_FORMAT_KEY)) ||
                                   bytes_equal(key, bytes_of_text(TABLES_JOURNAL_KEY)));
}

/* The first row behind KEY. */
static enum err seek_behind(struct tables_txn *t, enum table table, struct small_row *after,
                            struct table_row *ret)
{
    after->key[after->n_key++] = 0;
    return table_seek(t, table, (struct bytes){.p = after->key, .n = after->n_key}, ret);
}

void assert_small_table(struct tables_txn *t, const struct small_model *m, enum table table)
{
    struct table_row row;
    struct small_row at = {0};
    enum err err = table_seek(t, table, (struct bytes){0}, &row);
    unsigned n = 0;

    for (; err == ERR_OK; err = seek_behind(t, table, &at, &row)) {
        struct bytes value;

        assert_true(row.key.n < SMALL_KEY_MAX);
        memcpy(at.key, row.key.p, row.key.n);
        at.n_key = (uint32_t)row.key.n;
        if (is_own(table, row.key))
            continue;
        assert_true(n < m->n[table]);
        assert_row(&row, &m->rows[table][n++]);
        assert_int_equal(table_get(t, table, row.key, &value), ERR_OK);
        assert_true(bytes_equal(value, row.value));
    }
    assert_int_equal(err, ERR_NOT_FOUND);
    assert_int_equal(n, m->n[table]);
    err = table_last(t, table, &row);
    if (table == TABLE_META)
        return;
    assert_int_equal(err, n ? ERR_OK : ERR_NOT_FOUND);
    if (n)
        assert_row(&row, &m->rows[table][n - 1]);
}

void assert_small(struct tables_txn *t, const struct small_model *m)
{
    for (unsigned i = 0; i < TABLES; i++)
        assert_small_table(t, m, (enum table)i);
}
