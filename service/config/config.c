/*
 * Reading the settings. Nothing stops at the first mistake: whoever starts the service for the
 * first time gets everything that is wrong in one go.
 *
 * A value is repeated in a mistake only when it belongs to a known setting. An unknown variable, a
 * stray argument or the login part of a URL may well be a secret that ended up in the wrong place.
 * So a first word is repeated only if it could be meant as a command, and a whole command line only
 * if all of it was understood.
 */
#include "config/config.h"

#include "config/check.h"
#include "config/mistake.h"
#include "config/row.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = "TWOFOLD_";
/* Read by others, who often share an environment with the service: the command line client,
 * docker's compose files. */
static const char *const of_others[] = {
    "TWOFOLD_ORG",
    "TWOFOLD_NATS_INBOX_PREFIX",
    "TWOFOLD_NATS_JS_DOMAIN",
    "TWOFOLD_TIMEOUT",
    "TWOFOLD_PORT",
    "TWOFOLD_SEED",
    "TWOFOLD_TAG",
};

/* Where a value came from: the variable or the flag, as the operator knows it. */
struct setting {
    const struct config_row *row;
    const char *key, *value;
};

struct loading {
    struct config config;
    enum config_action action;
    struct config_mistakes *mistakes;
    bool flag_seen[CONFIG_ROWS];
    bool is_whole; /* argv is all that was typed: a command may have been meant */
};

/* ---- one value ---- */

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (iscntrl((unsigned char)*text))
            return true;
    return false;
}

static void set_text(struct loading *l, const struct setting *s)
{
    size_t n = strlen(s->value);

    if (has_control(s->value)) {
        mistake_add(l->mistakes, s->key, "holds a control character", "leave it out");
        return;
    }
    if (n < s->row->least || n > s->row->most) {
        struct config_mistake *at = mistake_about(l->mistakes, s->key);

        mistake_wrong(at, "is %zu characters long", n);
        mistake_instead(at, "write %u to %u characters", s->row->least, s->row->most);
        return;
    }
    memcpy((char *)&l->config + s->row->offset, s->value, n + 1);
}

static void set_file(struct loading *l, const struct setting *s)
{
    struct stat is;
    int error = stat(s->value, &is) == 0 && access(s->value, R_OK) == 0 ? 0 : errno;

    if (error == 0 && S_ISDIR(is.st_mode))
        error = EISDIR;
    if (*s->value && error) {
        struct config_mistake *at = mistake_about(l->mistakes, s->key);

        mistake_wrong(at, "names %.100s, which cannot be read: %s", s->value, strerror(error));
        mistake_instead(at, "name a file that the service may read, or leave it empty");
    }
    set_text(l, s);
}

static bool parse_number(const char *text, unsigned least, unsigned most, unsigned *ret_number)
{
    unsigned long long number = 0;
    size_t n = strlen(text);

    if (n < 1 || n > 10 || text[strspn(text, "0123456789")])
        return false;
    for (; *text; text++)
        number = number * 10 + (unsigned)(*text - '0');
    if (number < least || number > most)
        return false;
    *ret_number = (unsigned)number;
    return true;
}

static void set_number(struct loading *l, const struct setting *s)
{
    unsigned number = 0;

    if (!parse_number(s->value, s->row->least, s->row->most, &number)) {
        struct config_mistake *at = mistake_about(l->mistakes, s->key);

        mistake_wrong(at, "is \"%.100s\"", s->value);
        mistake_instead(at, "write a number from %u to %u", s->row->least, s->row->most);
        return;
    }
    memcpy((char *)&l->config + s->row->offset, &number, sizeof number);
}

/* The place of the value among the words of its type. */
static void set_word(struct loading *l, const struct setting *s)
{
    const char *const *words = config_words(s->row->type);
    struct config_mistake *at;
    char all[128] = "";
    size_t used = 0;

    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(s->value, words[i]) == 0) {
            memcpy((char *)&l->config + s->row->offset, &i, sizeof i);
            return;
        }
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s",
                                 i == 0 ? "" : (words[i + 1] ? ", " : " or "), words[i]);
    }
    at = mistake_about(l->mistakes, s->key);
    mistake_wrong(at, "is \"%.100s\"", s->value);
    mistake_instead(at, "write %s", all);
}

