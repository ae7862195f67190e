#include "args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct args, member)

enum { NUMBER_MAX = 1000000000 };

const struct option option_table[] = {
    {.name = "org",
     .placeholder = "ORG",
     .env = "TWOFOLD_ORG",
     .kind = OPTION_TEXT,
     .offset = AT(org),
     .help = "organization that is asked (default)"},
    {.name = "nats",
     .placeholder = "URL",
     .env = "TWOFOLD_NATS_URL",
     .kind = OPTION_TEXT,
     .offset = AT(nats),
     .help = "NATS server, nats:// or tls:// (nats://127.0.0.1:4222)"},
    {.name = "creds",
     .placeholder = "FILE",
     .env = "TWOFOLD_NATS_CREDS",
     .kind = OPTION_TEXT,
     .offset = AT(creds),
     .help = "NATS credentials file"},
    {.name = "nkey",
     .placeholder = "FILE",
     .env = "TWOFOLD_NATS_NKEY_FILE",
     .kind = OPTION_TEXT,
     .offset = AT(nkey),
     .help = "file with a NATS user seed (SU...)"},
    {.name = "tls-ca",
     .placeholder = "FILE",
     .env = "TWOFOLD_NATS_TLS_CA",
     .kind = OPTION_TEXT,
     .offset = AT(tls_ca),
     .help = "PEM certificates to trust"},
    {.name = "tls-cert",
     .placeholder = "FILE",
     .env = "TWOFOLD_NATS_TLS_CERT",
     .kind = OPTION_TEXT,
     .offset = AT(tls_cert),
     .help = "PEM certificate of this client"},
    {.name = "tls-key",
     .placeholder = "FILE",
     .env = "TWOFOLD_NATS_TLS_KEY",
     .kind = OPTION_TEXT,
     .offset = AT(tls_key),
     .help = "PEM key of this client"},
    {.name = "inbox-prefix",
     .placeholder = "SUBJECT",
     .env = "TWOFOLD_NATS_INBOX_PREFIX",
     .kind = OPTION_TEXT,
     .offset = AT(inbox_prefix),
     .help = "where answers arrive: _INBOX or below it, _INBOX.app (_INBOX)"},
    {.name = "timeout",
     .placeholder = "S",
     .env = "TWOFOLD_TIMEOUT",
     .kind = OPTION_NUMBER,
     .offset = AT(timeout_s),
     .help = "seconds to wait for an answer (5)"},
    {.name = "json",
     .kind = OPTION_FLAG,
     .offset = AT(json),
     .help = "print every answer as one line of JSON"},
    {.name = "help",
     .kind = OPTION_FLAG,
     .offset = AT(help),
     .help = "show help and end; -h does the same"},
    {.name = "version", .kind = OPTION_FLAG, .offset = AT(version), .help = "show version and end"},
    {.name = "label",
     .placeholder = "L",
     .kind = OPTION_TEXT,
     .offset = AT(label),
     .bit = OPTION_LABEL,
     .help = "what the user calls this authenticator"},
    {.name = "issued",
     .kind = OPTION_FLAG,
     .offset = AT(issued),
     .bit = OPTION_ISSUED,
     .help = "use a token that the administration issues instead of the password"},
    {.name = "code",
     .kind = OPTION_FLAG,
     .offset = AT(code),
     .bit = OPTION_CODE,
     .help = "ask for the code at once, together with the password"},
    {.name = "recovery",
     .kind = OPTION_FLAG,
     .offset = AT(recovery),
     .bit = OPTION_RECOVERY,
     .help = "ask for a recovery code instead of a code"},
    {.name = "qr-file",
     .placeholder = "FILE",
     .help = "write the QR code there as well, as a PNG",
     .kind = OPTION_TEXT,
     .offset = AT(qr_file),
     .bit = OPTION_QR_FILE},
    {.name = "purpose",
     .placeholder = "P",
     .kind = OPTION_TEXT,
     .offset = AT(purpose),
     .bit = OPTION_PURPOSE,
     .help = "what the code is for; goes into the audit event"},
    {.name = "user",
     .placeholder = "U",
     .kind = OPTION_TEXT,
     .offset = AT(user),
     .bit = OPTION_USER,
     .help = "only events of this user"},
    {.name = "type",
     .placeholder = "T",
     .kind = OPTION_TEXT,
     .offset = AT(type),
     .bit = OPTION_TYPE,
     .help = "only this category (login) or type (login.failed)"},
    {.name = "count",
     .placeholder = "N",
     .kind = OPTION_NUMBER,
     .offset = AT(count),
     .bit = OPTION_COUNT,
     .help = "end after N events"},
    {.name = "since",
     .placeholder = "WHEN",
     .kind = OPTION_TEXT,
     .offset = AT(since),
     .bit = OPTION_SINCE,
     .help = "from 2026-11-22T10:00:00Z or 2026-11-22 on, or the last 90s, 15m, 2h, 7d"},
    {.name = "follow",
     .kind = OPTION_FLAG,
     .offset = AT(follow),
     .bit = OPTION_FOLLOW,
     .help = "go on with what happens from now on, until it is interrupted"},
    {.name = "all-orgs",
     .kind = OPTION_FLAG,
     .offset = AT(all_orgs),
     .bit = OPTION_ALL_ORGS,
     .help = "of every organization, not only of --org"},
    {.name = "durable",
     .placeholder = "NAME",
     .kind = OPTION_TEXT,
     .offset = AT(durable),
     .bit = OPTION_DURABLE,
     .help = "reader whose place in the stream is kept on the server"},
    {.name = "out",
     .placeholder = "FILE",
     .kind = OPTION_TEXT,
     .offset = AT(out),
     .bit = OPTION_OUT,
     .help = "append to FILE, and go on behind what it holds already"},
    {.name = "anchor",
     .placeholder = "FILE",
     .kind = OPTION_TEXT,
     .offset = AT(anchor),
     .bit = OPTION_ANCHOR,
     .help = "what to trust: lines of audit checkpoint and of twofoldd audit keys"},
    {.name = "file",
     .placeholder = "FILE",
     .kind = OPTION_TEXT,
     .offset = AT(file),
     .bit = OPTION_FILE,
     .help = "users to import, one JSON object a line; -: standard input"},
    {.name = "errors",
     .placeholder = "FILE",
     .kind = OPTION_TEXT,
     .offset = AT(errors),
     .bit = OPTION_ERRORS,
     .help = "write number and reason of every refused line there"},
    {.name = "dry-run",
     .kind = OPTION_FLAG,
     .offset = AT(dry_run),
     .bit = OPTION_DRY_RUN,
     .help = "look at the file only; the bus is not needed"},
    {.name = "replace",
     .kind = OPTION_FLAG,
     .offset = AT(replace),
     .bit = OPTION_REPLACE,
     .help = "delete users that are there already, and make them anew"},
    {.name = "i-know-these-are-test-secrets",
     .kind = OPTION_FLAG,
     .offset = AT(test_secrets),
     .bit = OPTION_TEST_SECRETS,
     .help = "even beside users that are not of the file"},
    {.name = "stream",
     .placeholder = "NAME",
     .kind = OPTION_TEXT,
     .offset = AT(stream),
     .bit = OPTION_STREAM,
     .help = "the stream that keeps the trail (TWOFOLD_AUDIT)"},
    {.name = "js-domain",
     .placeholder = "NAME",
     .env = "TWOFOLD_NATS_JS_DOMAIN",
     .kind = OPTION_TEXT,
     .offset = AT(js_domain),
     .bit = OPTION_STREAM,
     .help = "JetStream domain, where another account keeps the stream"},
};
const size_t option_table_n = ARRAY_LEN(option_table);

