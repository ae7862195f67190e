/*
 * `init`, `list` and `add` work on the keyring; `rotate` and `retire` on the database as well,
 * beside the service. Nothing here remembers how far a rotation has come: every row says which key
 * it is under, so the same command, given again after a kill, does what is left.
 */
#include "tools/keys.h"

#include "app.h"
#include "base/fd.h"
#include "crypto/keyring_edit.h"
#include "tools/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

struct command {
    const char *name, *operands, *doc;
    unsigned n_operands;
    enum err (*run)(struct tool *t, struct diag *reterr);
};

/* ---- init, add ---- */

static enum err init(struct tool *t, struct diag *reterr)
{
    TRY(keyring_create_new(t->keyring_path, reterr));
    printf("twofoldd: made a new keyring at %s\n"
           "Keep a copy of it apart from the database: without it the database cannot be read.\n"
           "It must belong to the user that the service runs as (it was made by uid %u).\n",
           t->keyring_path, (unsigned)geteuid());
    return ERR_OK;
}

static enum err add(struct tool *t, struct diag *reterr)
{
    uint32_t id;

    TRY(keyring_add(t->keyring_path, &id, reterr));
    printf("twofoldd: added key %" PRIu32 " for reading to %s\n"
           "Bring this file to every place that keeps a copy of its own, then run: twofoldd keys "
           "rotate\n",
           id, t->keyring_path);
    return ERR_OK;
}

/* ---- list ---- */

static bool has_database(const struct tool *t)
{
    char path[CONFIG_TEXT_MAX + 16];

    snprintf(path, sizeof path, "%s/data.mdb", t->config.data_dir);
    return access(path, F_OK) == 0;
}

static void print_key(const struct key_summary *key, const struct key_usage *usage)
{
    printf("%-10" PRIu32 "  %-7s  %-10s", key->id, key_state_word(key->state), key->date);
    if (usage)
        printf("  %14" PRIu64 "  %14" PRIu64, usage->rows, usage->recovery);
    putchar('\n');
}

static enum err list(struct tool *t, struct diag *reterr)
{
    struct key_summary keys[KEYRING_KEYS_MAX];
    struct key_usage usage[KEYRING_KEYS_MAX];
    size_t n_keys, n_usage = 0;

    TRY(tool_may_read(t, reterr));
    TRY(keyring_list(t->keyring_path, keys, &n_keys, reterr));
    if (has_database(t)) {
        TRY(tool_open(t, reterr));
        diag_set(reterr, "cannot read the database in %s", t->config.data_dir);
        TRY(store_lmdb_key_usage(t->store, usage, &n_usage));
    }
    printf("%-10s  %-7s  %-10s%s\n", "KEY", "STATE", "MADE",
           n_usage ? "  USERS AND ORGS  RECOVERY SETS" : "");
    for (size_t i = 0; i < n_keys; i++)
        print_key(&keys[i], key_usage_find(usage, n_usage, keys[i].id));
    return ERR_OK;
}

/* ---- rotate ---- */

