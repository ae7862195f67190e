/* The command line: one table of options, and what it was given. */
#ifndef TWOFOLD_CLI_ARGS_H
#define TWOFOLD_CLI_ARGS_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bit of each option that only some commands take. */
enum {
    OPTION_LABEL = 1U << 0,
    OPTION_ISSUED = 1U << 1,
    OPTION_CODE = 1U << 2,
    OPTION_RECOVERY = 1U << 3,
    OPTION_PURPOSE = 1U << 4,
    OPTION_USER = 1U << 5,
    OPTION_TYPE = 1U << 6,
    OPTION_COUNT = 1U << 7,
    OPTION_QR_FILE = 1U << 8,
    OPTION_SINCE = 1U << 9,
    OPTION_FOLLOW = 1U << 10,
    OPTION_STREAM = 1U << 11, /* and --js-domain */
    OPTION_DURABLE = 1U << 12,
    OPTION_ALL_ORGS = 1U << 13,
    OPTION_OUT = 1U << 14,
    OPTION_ANCHOR = 1U << 15,
    OPTION_FILE = 1U << 16,
    OPTION_ERRORS = 1U << 17,
    OPTION_DRY_RUN = 1U << 18,
    OPTION_REPLACE = 1U << 19,
    OPTION_TEST_SECRETS = 1U << 20,
};

enum { OPERANDS_MAX = 32 };

struct args {
    char *org, *nats, *creds, *nkey, *tls_ca, *tls_cert, *tls_key, *inbox_prefix;
    int64_t timeout_s;
    bool json, help, version;

    char *label, *purpose, *user, *type, *qr_file;
    char *since, *stream, *js_domain, *durable, *out, *anchor, *file, *errors;
    int64_t count;
    bool issued, code, recovery, follow, all_orgs, dry_run, replace, test_secrets;

    unsigned given; /* OPTION_ bits that were used on the command line */
    char *operands[OPERANDS_MAX];
    size_t n_operands; /* the command's own words included */
};

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER };

struct option {
    const char *name; /* without the dashes */
    const char *placeholder, *env, *help;
    enum option_kind kind;
    size_t offset; /* into struct args */
    unsigned bit;  /* 0: every command takes it */
};

extern const struct option option_table[];
extern const size_t option_table_n;

/* Reads environment and ARGV (without the program's name) into *RET; strings are borrowed from
 * them. Options stand anywhere until "--". False: *RET_WHY says what is wrong, static or from ARGV,
 * and *RET_WHAT which argument. */
NODISCARD bool args_parse(char *const *argv, struct args *ret, const char **ret_why,
                          const char **ret_what);

#endif
