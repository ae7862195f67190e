/* Mistakes of a seed file: all of them at once, and nothing of the file's contents in them. */
#ifndef TWOFOLD_CLI_SEED_MISTAKES_H
#define TWOFOLD_CLI_SEED_MISTAKES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct seed_at {
    uint32_t line, column; /* from 1 on */
};

enum { SEED_MISTAKES_MAX = 50 };

struct seed_mistake {
    struct seed_at at;
    const char *field, *rule; /* static; FIELD may be NULL */
    uint32_t see;             /* the line that it is about as well; 0: none */
};

struct seed_mistakes {
    size_t n; /* that were found: of those beyond the list only the number is known */
    struct seed_mistake list[SEED_MISTAKES_MAX];
};

void seed_mistakes_add(struct seed_mistakes *mistakes, struct seed_mistake mistake);

/* Prints "FILE:7:9: field: rule" for each, in the order of the file. */
void seed_mistakes_print(FILE *out, const char *file, struct seed_mistakes *mistakes);

#endif