static void set(struct loading *l, struct setting s)
{
    if (!*s.value)
        s.value = s.row->fallback;
    switch (s.row->type) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
        set_text(l, &s);
        return;
    case CONFIG_FILE:
        set_file(l, &s);
        return;
    case CONFIG_NUMBER:
        set_number(l, &s);
        return;
    case CONFIG_LEVEL:
    case CONFIG_SWITCH:
    case CONFIG_DUTY:
        set_word(l, &s);
        return;
    }
}

static void set_defaults(struct loading *l)
{
    for (size_t i = 0; i < CONFIG_ROWS; i++)
        set(l, (struct setting){&config_rows[i], config_rows[i].env, config_rows[i].fallback});
}

/* ---- the environment ---- */

/* Is TEXT of N bytes exactly NAME? */
static bool is_name(const char *text, size_t n, const char *name)
{
    return strlen(name) == n && strncmp(text, name, n) == 0;
}

static void mistake_unknown(struct loading *l, const char *text, size_t n, const char *wrong)
{
    struct config_mistake *at;
    char name[sizeof at->key];

    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), text);
    at = mistake_about(l->mistakes, name);
    mistake_wrong(at, "%s", wrong);
    mistake_suggest(at, name);
}

static bool is_of_others(const char *name, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(of_others); i++)
        if (is_name(name, n, of_others[i]))
            return true;
    return false;
}

static void read_variable(struct loading *l, const char *entry)
{
    size_t n = strcspn(entry, "=");

    if (!entry[n] || strncmp(entry, prefix, sizeof prefix - 1) != 0 || is_of_others(entry, n))
        return;
    for (size_t i = 0; i < CONFIG_ROWS; i++)
        if (is_name(entry, n, config_rows[i].env)) {
            set(l, (struct setting){&config_rows[i], config_rows[i].env, entry + n + 1});
            return;
        }
    mistake_unknown(l, entry, n, "is not a setting of this service");
}

/* ---- the command line ---- */

static bool read_action(struct loading *l, const char *argument)
{
    size_t n = strcspn(argument, "=");

    for (size_t i = 0; i < CONFIG_ACTION_FLAGS; i++) {
        const struct config_action_flag *f = &config_action_flags[i];

        if (!is_name(argument, n, f->flag))
            continue;
        if (argument[n])
            mistake_add(l->mistakes, f->flag, "takes no value", "write it alone");
        else if (l->action != CONFIG_RUN)
            mistake_add(l->mistakes, f->flag, "is not the only thing to do",
                        "give one of --help, --version, --print-config and --check-config");
        else
            l->action = f->action;
        return true;
    }
    return false;
}

static const struct config_row *find_flag(const char *text, size_t n)
{
    for (size_t i = 0; i < CONFIG_ROWS; i++)
        if (is_name(text, n, config_rows[i].flag))
            return &config_rows[i];
    return NULL;
}

/* Reads the flag at ARGV[0], with the value after '=' or in ARGV[1]; how many arguments it took. */
static int read_flag(struct loading *l, char **argv)
{
    size_t n = strcspn(argv[0], "=");
    const struct config_row *row = find_flag(argv[0], n);
    bool joined = argv[0][n] == '=', separate = !joined && argv[1] && strncmp(argv[1], "--", 2);
    bool *seen;

    if (!row) {
        mistake_unknown(l, argv[0], n, "is not a flag of this service");
        return separate ? 2 : 1;
    }
    seen = &l->flag_seen[row - config_rows];
    if (*seen)
        mistake_add(l->mistakes, row->flag, "is given twice", "give it once");
    else if (!joined && !separate)
        mistake_add(l->mistakes, row->flag, "has no value", "write the value after it");
    else
        set(l, (struct setting){row, row->flag, joined ? argv[0] + n + 1 : argv[1]});
    *seen = true;
    return separate ? 2 : 1;
}

