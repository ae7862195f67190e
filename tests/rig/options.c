#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option_row {
    const char *name, *env;
    size_t text;         /* where a text goes, */
    size_t number;       /* or a number: 0 for none */
    int64_t least, most; /* of a number */
};

#define TEXT(member) .text = offsetof(struct options, member)
#define NUMBER(member, low, high) \
    .number = offsetof(struct options, member), .least = (low), .most = (high)

static const struct option_row rows[] = {
    {"org", "TWOFOLD_ORG", TEXT(org)},
    {"nats", "TWOFOLD_NATS_URL", TEXT(nats)},
    {"creds", "TWOFOLD_NATS_CREDS", TEXT(creds)},
    {"nkey", "TWOFOLD_NATS_NKEY_FILE", TEXT(nkey)},
    {"tls-ca", "TWOFOLD_NATS_TLS_CA", TEXT(tls_ca)},
    {"tls-cert", "TWOFOLD_NATS_TLS_CERT", TEXT(tls_cert)},
    {"tls-key", "TWOFOLD_NATS_TLS_KEY", TEXT(tls_key)},
    {"inbox-prefix", "TWOFOLD_NATS_INBOX_PREFIX", TEXT(inbox_prefix)},
    {"prefix", NULL, TEXT(prefix)},
    {"calls", NULL, TEXT(calls)},
    {"users", NULL, NUMBER(users, 1, 1000000)},
    {"workers", NULL, NUMBER(workers, 1, 256)},
    {"seconds", NULL, NUMBER(seconds, 1, 86400)},
    {"pace", NULL, NUMBER(pace, 1, 100000)},
    {"wrong", NULL, NUMBER(wrong, 0, 90)},
    {"timeout-ms", NULL, NUMBER(timeout_ms, 1, 20000)},
    {"try-ms", NULL, NUMBER(try_ms, 0, 20000)},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static bool complain(const char *what, const char *why)
{
    fprintf(stderr, "rig_load: %s %s\n", what, why);
    return false;
}

static bool set(const struct option_row *row, const char *value, struct options *o)
{
    char *end;
    long long number;

    if (row->number == 0) {
        memcpy((char *)o + row->text, &value, sizeof value);
        return true;
    }
    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno != 0 || *value == '\0' || *end != '\0' || number < row->least || number > row->most) {
        fprintf(stderr, "rig_load: --%s must be a number of %lld to %lld\n", row->name,
                (long long)row->least, (long long)row->most);
        return false;
    }
    *(int64_t *)(void *)((char *)o + row->number) = number;
    return true;
}

static const struct option_row *find(const char *argument)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strncmp(argument, "--", 2) == 0 && strcmp(argument + 2, rows[i].name) == 0)
            return &rows[i];
    return NULL;
}

static void read_environment(struct options *o)
{
    for (size_t i = 0; i < ROWS; i++) {
        const char *value = rows[i].env ? getenv(rows[i].env) : NULL;

        if (value && *value)
            set(&rows[i], value, o);
    }
}

static bool read_arguments(char **argv, struct options *o)
{
    for (; *argv; argv += 2) {
        const struct option_row *row = find(*argv);

        if (!row)
            return complain(*argv, "is no option of this program: see tests/rig/load.c");
        if (!argv[1])
            return complain(*argv, "needs a value");
        if (!set(row, argv[1], o))
            return false;
    }
    return true;
}

bool options_read(char **argv, struct options *ret)
{
    struct options o = {.prefix = "rig",
                        .users = 400,
                        .workers = 16,
                        .seconds = 10,
                        .pace = 100,
                        .wrong = 10,
                        .timeout_ms = 2000};

    argv++;
    o.prints_users = *argv && strcmp(*argv, "users") == 0;
    argv += o.prints_users;
    read_environment(&o);
    if (!read_arguments(argv, &o))
        return false;
    if (strlen(o.prefix) > OPTIONS_PREFIX_MAX || strpbrk(o.prefix, "\"\\%/:?&"))
        return complain("--prefix", "must be up to 32 characters that a name in a URI may have");
    if (!o.prints_users && o.users < o.workers)
        return complain("--users",
                        "must be as many as there are workers: each has users of its own");
    *ret = o;
    return true;
}

struct twofold_client_options options_client(const struct options *o)
{
    return (struct twofold_client_options){.url = o->nats,
                                           .org = o->org,
                                           .name = "rig_load",
                                           .creds_file = o->creds,
                                           .nkey_file = o->nkey,
                                           .tls_ca_file = o->tls_ca,
                                           .tls_cert_file = o->tls_cert,
                                           .tls_key_file = o->tls_key,
                                           .inbox_prefix = o->inbox_prefix,
                                           .timeout_ms = o->timeout_ms};
}
