#include "tools/tools.h"

#include "app.h"
#include "store/store_lmdb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- reading the command line ---- */

static bool mistake(const struct tool_spec *spec, const char *text, int *ret_exit)
{
    fprintf(stderr, "twofoldd: %s; see twofoldd %s --help\n", text, spec->name);
    *ret_exit = CONFIG_EXIT_MISTAKE;
    return false;
}

/* Is WORD one of the tool's own options, "--from" or "--from=VALUE"? Then which. */
static bool own_option(const struct tool_spec *spec, const char *word, size_t *ret_i)
{
    size_t n = strcspn(word, "=");

    for (size_t i = 0; i < TOOL_OPTIONS_MAX && spec->options[i]; i++)
        if (strlen(spec->options[i]) == n && strncmp(spec->options[i], word, n) == 0) {
            *ret_i = i;
            return true;
        }
    return false;
}

/* Takes the option and its value, which is empty where there is none; the number of words that they
 * were. */
static int take_option(const struct tool_spec *spec, int argc, char **argv, struct tool *t)
{
    const char *equals = strchr(argv[0], '=');
    size_t i;

    if (!own_option(spec, argv[0], &i))
        return 0;
    t->option_values[i] = equals ? equals + 1 : argc < 2 ? "" : argv[1];
    return equals || argc < 2 ? 1 : 2;
}

/* Operands and the tool's own flags may stand anywhere, but behind a flag without "=" stands its
 * value, as config_read has it. What is left in ARGV is for config_read. */
static int take_own_words(const struct tool_spec *spec, int argc, char **argv, struct tool *t)
{
    bool value_follows = false;
    int left = 1, taken;

    for (int i = 1; i < argc; i += taken) {
        bool is_flag = strncmp(argv[i], value_follows ? "--" : "-", value_follows ? 2 : 1) == 0;
        bool is_operand = !is_flag && !value_follows && t->n_operands < TOOL_OPERANDS_MAX;

        taken = is_flag ? take_option(spec, argc - i, argv + i, t) : 0;
        value_follows = is_flag && !taken && !strchr(argv[i], '=');
        if (taken)
            continue;
        taken = 1;
        if (spec->flag && strcmp(argv[i], spec->flag) == 0) {
            t->flagged = true;
            value_follows = false;
        } else if (is_operand) {
            t->operands[t->n_operands++] = argv[i];
        } else {
            argv[left++] = argv[i];
        }
    }
    return left;
}

bool tool_read(const struct tool_spec *spec, int argc, char **argv, struct tool *ret_tool,
               int *ret_exit)
{
    static struct config_mistakes mistakes;
    enum config_action action = CONFIG_RUN;
    int left = take_own_words(spec, argc, argv, ret_tool);

    if (config_read(left, argv, environ, &ret_tool->config, &action, &mistakes) != ERR_OK) {
        config_mistakes_print(&mistakes, stderr);
        return mistake(spec, "nothing was done", ret_exit);
    }
    if (action == CONFIG_HELP) {
        spec->help(stdout);
        *ret_exit = CONFIG_EXIT_DONE;
        return false;
    }
    if (action != CONFIG_RUN)
        return mistake(spec, "this command takes the settings and --help alone", ret_exit);
    if (ret_tool->n_operands < spec->min_operands)
        return mistake(spec, "something is missing after the command", ret_exit);
    if (ret_tool->n_operands > spec->max_operands)
        return mistake(spec, "there is more than the command takes", ret_exit);
    for (unsigned i = 0; i < ret_tool->n_operands; i++)
        if (!*ret_tool->operands[i])
            return mistake(spec, "a name is empty", ret_exit);
    for (unsigned i = 0; i < TOOL_OPTIONS_MAX; i++)
        if (ret_tool->option_values[i] && !*ret_tool->option_values[i])
            return mistake(spec, "a value is missing or empty", ret_exit);
    config_keyring_path(&ret_tool->config, ret_tool->keyring_path);
    return true;
}

/* ---- keyring and database ---- */

