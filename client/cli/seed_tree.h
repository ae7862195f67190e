/* YAML, and JSON with it, as a tree. The only way to libyaml. */
#ifndef TWOFOLD_CLI_SEED_TREE_H
#define TWOFOLD_CLI_SEED_TREE_H

#include "base/attr.h"
#include "seed_mistakes.h"

#include <stdbool.h>

enum seed_kind {
    SEED_TEXT, /* a scalar that can only be text: it is in quotes, or a block */
    SEED_WORD, /* a scalar without quotes */
    SEED_LIST,
    SEED_MAP,
};

struct seed_node {
    enum seed_kind kind;
    struct seed_at at;
    char *text;              /* of a scalar: UTF-8, and a NUL behind its N bytes */
    size_t n;                /* of a list or map: how many nodes are below it */
    struct seed_node *first; /* of a list: its values; of a map: name, value, name, value ... */
    struct seed_node *next;  /* beside it */
    struct seed_node *older; /* that was made before it */
};

enum {
    SEED_FILE_BYTES_MAX = 16 * 1024 * 1024,
    SEED_NODES_MAX = 1024 * 1024,
    SEED_DEPTH_MAX = 8, /* of lists and maps in each other; the format has seven */
};

struct seed_tree {
    struct seed_node *root; /* NULL: the file holds nothing */
    struct seed_node *newest;
    size_t n_nodes;
    bool out_of_memory;
};

/*
 * Reads N bytes of TEXT, one document in UTF-8. What cannot be read ends the reading and is one
 * mistake: what is no YAML, a second document, an anchor, an alias or a tag (so nothing can stand
 * for more than it is long), too many values or too deep ones. Time and memory are bounded by N.
 * False: there are mistakes, or memory is short. Free RET in any case.
 */
NODISCARD bool seed_tree_read(const char *text, size_t n, struct seed_tree *ret,
                              struct seed_mistakes *mistakes);

/* Wipes every text. */
void seed_tree_free(struct seed_tree *tree);

/* Would a reader of YAML, of any version, take TEXT without quotes for no value at all; or for a
 * number or a truth value? */
bool seed_word_is_null(const char *text);
bool seed_word_is_no_text(const char *text);

#endif
