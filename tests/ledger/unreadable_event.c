/*
 *     unreadable_event DATA-FOLDER KEYRING
 *
 * Puts an event that is none into the outbox, as a damaged disk might leave one, and marks it as
 * taken by the bus. Nobody else has the database open.
 */
#include "crypto/keyring_edit.h"
#include "store/store_lmdb.h"

#include <stdio.h>

static enum err damage(struct store *store)
{
    static const char none[] = "\xff\xff\xff";
    struct outbox_state state;
    struct store_txn *txn = NULL;

    TRY(store->ops->begin(store, &txn));
    TRY(store->ops->append_event(txn, bytes_of_text(none)));
    TRY(store->ops->look_outbox(store, txn, &state));
    state.marks.taken.position++;
    TRY(store->ops->save_marks(txn, &state.marks));
    return store->ops->commit(txn);
}

int main(int argc, char **argv)
{
    struct store_lmdb_options options = {.folder = argc == 3 ? argv[1] : "", .size_mb = 64};
    struct keyring *keyring = NULL;
    struct store *store = NULL;
    struct diag diag = {.text = "usage: unreadable_event DATA-FOLDER KEYRING"};
    enum err err = argc == 3 ? keyring_open(argv[2], &keyring, &diag) : ERR_VALIDATION;

    options.keyring = keyring;
    if (err == ERR_OK)
        err = store_lmdb_open(&options, &store, &diag);
    if (err == ERR_OK)
        err = damage(store);
    if (err != ERR_OK)
        fprintf(stderr, "unreadable_event: %s\n", diag.text);
    store_close(store);
    keyring_free(keyring);
    return err == ERR_OK ? 0 : 1;
}
