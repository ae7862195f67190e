/*
 * What an operator does for the audit trail beside letting the service publish it: `keys` for
 * whoever verifies it, `stream` for the place that keeps it, `resend` (audit_resend.c) when that
 * place has lost something.
 */
#include "tools/audit.h"

#include "app.h"
#include "crypto/base64.h"
#include "crypto/sign.h"
#include "tools/audit_parts.h"
#include "tools/moment.h"
#include "transport/stream_read.h"

#include <inttypes.h>
#include <string.h>

struct command {
    const char *name, *doc;
    int (*run)(int argc, char **argv);
};

/* ---- keys ---- */

static void keys_help(FILE *out)
{
    fprintf(out,
            "usage: twofoldd audit keys [--flag value | --flag=value] ...\n\n"
            "Prints one line of JSON: the public keys of the keyring that TWOFOLD_KEYRING_FILE\n"
            "names. Keep it where the service cannot change it, and give it to `twofold audit\n"
            "verify --anchor FILE`: checkpoints of the trail are signed with these keys. Needs\n"
            "neither the bus nor the database. Print it anew after `twofoldd keys add` or\n"
            "`rotate`, and keep the old lines: older checkpoints are signed with older keys.\n\n"
            "Exit codes: %d done, %d failed, %d a mistake in the command or the settings\n",
            CONFIG_EXIT_DONE, CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}

/* A pepper that is left of a retired key signs nothing. */
static enum err print_key(const struct keyring *k, uint32_t id, bool *first)
{
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    char text[BASE64_LENGTH(SIGN_PUBLIC_BYTES) + 1];
    struct bytes seed;

    if (keyring_key(k, id, KEY_SIGN, &seed) != ERR_OK)
        return ERR_OK;
    TRY(sign_public_key(seed.p, public_key));
    base64_encode((struct bytes){public_key, sizeof public_key}, text);
    printf("%s{\"id\":%" PRIu32 ",\"public_key\":\"%s=\"}", *first ? "" : ",", id, text);
    *first = false;
    return ERR_OK;
}

enum err audit_print_keys(const struct keyring *k, struct diag *reterr)
{
    uint32_t ids[KEYRING_KEYS_MAX];
    bool first = true;
    size_t n = keyring_ids(k, ids);

    diag_set(reterr, "a public key cannot be computed");
    fputs("{\"keys\":[", stdout);
    for (size_t i = 0; i < n; i++)
        TRY(print_key(k, ids[i], &first));
    puts("]}");
    return ERR_OK;
}

static enum err print_keys(const struct tool *t, struct diag *reterr)
{
    auto_keyring *keyring = NULL;

    TRY(keyring_open(t->keyring_path, &keyring, reterr));
    return audit_print_keys(keyring, reterr);
}

static int run_keys(int argc, char **argv)
{
    static const struct tool_spec spec = {.name = "audit keys", .help = keys_help};
    static struct tool tool;
    struct diag diag = {.text = ""};
    int code;

    if (!tool_read(&spec, argc, argv, &tool, &code))
        return code;
    return tool_end(print_keys(&tool, &diag), &diag);
}

/* ---- stream ---- */

enum { STREAM_READER, STREAM_PREFIX, READER_MAX = 32 };

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static void stream_help(FILE *out)
{
    fprintf(
        out,
        "usage: twofoldd audit stream [--create] [--reader NAME] [--inbox-prefix PREFIX]\n"
        "                             [--flag value | --flag=value] ...\n\n"
        "Shows the stream TWOFOLD_AUDIT_STREAM, and says what about it is weaker than wished.\n"
        "The login is that of the audit trail: TWOFOLD_AUDIT_NATS_NKEY_FILE or _CREDS.\n\n"
        "  --create        makes it if it is missing, so that nothing can be deleted from it\n"
        "  --reader        makes the durable consumer NAME, for `twofold audit export\n"
        "                  --durable NAME`, if it is missing\n"
        "  --inbox-prefix  of this login, if it is not the service's; _INBOX.provision with\n"
        "                  the seed of provision in docker/nats.conf\n\n"
        "Exit codes: %d it is there, %d it is not, %d a mistake in the command or the settings\n",
        CONFIG_EXIT_DONE, CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}

static enum err find_or_make(struct audit_link *l, bool create, struct stream_info *ret_info,
                             struct diag *reterr)
{
    enum stream_found found = stream_look(l->stream, AUDIT_ASK_MS, ret_info);

    if (found == STREAM_MISSING && create) {
        found = stream_create(l->stream, AUDIT_ASK_MS, ret_info);
        if (found == STREAM_MAY_NOT_ASK) {
            diag_set(reterr,
                     "this login may not make the stream: use one that may publish "
                     "\"$JS.API.STREAM.CREATE.%s\"",
                     l->wish.name);
            return ERR_VALIDATION;
        }
        if (found == STREAM_READY)
            printf("twofoldd: made the stream %s\n", l->wish.name);
    }
    return audit_link_judge(l, found, ret_info, reterr);
}

static void print_stream(const struct audit_link *l, const struct stream_info *info)
{
    char when[MOMENT_BYTES];

    if (info->last_sequence) {
        moment_print(info->last_unix_ms, when);
        printf("twofoldd: stream %s, subjects %s: its newest message is number %" PRIu64
               ", stored %s\n",
               l->wish.name, l->wish.subjects, info->last_sequence, when);
    } else {
        printf("twofoldd: stream %s, subjects %s: nothing was ever stored\n", l->wish.name,
               l->wish.subjects);
    }
    if (*info->detail)
        printf("Weaker than wished: %s\n", info->detail);
}

static enum err stream(const struct tool *t, struct diag *reterr)
{
    auto_audit_link link = {0};
    struct stream_info info = {0};
    const char *reader = t->option_values[STREAM_READER];

    TRY(audit_link_open(&t->config, t->option_values[STREAM_PREFIX], &link, reterr));
    TRY(find_or_make(&link, t->flagged, &info, reterr));
    print_stream(&link, &info);
    if (!reader)
        return ERR_OK;
    TRY(stream_add_reader(link.stream, reader, AUDIT_ASK_MS, reterr));
    printf("Reader %s: read with `twofold audit export --all-orgs --durable %s --out FILE`\n",
           reader, reader);
    return ERR_OK;
}

static int run_stream(int argc, char **argv)
{
    static const struct tool_spec spec = {
        .name = "audit stream",
        .flag = "--create",
        .options = {[STREAM_READER] = "--reader", [STREAM_PREFIX] = "--inbox-prefix"},
        .help = stream_help};
    static struct tool tool;
    struct diag diag = {.text = ""};
    const char *reader;
    int code;

    if (!tool_read(&spec, argc, argv, &tool, &code))
        return code;
    reader = tool.option_values[STREAM_READER];
    if (reader && (reader[strspn(reader, NAME_CHARACTERS)] || strlen(reader) > READER_MAX)) {
        fputs("twofoldd: a reader's name is 1..32 of [A-Za-z0-9_-]; see twofoldd audit stream "
              "--help\n",
              stderr);
        return CONFIG_EXIT_MISTAKE;
    }
    return tool_end(stream(&tool, &diag), &diag);
}

/* ---- the table ---- */

static const struct command commands[] = {
    {"keys", "the public keys that checkpoints are signed with, as a line of JSON", run_keys},
    {"anchor", "how the trails of all organizations end, to verify them against", audit_anchor_run},
    {"stream", "show the stream that keeps the trail, or make it", run_stream},
    {"resend", "send again what the stream has lost", audit_resend_run},
};

static void help(FILE *out)
{
    fputs("usage: twofoldd audit <command> [--flag value | --flag=value] ...\n\nCommands:\n", out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-7s %s\n", commands[i].name, commands[i].doc);
    fprintf(out,
            "\nFlags and variables are the service's: see twofoldd --help. Each command has a\n"
            "--help of its own. To read and verify the trail, see `twofold audit --help`.\n\n"
            "Exit codes: %d done, %d failed, %d a mistake in the command or the settings\n",
            CONFIG_EXIT_DONE, CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}

static int mistake(const char *text)
{
    fprintf(stderr, "twofoldd: %s; see twofoldd audit --help\n", text);
    return CONFIG_EXIT_MISTAKE;
}

int audit_run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    app_harden();
    log_set_level(LOG_ERROR); /* a tool says itself what it does */
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help(stdout);
        return CONFIG_EXIT_DONE;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return mistake(*name ? "there is no such command of audit" : "audit needs a command");
}
