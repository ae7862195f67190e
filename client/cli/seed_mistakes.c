#include "seed_mistakes.h"

#include "cli.h"

#include <inttypes.h>
#include <stdlib.h>

void seed_mistakes_add(struct seed_mistakes *mistakes, struct seed_mistake mistake)
{
    if (mistakes->n++ < SEED_MISTAKES_MAX)
        mistakes->list[mistakes->n - 1] = mistake;
}

static int by_place(const void *a, const void *b)
{
    const struct seed_at *x = &((const struct seed_mistake *)a)->at;
    const struct seed_at *y = &((const struct seed_mistake *)b)->at;

    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

static void print(FILE *out, const char *file, const struct seed_mistake *mistake)
{
    output_text(out, file);
    fprintf(out, ":%" PRIu32 ":%" PRIu32 ": ", mistake->at.line, mistake->at.column);
    if (mistake->field)
        fprintf(out, "%s: ", mistake->field);
    fputs(mistake->rule, out);
    if (mistake->see > 0)
        fprintf(out, ", see line %" PRIu32, mistake->see);
    fputc('\n', out);
}

void seed_mistakes_print(FILE *out, const char *file, struct seed_mistakes *mistakes)
{
    size_t told = mistakes->n < SEED_MISTAKES_MAX ? mistakes->n : SEED_MISTAKES_MAX;

    qsort(mistakes->list, told, sizeof mistakes->list[0], by_place);
    for (size_t i = 0; i < told; i++)
        print(out, file, &mistakes->list[i]);
    if (mistakes->n > told)
        fprintf(out, "twofold: and %zu mistakes more\n", mistakes->n - told);
}