enum err tool_may_read(const struct tool *t, struct diag *reterr)
{
    const char *folder = t->config.data_dir;
    char file[CONFIG_TEXT_MAX + 16];

    snprintf(file, sizeof file, "%s/data.mdb", folder);
    if ((access(folder, R_OK | X_OK) == 0 && access(file, R_OK) == 0) || errno != EACCES)
        return ERR_OK;
    diag_set(reterr, "cannot read %s: %s; run it as the service's user", folder, strerror(errno));
    return ERR_UNAVAILABLE;
}

enum err tool_open(struct tool *t, struct diag *reterr)
{
    struct store_lmdb_options options = {.folder = t->config.data_dir,
                                         .size_mb = t->config.db_size_mb,
                                         .journal_mb = t->config.journal_mb};
    bool exists = false;

    log_set_level(LOG_WARN); /* a tool says itself what it does */
    TRY(tool_may_read(t, reterr));
    if (access(t->config.data_dir, F_OK) == 0)
        TRY(store_lmdb_prepare(t->config.data_dir, &exists, reterr));
    if (!exists) {
        diag_set(reterr, "there is no database in %s; name its folder with TWOFOLD_DATA_DIR",
                 t->config.data_dir);
        return ERR_NOT_FOUND;
    }
    TRY(keyring_open(t->keyring_path, &t->keyring, reterr));
    options.keyring = t->keyring;
    return store_lmdb_open(&options, &t->store, reterr);
}

void tool_close(struct tool *t)
{
    store_close(t->store);
    keyring_free(t->keyring);
    t->store = NULL;
    t->keyring = NULL;
}

const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

int tool_end(enum err err, const struct diag *diag)
{
    if (err == ERR_OK)
        return CONFIG_EXIT_DONE;
    fprintf(stderr, "twofoldd: %s\n", diag->text[0] ? diag->text : "out of memory");
    return CONFIG_EXIT_FAILED;
}

/* ---- progress ---- */

enum { BAR_WIDTH = 30, TERMINAL_MS = 100, FILE_MS = 2000 };

static int64_t ms_since(const struct timespec *then)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - then->tv_sec) * INT64_C(1000) + (now.tv_nsec - then->tv_nsec) / 1000000;
}

static void draw(const struct progress_bar *bar, uint64_t done, uint64_t total)
{
    static const char full[] = "##############################",
                      none[] = "..............................";
    uint64_t of = total ? total : 1, part = done < of ? done : of;
    int width = (int)(part * BAR_WIDTH / of);
    bool terminal = isatty(STDERR_FILENO) == 1;

    fprintf(stderr, "%s%s [%.*s%.*s] %3u%% %llu of %llu, %llu s%s", terminal ? "\r" : "", bar->what,
            width, full, BAR_WIDTH - width, none, (unsigned)(part * 100 / of),
            (unsigned long long)done, (unsigned long long)total,
            (unsigned long long)ms_since(&bar->began) / 1000, terminal ? "" : "\n");
    fflush(stderr);
}

void progress_begin(struct progress_bar *bar, const char *what)
{
    bar->what = what;
    clock_gettime(CLOCK_MONOTONIC, &bar->began);
    bar->shown = (struct timespec){0};
}

bool progress_show(void *ctx, uint64_t done, uint64_t total)
{
    struct progress_bar *bar = ctx;

    if (ms_since(&bar->shown) < (isatty(STDERR_FILENO) == 1 ? TERMINAL_MS : FILE_MS))
        return true;
    clock_gettime(CLOCK_MONOTONIC, &bar->shown);
    draw(bar, done, total);
    return true;
}

void progress_end(struct progress_bar *bar, uint64_t total)
{
    if (total == 0)
        return;
    draw(bar, total, total);
    if (isatty(STDERR_FILENO) == 1)
        fputc('\n', stderr);
}

void progress_break(struct progress_bar *bar)
{
    if (bar->shown.tv_sec && isatty(STDERR_FILENO) == 1)
        fputc('\n', stderr);
}
