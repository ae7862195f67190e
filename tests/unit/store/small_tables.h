/*
 * Tables with a journal so small that generations change all the time, and a model in memory of
 * what they hold. The model is plain data, so that processes can share it.
 */
#ifndef TWOFOLD_TESTS_STORE_SMALL_TABLES_H
#define TWOFOLD_TESTS_STORE_SMALL_TABLES_H

#include "support/runner.h"

#include "store/tables.h"

#include <stdlib.h>

enum { SMALL_KEY_MAX = 24, SMALL_ROWS = 600, SMALL_VALUE_MAX = 64 * 1024 };

struct small_row {
    uint8_t key[SMALL_KEY_MAX];
    uint32_t n_key, n_value, seed;
};

struct small_model {
    unsigned n[TABLES];
    struct small_row rows[TABLES][SMALL_ROWS];
};

/* From a seed, the same on every machine. */
uint32_t small_random(uint64_t *state, uint32_t below);
/* TEST_LONG, or N without it: how much a test does. */
unsigned small_long(unsigned n);

void small_key(const struct small_row *row, struct bytes *ret);
/* The bytes that stand for a row's seed and length; valid until the next call in this thread. */
struct bytes small_value(uint32_t seed, uint32_t n);

/* Where a row with KEY is or belongs. */
unsigned small_at(const struct small_model *m, enum table table, struct bytes key);
bool small_has(const struct small_model *m, enum table table, unsigned at, struct bytes key);
void small_put(struct small_model *m, enum table table, const struct small_row *row);
void small_erase(struct small_model *m, enum table table, struct bytes key);

/* Opens FOLDER with a journal of BYTES and a tree of MB, attached. */
struct tables *small_open(const char *folder, size_t bytes, unsigned mb);
struct tables_txn *small_write(struct tables *s);
struct tables_txn *small_read(struct tables *s);

/* Fails unless TABLE in T is what M says, walking all of it and asking for each. The tables' own
 * rows of meta are passed over. */
void assert_small_table(struct tables_txn *t, const struct small_model *m, enum table table);
void assert_small(struct tables_txn *t, const struct small_model *m);

#endif