/* ---- commands in the wrong place ---- */

enum { COMMAND_BYTES = 12 };

static bool is_command(const char *word)
{
    for (size_t i = 0; i < CONFIG_COMMANDS; i++)
        if (strcmp(word, config_commands[i].name) == 0)
            return true;
    return false;
}

static bool could_be_command(const char *word)
{
    size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz");

    return n > 0 && n <= COMMAND_BYTES && !word[n];
}

/* Appends the N words at ARGV; false when they do not fit. */
static bool append_words(char *line, size_t size, char **argv, int n)
{
    for (int i = 0; i < n; i++) {
        size_t used = strlen(line);

        if ((size_t)snprintf(line + used, size - used, " %s", argv[i]) >= size - used)
            return false;
    }
    return true;
}

/* The command is ARGV[AT], with N words; what stands before it are flags. */
static void mistake_late_command(struct loading *l, char **argv, int at, int n)
{
    bool understood = l->mistakes->n == 0;
    struct config_mistake *mistake = mistake_about(l->mistakes, argv[at]);
    char line[sizeof mistake->instead - 32] = "";

    if (!understood || !append_words(line, sizeof line, argv + at, n) ||
        !append_words(line, sizeof line, argv + 1, at - 1))
        snprintf(line, sizeof line, " %s ...", argv[at]);
    mistake_wrong(mistake, "stands behind flags");
    mistake_instead(mistake, "the command comes first: twofoldd%s", line);
}

/* How many of ARGV's words, from AT on, were no flags and are now explained. */
static int read_words(struct loading *l, char **argv, int at)
{
    char place[32];
    int n = 1;

    while (l->is_whole && argv[at + n] && argv[at + n][0] != '-')
        n++;
    if (l->is_whole && is_command(argv[at])) {
        mistake_late_command(l, argv, at, n);
        return n;
    }
    if (l->is_whole && at == 1 && could_be_command(argv[at])) {
        struct config_mistake *mistake = mistake_about(l->mistakes, "there is");

        mistake_wrong(mistake, "no command %s", argv[at]);
        mistake_instead(mistake, "see twofoldd --help");
        return n;
    }
    snprintf(place, sizeof place, "argument %d", at);
    mistake_add(l->mistakes, place, "is not a flag", "see --help for all of them");
    return 1;
}

static void read_arguments(struct loading *l, int argc, char **argv)
{
    for (int i = 1; i < argc;) {
        if (read_action(l, argv[i])) {
            i++;
            continue;
        }
        if (strncmp(argv[i], "--", 2) == 0) {
            i += read_flag(l, argv + i);
            continue;
        }
        i += read_words(l, argv, i);
    }
}

/* ---- all together ---- */

static void read_all(struct loading *l, int argc, char **argv, char **envp)
{
    l->mistakes->n = 0;
    set_defaults(l);
    for (; *envp; envp++)
        read_variable(l, *envp);
    read_arguments(l, argc, argv);
    check_together(&l->config, l->mistakes);
}

static enum err hand_out(const struct loading *l, struct config *ret_config,
                         enum config_action *ret_action)
{
    if (l->mistakes->n && l->action != CONFIG_HELP && l->action != CONFIG_VERSION)
        return ERR_VALIDATION;
    *ret_config = l->config;
    *ret_action = l->action;
    return ERR_OK;
}

enum err config_read(int argc, char **argv, char **envp, struct config *ret_config,
                     enum config_action *ret_action, struct config_mistakes *reterr)
{
    struct loading l = {.action = CONFIG_RUN, .mistakes = reterr};

    read_all(&l, argc, argv, envp);
    return hand_out(&l, ret_config, ret_action);
}

enum err config_load(int argc, char **argv, char **envp, struct config *ret_config,
                     enum config_action *ret_action, struct config_mistakes *reterr)
{
    struct loading l = {.action = CONFIG_RUN, .mistakes = reterr, .is_whole = true};

    read_all(&l, argc, argv, envp);
    if (l.action == CONFIG_CHECK)
        check_places(&l.config, reterr);
    return hand_out(&l, ret_config, ret_action);
}
