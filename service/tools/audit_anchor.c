/*
 * `twofoldd audit anchor`: how the trails of all organizations end, from the database itself. It
 * needs no bus and no login of any organization, and nobody between can hand out an older answer.
 */
#include "crypto/base64.h"
#include "rpc/checkpoint.h"
#include "tools/audit_parts.h"

#include <inttypes.h>

enum { CHECKPOINT_EVENTS = 500 };

static void help(FILE *out)
{
    fprintf(out,
            "usage: twofoldd audit anchor [--flag value | --flag=value] ...\n\n"
            "Signs a checkpoint over all events of the database, and prints lines of JSON: the\n"
            "public keys, and for each organization how its trail ends. Keep them where the\n"
            "service cannot change them: `twofold audit verify --anchor FILE` holds a trail\n"
            "against them. May run beside the service; needs no bus.\n\n"
            "Exit codes: %d done, %d failed, %d a mistake in the command or the settings\n",
            CONFIG_EXIT_DONE, CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}

static enum err sign_all(const struct tool *t, struct diag *reterr)
{
    const struct store_ops *ops = t->store->ops;
    struct rpc_env env = {.store = t->store,
                          .keyring = t->keyring,
                          .clock = clock_system(),
                          .instance = "anchor",
                          .audit = {.checkpoint_events = CHECKPOINT_EVENTS}};
    struct store_txn *txn = NULL;

    diag_set(reterr, "cannot write to the database in %s: is it full?", t->config.data_dir);
    TRY(ops->begin(t->store, &txn));
    if (checkpoint_sign(&env, txn, clock_unix_ms(&env.clock), CHECKPOINT_ALL) != ERR_OK) {
        ops->abort(txn);
        return ERR_UNAVAILABLE;
    }
    return ops->commit(txn);
}

/* An organization's name has no character that JSON escapes. */
static enum err print_org(void *ctx, const char *name, const struct org *org)
{
    char digest[BASE64_LENGTH(SHA256_BYTES) + 1];

    (void)ctx;
    if (org->chain.sequence == 0)
        return ERR_OK;
    base64_encode((struct bytes){org->chain.digest, SHA256_BYTES}, digest);
    printf("{\"org\":\"%s\",\"sequence\":%" PRIu64 ",\"digest\":\"%s=\"}\n", name,
           org->chain.sequence, digest);
    return ERR_OK;
}

static enum err anchor(struct tool *t, struct diag *reterr)
{
    uint64_t damaged = 0;

    TRY(tool_open(t, reterr));
    TRY(sign_all(t, reterr));
    TRY(audit_print_keys(t->keyring, reterr));
    diag_set(reterr, "cannot read the organizations");
    TRY(store_lmdb_visit_orgs(t->store, print_org, NULL, &damaged));
    if (damaged == 0)
        return ERR_OK;
    diag_set(reterr, "%" PRIu64 " organization%s cannot be read and %s no line", damaged,
             plural(damaged), damaged == 1 ? "has" : "have");
    return ERR_UNAVAILABLE;
}

int audit_anchor_run(int argc, char **argv)
{
    static const struct tool_spec spec = {.name = "audit anchor", .help = help};
    static struct tool tool;
    struct diag diag = {.text = ""};
    enum err err;
    int code;

    if (!tool_read(&spec, argc, argv, &tool, &code))
        return code;
    err = anchor(&tool, &diag);
    tool_close(&tool);
    return tool_end(err, &diag);
}