/* One rotation or retirement at a time. */
static enum err lock_folder(const struct tool *t, int *ret_fd, struct diag *reterr)
{
    *ret_fd = open(t->config.data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_fd >= 0 && flock(*ret_fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    if (errno == EWOULDBLOCK)
        diag_set(reterr, "another `twofoldd keys` is at work on %s; wait for it",
                 t->config.data_dir);
    else
        diag_set(reterr, "cannot open %s: %s", t->config.data_dir, strerror(errno));
    return ERR_UNAVAILABLE;
}

/* The newest key that `keys add` has made since the active one, or a new one. */
static enum err next_key(const struct tool *t, uint32_t *ret_id, struct diag *reterr)
{
    struct key_summary keys[KEYRING_KEYS_MAX];
    uint32_t active = keyring_active(t->keyring), newest = active;
    size_t n;

    TRY(keyring_list(t->keyring_path, keys, &n, reterr));
    for (size_t i = 0; i < n; i++)
        if (keys[i].state == KEY_READING && keys[i].id > newest)
            newest = keys[i].id;
    *ret_id = newest;
    return newest > active ? ERR_OK : keyring_add(t->keyring_path, ret_id, reterr);
}

/* From the moment that the database has the new number, every process uses the new key. */
static enum err switch_key(struct tool *t, struct diag *reterr)
{
    uint32_t id;

    TRY(next_key(t, &id, reterr));
    TRY(keyring_activate(t->keyring_path, id, reterr));
    diag_set(reterr,
             "key %" PRIu32 " is active in the keyring, but the database could not be told: run "
             "the command again",
             id);
    return store_lmdb_keys_changed(t->store);
}

static enum err reseal(struct tool *t, struct work_done *ret_done, struct diag *reterr)
{
    struct progress_bar bar;
    struct work_progress progress = {.call = progress_show, .ctx = &bar};
    uint64_t users;

    diag_set(reterr,
             "the database in %s failed while it was sealed anew: is the disk full, or "
             "TWOFOLD_DB_SIZE_MB too small? What was done stays done; make room, then run the "
             "command again",
             t->config.data_dir);
    TRY(store_lmdb_count_users(t->store, &users));
    progress_begin(&bar, "sealing anew");
    TRY(store_lmdb_reseal(t->store, &progress, ret_done));
    progress_end(&bar, users);
    return ERR_OK;
}

static void print_rotated(const struct tool *t, const struct work_done *done)
{
    printf("twofoldd: key %" PRIu32 " is active; %" PRIu64 " row%s sealed under it now\n",
           keyring_active(t->keyring), done->written, done->written == 1 ? " was" : "s were");
    if (done->damaged)
        printf("%" PRIu64 " rows cannot be read under any key and were left as they are: restore a "
               "backup, or delete them with the database\n",
               done->damaged);
    printf("Keep a copy of the keyring %s.\n"
           "Older keys: twofoldd keys list. Retire them in an hour: step tokens of today end with "
           "them.\n",
           t->keyring_path);
}

static enum err rotate(struct tool *t, struct diag *reterr)
{
    struct work_done done = {0};
    auto_fd lock = -1;
    bool unfinished;

    TRY(tool_open(t, reterr));
    TRY(lock_folder(t, &lock, reterr));
    diag_set(reterr, "cannot read the database in %s", t->config.data_dir);
    TRY(store_lmdb_needs_reseal(t->store, &unfinished));
    if (unfinished)
        fprintf(stderr, "twofoldd: going on with a rotation that was not finished\n");
    else
        TRY(switch_key(t, reterr));
    TRY(reseal(t, &done, reterr));
    print_rotated(t, &done);
    return ERR_OK;
}

/* ---- retire ---- */

static bool parse_id(const char *text, uint32_t *ret_id)
{
    char *end = NULL;
    unsigned long long id;

    errno = 0;
    id = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || id > UINT32_MAX)
        return false;
    *ret_id = (uint32_t)id;
    return true;
}

static void explain_refusal(const struct tool *t, uint32_t id, enum err err, struct diag *reterr)
{
    if (err == ERR_NOT_FOUND)
        diag_set(reterr,
                 "the keyring has no key %" PRIu32 "; `twofoldd keys list` shows those it "
                 "has",
                 id);
    else if (err == ERR_CONFLICT && id >= keyring_active(t->keyring))
        diag_set(reterr,
                 "key %" PRIu32 " is %s; only keys older than the active one can be retired, and "
                 "`twofoldd keys rotate` makes a newer one active",
                 id, id == keyring_active(t->keyring) ? "the active one" : "not in use yet");
    else if (err == ERR_CONFLICT)
        diag_set(reterr,
                 "key %" PRIu32 " is still needed: users or organizations are sealed under it; run "
                 "`twofoldd keys rotate` first",
                 id);
    else
        diag_set(reterr, "cannot read or write the database in %s", t->config.data_dir);
}

static enum err is_pepper(const struct tool *t, uint32_t id, bool *ret_is, struct diag *reterr)
{
    struct key_summary keys[KEYRING_KEYS_MAX];
    size_t n;

    TRY(keyring_list(t->keyring_path, keys, &n, reterr));
    *ret_is = false;
    for (size_t i = 0; i < n; i++)
        *ret_is |= keys[i].id == id && keys[i].state == KEY_PEPPER;
    return ERR_OK;
}

static enum err print_still_needed(const struct tool *t, uint32_t id, struct diag *reterr)
{
    struct key_usage usage[KEYRING_KEYS_MAX];
    const struct key_usage *of_key;
    uint64_t sets;
    size_t n;

