/*
 * Private to tables*.c: opening and transactions (tables.c, tables_commit.c), following what other
 * processes have committed (tables_follow.c), rows (tables_rows.c, tables_walk.c), bringing a
 * generation of the journal into the tree (tables_fold.c, tables_fold_thread.c).
 *
 * Three layers, the newest first; where one knows a key, those beneath it are not asked:
 *
 *     the active generation of the journal, which is appended to
 *     the frozen one, which is being brought into the tree ("folded")
 *     the tree
 *
 * The tree says up to which generation it has everything (meta/"journal"). While a generation is
 * being folded, the tree has some of its rows and others not yet; nobody sees that, since all look
 * into the frozen generation first.
 *
 * Locks, in this order: `folding` and the journal's folding lock; `writer` and the journal's lock;
 * the tree's writer; `view`. Generations change under `writer` and `view`; who holds one of the two
 * may read them.
 */
#ifndef TWOFOLD_STORE_TABLES_PARTS_H
#define TWOFOLD_STORE_TABLES_PARTS_H

#include "store/journal.h"
#include "store/overlay.h"
#include "store/tables.h"
#include "store/tree.h"

#include <pthread.h>
#include <stdatomic.h>

enum { KEPT_KEY_MAX = 512, SIZES = 64 };

struct generation {
    uint64_t number; /* 0: none */
    struct overlay *overlay;
    uint64_t growth; /* bytes by which the tree will grow when it is folded: rather too many */
};

/* No row has a key of [from, to): found by walking over erased ones, and not to be walked again. */
struct gap {
    size_t n_from, n_to; /* n_to 0: none */
    uint8_t from[KEPT_KEY_MAX], to[KEPT_KEY_MAX];
};

/* The size of a row in the tree that no layer above knows, as it was found last: a row is read
 * before it is written. */
struct known_size {
    uint64_t hash; /* of its key; 0: of none */
    size_t n;      /* 0: the tree has no such row */
};

struct tables_txn {
    struct tables *tables;
    enum { BARE, READS, WRITES } kind; /* BARE: the tree alone */
    struct tree_txn *tree;
    bool attaches;
    /* of WRITES */
    struct overlay *own;
    uint8_t *record;
    size_t n, room;
    enum tables_reserve reserve;
    uint64_t growth;
    struct known_size sizes[SIZES];
};

struct folder_thread {
    pthread_t thread;
    pthread_mutex_t mutex; /* over what follows */
    pthread_cond_t changed;
    bool started, stops, works;
    bool wanted;     /* there is a frozen generation */
    uint64_t folded; /* the last one that it has done */
};

struct tables {
    struct tree *tree;
    struct journal *journal; /* NULL: there is none */
    struct tables_options options;
    char *folder;
    bool attached;
    pthread_mutex_t writer, folding;
    pthread_rwlock_t view;
    struct generation active, frozen;
    struct tables_txn write; /* the only one that writes */
    struct tree_txn *snapshot;
    struct gap gaps[TABLES];
    struct folder_thread folder_thread;
};

/* ---- tables_follow.c ---- */

/* Opens the journal of an attached tree. If the tree knows of none there is none, unless MAKE. */
NODISCARD enum err tables_open_journal(struct tables *s, bool make, struct diag *reterr);
/* Takes over what was committed and folded since. Under `writer` and the journal's lock; T is a
 * fresh snapshot of the tree. */
NODISCARD enum err tables_follow(struct tables *s, struct tree_txn *t);
/* Has the tree of T everything of our active generation, or may it have a part of one that we do
 * not know whole? Then what we know is out of date. */
NODISCARD enum err tables_outdated(struct tables *s, struct tree_txn *t, bool *ret_outdated);
/* Up to which generation the tree of T has everything. */
NODISCARD enum err tables_folded(struct tree_txn *t, uint64_t *ret_generation);
NODISCARD enum err tables_set_folded(struct tree_txn *t, uint64_t generation);
/* Makes an empty generation the active one. ERR_CONFLICT while somebody still reads the file that
 * it needs. */
NODISCARD enum err tables_start_generation(struct tables *s, uint64_t number);
/* Forgets a generation that the tree has. */
void tables_drop(struct tables *s, struct generation *g);

/* ---- tables_commit.c ---- */

/* Makes what T has written durable, and known. */
NODISCARD enum err tables_commit_entries(struct tables_txn *t);

/* ---- tables_rows.c, tables_walk.c ---- */

/* Has any layer beneath the transaction's own a row under KEY? */
NODISCARD enum err tables_has_beneath(struct tables *s, struct tree_txn *t,
                                      const struct overlay_key *key, bool *ret_has);
/* Nothing is known of gaps any more, or: there is a row under KEY. */
void tables_forget_gaps(struct tables *s);
void tables_fill_gap(struct tables *s, enum table table, struct bytes key);

/* ---- tables_fold.c, tables_fold_thread.c ---- */

struct folding {
    struct tables *tables;
    const struct generation *generation;
    const uint8_t *base;
    uint32_t *units;
    size_t n, next;
};

/* F->units is the caller's to free. */
NODISCARD enum err tables_folding_begin(struct tables *s, const struct generation *g,
                                        struct folding *ret);
/* Some rows more. RET_DONE: that was the last of them, or somebody else has done it. */
NODISCARD enum err tables_fold_chunk(struct folding *f, bool *ret_done);
void tables_end_thread(struct tables *s);

/* When the active generation is large, makes a new one and has the old one folded in the
 * background. */
void tables_fold_if_large(struct tables *s);
/* Brings all there is into the tree, now. Under `writer` and the journal's lock. */
NODISCARD enum err tables_fold_all(struct tables *s);
/* The same, but others may go on meanwhile; holds off all other folding until tables_end_folded.
 * Not under `writer`. */
NODISCARD enum err tables_begin_folded(struct tables *s);
void tables_end_folded(struct tables *s);
/* Nobody in this process folds afterwards, nor uses the frozen generation for that. */
void tables_stop_folding(struct tables *s);
/* Before closing. */
void tables_fold_at_end(struct tables *s);
/* What a commit of E does to the tree. */
NODISCARD enum err tables_fold_entry(struct tree_txn *t, const struct entry *e);

#endif
