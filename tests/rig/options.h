/* What rig_load is told: by arguments, and by the command line tool's environment. */
#ifndef TWOFOLD_RIG_OPTIONS_H
#define TWOFOLD_RIG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <twofold/client.h>

enum { OPTIONS_PREFIX_MAX = 32 };

struct options {
    const char *org, *nats, *creds, *nkey, *tls_ca, *tls_cert, *tls_key, *inbox_prefix;
    const char *prefix; /* of user names */
    const char *calls;  /* file that gets a line for each call, or NULL */
    int64_t users, workers, seconds;
    int64_t pace;       /* calls a second, over all workers */
    int64_t wrong;      /* percent of the calls that have a wrong code */
    int64_t timeout_ms; /* of one try */
    int64_t try_ms;     /* 0: the program tries again; else the library, each TRY_MS */
    bool prints_users;  /* the word "users" was given */
};

/* Reads environment and ARGV, as main() got it; strings are borrowed. False: it has said on
 * standard error what is wrong. */
bool options_read(char **argv, struct options *ret);

/* The options of a connection; everything borrowed from O. */
struct twofold_client_options options_client(const struct options *o);

#endif