    diag_set(reterr, "cannot read the database in %s", t->config.data_dir);
    TRY(store_lmdb_key_usage(t->store, usage, &n));
    of_key = key_usage_find(usage, n, id);
    sets = of_key ? of_key->recovery : 0;
    printf("twofoldd: key %" PRIu32 " was retired before; %" PRIu64
           " set%s of recovery codes still need%s its pepper\n",
           id, sets, plural(sets), sets == 1 ? "s" : "");
    return ERR_OK;
}

static void print_retired(uint32_t id, bool pepper_needed)
{
    printf("twofoldd: key %" PRIu32 " is retired\n", id);
    if (pepper_needed)
        printf("Of it the keyring keeps only the pepper, for recovery codes made under it; retire "
               "it again when `twofoldd keys list` shows none.\n");
    printf("Backups made before can be read only with a keyring that has this key.\n");
}

/* The database first: a key that it asks for and the keyring has not stops every start. Told twice,
 * so that running processes drop the key as well. */
static enum err retire(struct tool *t, struct diag *reterr)
{
    auto_fd lock = -1;
    bool pepper_needed, was_retired;
    uint32_t id = 0;
    enum err err;

    if (!parse_id(t->operands[0], &id))
        return ERR_VALIDATION; /* keys_run has looked */
    TRY(tool_open(t, reterr));
    TRY(lock_folder(t, &lock, reterr));
    err = store_lmdb_retire_key(t->store, id, &pepper_needed);
    explain_refusal(t, id, err, reterr);
    TRY(err);
    TRY(is_pepper(t, id, &was_retired, reterr));
    if (was_retired && pepper_needed)
        return print_still_needed(t, id, reterr);
    TRY(keyring_activate(t->keyring_path, keyring_active(t->keyring), reterr));
    TRY(keyring_remove(t->keyring_path, id, pepper_needed, reterr));
    diag_set(reterr, "cannot write to the database in %s", t->config.data_dir);
    TRY(store_lmdb_keys_changed(t->store));
    print_retired(id, pepper_needed);
    return ERR_OK;
}

/* ---- the table ---- */

static const struct command commands[] = {
    {"init", "", "make a new keyring, never over an existing file", 0, init},
    {"list", "", "the keys, and what in the database is under each", 0, list},
    {"add", "", "add a key for reading only, to be brought to other places first", 0, add},
    {"rotate", "", "make a new key active and seal everything under it, beside the service", 0,
     rotate},
    {"retire", "ID", "remove a key that nothing is sealed under any more", 1, retire},
};

static void help(FILE *out)
{
    fputs("usage: twofoldd keys <command> [--flag value | --flag=value] ...\n\n"
          "Works on the keyring: the file that TWOFOLD_KEYRING_FILE names, or the one beside the\n"
          "data folder. Flags and variables are the service's: see twofoldd --help.\n\nCommands:\n",
          out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-7s %-3s %s\n", commands[i].name, commands[i].operands, commands[i].doc);
    fprintf(out,
            "\nThe service may run meanwhile, in any number of processes: they read the keyring\n"
            "again by themselves. A rotation that was interrupted goes on when it is started "
            "again.\n\n"
            "Exit codes: %d done, %d failed, %d a mistake in the command or the settings\n",
            CONFIG_EXIT_DONE, CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int mistake(const char *text)
{
    fprintf(stderr, "twofoldd: %s; see twofoldd keys --help\n", text);
    return CONFIG_EXIT_MISTAKE;
}

int keys_run(int argc, char **argv)
{
    static struct tool tool;
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find(name);
    struct diag diag = {.text = ""};
    struct tool_spec spec;
    int code;

    app_harden();
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help(stdout);
        return CONFIG_EXIT_DONE;
    }
    if (!command)
        return mistake(*name ? "there is no such command of keys" : "keys needs a command");
    spec = (struct tool_spec){.name = "keys",
                              .min_operands = command->n_operands,
                              .max_operands = command->n_operands,
                              .help = help};
    if (!tool_read(&spec, argc - 1, argv + 1, &tool, &code))
        return code;
    if (tool.n_operands && !parse_id(tool.operands[0], &(uint32_t){0}))
        return mistake("the key's id is a number, as `twofoldd keys list` shows it");
    code = tool_end(command->run(&tool, &diag), &diag);
    tool_close(&tool);
    return code;
}