/* Finds what TEXT ("org" or "org=acme") names; *RET_VALUE is what follows "=", or NULL. */
static const struct option *find_option(char *text, char **ret_value)
{
    size_t n = strcspn(text, "=");

    for (size_t i = 0; i < option_table_n; i++)
        if (strlen(option_table[i].name) == n && strncmp(option_table[i].name, text, n) == 0) {
            *ret_value = text[n] == '=' ? text + n + 1 : NULL;
            return &option_table[i];
        }
    return NULL;
}

/* Returns what is wrong with TEXT, or NULL. */
static const char *parse_number(const char *text, int64_t *ret)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 1)
        return "must be a whole number from 1 on";
    if (errno != 0 || value > NUMBER_MAX)
        return "is too large";
    *ret = value;
    return NULL;
}

/* Stores VALUE (NULL for a flag). Returns what is wrong with it, or NULL. */
static const char *store(struct args *args, const struct option *option, char *value)
{
    void *at = (char *)args + option->offset;

    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)at = true;
        return value ? "takes no value" : NULL;
    case OPTION_TEXT:
        *(char **)at = value;
        return NULL;
    case OPTION_NUMBER:
        return parse_number(value, at);
    }
    return NULL;
}

static bool read_environment(struct args *args, const char **ret_why, const char **ret_what)
{
    for (size_t i = 0; i < option_table_n; i++) {
        char *value = option_table[i].env ? getenv(option_table[i].env) : NULL;

        if (!value || value[0] == '\0')
            continue;
        *ret_why = store(args, &option_table[i], value);
        *ret_what = option_table[i].env;
        if (*ret_why)
            return false;
    }
    return true;
}

/* Takes the option at *ARGV, and its value; moves *ARGV to the last word it took. */
static const char *take_option(char *const **argv, struct args *args)
{
    char *value = NULL;
    const struct option *option = find_option(**argv + 2, &value);

    if (!option)
        return "is no option";
    if (option->kind != OPTION_FLAG && !value) {
        if (!(*argv)[1])
            return "needs a value";
        value = *++*argv;
    }
    args->given |= option->bit;
    return store(args, option, value);
}

bool args_parse(char *const *argv, struct args *ret, const char **ret_why, const char **ret_what)
{
    bool options_end = false;

    *ret = (struct args){0};
    if (!read_environment(ret, ret_why, ret_what))
        return false;
    for (; *argv; argv++) {
        *ret_what = *argv;
        if (!options_end && strcmp(*argv, "--") == 0) {
            options_end = true;
        } else if (!options_end && strncmp(*argv, "--", 2) == 0) {
            *ret_why = take_option(&argv, ret);
            if (*ret_why)
                return false;
        } else if (!options_end && strcmp(*argv, "-h") == 0) {
            ret->help = true;
        } else if (!options_end && (*argv)[0] == '-' && (*argv)[1] != '\0') {
            *ret_why = "is no option";
            return false;
        } else if (ret->n_operands == OPERANDS_MAX) {
            *ret_why = "is one too many";
            return false;
        } else {
            ret->operands[ret->n_operands++] = *argv;
        }
    }
    return true;
}
