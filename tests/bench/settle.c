/*
 * For bench.mjs: a database as it is after a quiet while. What `rotate_load fill` wrote is still in
 * the journal; a copy has all of it in the tree.
 *
 *     settle FROM TO      TO is made
 */
#include "store/tables.h"

#include <stdio.h>
#include <sys/stat.h>

enum { SIZE_MB = 16384 };

static int failed(const char *what, const char *why)
{
    fprintf(stderr, "settle: %s: %s\n", what, why);
    return 1;
}

static enum err open_in(struct tables_options *options, const char *folder,
                        struct tables **ret_tables, struct tables_txn **ret_txn,
                        struct diag *reterr)
{
    enum tables_content content;

    options->folder = folder;
    TRY(tables_open(options, ret_tables, reterr));
    TRY(tables_begin_write(*ret_tables, ret_txn));
    return tables_attach(*ret_txn, &content);
}

static enum err copy(const char *from, const char *to, struct diag *reterr)
{
    struct tables_options options = {.size_mb = SIZE_MB};
    auto_tables *tables = NULL;
    struct tables_txn *t = NULL;

    TRY(open_in(&options, from, &tables, &t, reterr));
    TRY(tables_commit(t));
    return tables_copy(tables, to, reterr);
}

/* A tree alone must not say that there is a journal beside it. */
static enum err forget_journal(const char *folder, struct diag *reterr)
{
    struct tables_options options = {.size_mb = SIZE_MB, .plain = true};
    auto_tables *tables = NULL;
    auto_tables_txn *t = NULL;

    TRY(open_in(&options, folder, &tables, &t, reterr));
    TRY(table_erase(t, TABLE_META, bytes_of_text(TABLES_JOURNAL_KEY)));
    return tables_commit(STEAL(t));
}

int main(int argc, char **argv)
{
    struct diag diag = {.text = "cannot"};

    if (argc != 3 || mkdir(argv[2], 0700) != 0)
        return failed("usage", "FROM TO");
    if (copy(argv[1], argv[2], &diag) != ERR_OK || forget_journal(argv[2], &diag) != ERR_OK)
        return failed(argv[1], diag.text);
    return 0;
}
