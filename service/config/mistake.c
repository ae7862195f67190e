#include "config/mistake.h"

#include "config/row.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

/* Values come from outside: none may write to the operator's terminal by itself. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if (iscntrl((unsigned char)*text))
            *text = '?';
}

struct config_mistake *mistake_about(struct config_mistakes *m, const char *key)
{
    struct config_mistake *at = &m->at[m->n];

    if (m->n < CONFIG_MISTAKES_MAX)
        m->n++;
    snprintf(at->key, sizeof at->key, "%s", key);
    make_printable(at->key);
    return at;
}

void mistake_wrong(struct config_mistake *at, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(at->wrong, sizeof at->wrong, fmt, args);
    va_end(args);
    make_printable(at->wrong);
}

void mistake_instead(struct config_mistake *at, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(at->instead, sizeof at->instead, fmt, args);
    va_end(args);
    make_printable(at->instead);
}

void mistake_add(struct config_mistakes *m, const char *key, const char *wrong, const char *instead)
{
    struct config_mistake *at = mistake_about(m, key);

    mistake_wrong(at, "%s", wrong);
    mistake_instead(at, "%s", instead);
}

void config_mistakes_print(const struct config_mistakes *mistakes, FILE *out)
{
    for (unsigned i = 0; i < mistakes->n; i++)
        fprintf(out, "twofoldd: %s %s; %s\n", mistakes->at[i].key, mistakes->at[i].wrong,
                mistakes->at[i].instead);
}

/* ---- the nearest name ---- */

enum { NAME_MAX_BYTES = 64, NEAR_ENOUGH = 3 };

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* Levenshtein distance, one row of the table at a time; B is shorter than NAME_MAX_BYTES. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_BYTES], n = strlen(b);

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            row[j] = least_of(row[j] + 1, row[j - 1] + 1, change);
        }
    }
    return row[n];
}

static void keep_nearer(const char *name, const char *known, const char **best, size_t *best_at)
{
    size_t at = distance(name, known);

    if (at < *best_at) {
        *best = known;
        *best_at = at;
    }
}

void mistake_suggest(struct config_mistake *at, const char *name)
{
    const char *best = NULL;
    size_t best_at = NEAR_ENOUGH + 1;

    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        keep_nearer(name, config_rows[i].env, &best, &best_at);
        keep_nearer(name, config_rows[i].flag, &best, &best_at);
    }
    for (size_t i = 0; i < CONFIG_ACTION_FLAGS; i++)
        keep_nearer(name, config_action_flags[i].flag, &best, &best_at);
    if (best)
        mistake_instead(at, "did you mean %s?", best);
    else
        mistake_instead(at, "see --help for all of them");
}
