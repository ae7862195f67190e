/*
 * The store port on ordered tables: finds rows, and has record.h turn them into values. Each module
 * beside it knows one table; this file knows who calls whom.
 */
#include "store/store_lmdb.h"

#include "base/log.h"
#include "store/backup_lmdb.h"
#include "store/decoys.h"
#include "store/folder.h"
#include "store/format.h"
#include "store/name_key.h"
#include "store/record.h"
#include "store/store_lmdb_parts.h"

#include <stdlib.h>

/* An answer is packed and sealed here, a request's arena at most; the rest is small. */
enum { SCRATCH_BYTES = 4 * REQUEST_ARENA_BYTES };

/* ---- transactions ---- */

/* Once for each change, not for each request. */
static void complain(struct store_lmdb *s, uint64_t generation, const struct diag *diag)
{
    if (s->complained == generation)
        return;
    s->complained = generation;
    log_at(LOG_ERROR,
           "the keys were changed, and cannot be followed: nothing is decided until they "
           "can be",
           FIELD("why", diag->text));
}

/* Somebody has changed the keys since this process read them: nothing is read or written before it
 * has them too. When the transaction is undone, the next one finds another number and comes here
 * again. */
static enum err follow_keys(struct store_txn *t)
{
    struct store_lmdb *s = t->store;
    struct diag diag = {0};
    uint64_t generation;
    enum err err;

    TRY(format_generation(t->tables, &generation));
    if (generation == s->generation)
        return ERR_OK;
    s->generation = KEYS_UNKNOWN;
    t->followed = true;
    err = keyring_reload(s->keyring, &diag);
    if (err == ERR_OK)
        err = format_follow(t->tables, s->keyring, s->folder, &diag);
    if (err == ERR_OK)
        err = format_generation(t->tables, &s->generation);
    if (err != ERR_OK) {
        complain(s, generation, &diag);
        return ERR_UNAVAILABLE;
    }
    log_at(LOG_INFO, "read the keyring again: its keys were changed");
    return ERR_OK;
}

static enum err lmdb_begin(struct store *base, struct store_txn **ret_txn)
{
    struct store_lmdb *s = (struct store_lmdb *)base;
    auto_store_txn *t = calloc(1, sizeof *t);
    enum err err;

    if (!t)
        return ERR_UNAVAILABLE;
    t->store = s;
    err = tables_begin_write(s->tables, &t->tables);
    if (err == ERR_OK)
        err = follow_keys(t);
    if (err != ERR_OK) {
        proof_failed_begin(s);
        return err;
    }
    *ret_txn = STEAL(t);
    return ERR_OK;
}

static enum err lmdb_commit(struct store_txn *t)
{
    bool proves = tables_changed_freely(t->tables);
    enum err err = tables_commit(t->tables);

    if (err != ERR_OK && t->followed)
        t->store->generation = KEYS_UNKNOWN;
    if (err != ERR_OK)
        proof_failed_commit(t->store);
    else if (proves)
        proof_given(t->store);
    free(t);
    return err;
}

static void lmdb_abort(struct store_txn *t)
{
    if (!t)
        return;
    tables_abort(t->tables);
    if (t->followed)
        t->store->generation = KEYS_UNKNOWN;
    free(t);
}

/* ---- orgs ---- */

static enum err read_org(struct store_txn *t, const char *name, struct org *ret)
{
    auto_codec codec = codec_of(t);
    struct bytes row;
    enum err err = table_get(t->tables, TABLE_ORGS, bytes_of_text(name), &row);

    if (err == ERR_NOT_FOUND) {
        *ret = (struct org){.exists = false, .policy = policy_default()};
        return ERR_OK;
    }
    TRY(err);
    return record_decode_org(&codec, name, row, ret);
}

static enum err lmdb_load_org(struct store_txn *t, const char *name, struct org *ret)
{
    const struct org *kept = org_cache_find(&t->orgs, name);

    if (kept) {
        *ret = *kept;
        return ERR_OK;
    }
    TRY(read_org(t, name, ret));
    org_cache_keep(&t->orgs, name, ret);
    return ERR_OK;
}

static enum err lmdb_save_org(struct store_txn *t, const char *name, const struct org *org)
{
    auto_codec codec = codec_of(t);
    struct bytes row;

    TRY(record_encode_org(&codec, name, org, &row));
    TRY(table_put(t->tables, TABLE_ORGS, bytes_of_text(name), row));
    org_cache_keep(&t->orgs, name,
                   &(struct org){.exists = true,
                                 .policy = org->policy,
                                 .policy_version = org->policy_version,
                                 .chain = org->chain});
    return ERR_OK;
}

/* ---- users ---- */

static enum err lmdb_load_user(struct store_txn *t, const struct user_id *id, struct user *ret)
{
    auto_codec codec = codec_of(t);
    struct lockout lockout;
    struct name_key key;
    struct bytes row;
    enum err err;

    TRY(name_key_of(id->org, id->username, &key));
    err = table_get(t->tables, TABLE_USERS, name_key_view(&key), &row);
    if (err == ERR_OK)
        return record_decode_user(&codec, id, row, ret);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(decoy_load(&codec, t->tables, id, &lockout));
    stand_in_load(&t->store->stand_in, &codec, lockout.failures > 0);
    *ret = (struct user){.exists = false, .password_lockout = lockout};
    return ERR_OK;
}

static enum err lmdb_save_user(struct store_txn *t, const struct user_id *id, struct user *user)
{
    auto_codec codec = codec_of(t);
    struct name_key key;
    struct bytes row;

    if (!user->exists) {
        stand_in_save(&t->store->stand_in, &codec, user->password_lockout.failures > 0);
        return decoy_save(&codec, t->tables, id, &user->password_lockout);
    }
    TRY(name_key_of(id->org, id->username, &key));
    TRY(record_encode_user(&codec, id, user, &row));
    return table_put(t->tables, TABLE_USERS, name_key_view(&key), row);
}

static enum err lmdb_erase_user(struct store_txn *t, const struct user_id *id)
{
    struct name_key key;

    TRY(name_key_of(id->org, id->username, &key));
    tables_use_reserve(t->tables, RESERVE_FOR_REMOVING);
    return table_erase(t->tables, TABLE_USERS, name_key_view(&key));
}

/* The first user of ORG at or after AT, which moves behind it; ERR_NOT_FOUND past the last one. The
 * key of RET_ROW is the username alone. */
static enum err user_at(struct store_txn *t, const char *org, struct name_key *at,
                        struct table_row *ret_row)
{
    struct bytes prefix = {.p = (const uint8_t *)org, .n = strlen(org) + 1};
    struct table_row row;

    TRY(table_seek(t->tables, TABLE_USERS, name_key_view(at), &row));
    if (row.key.n < prefix.n || !bytes_equal((struct bytes){.p = row.key.p, .n = prefix.n}, prefix))
        return ERR_NOT_FOUND;
    if (row.key.n - prefix.n > USERNAME_MAX)
        return ERR_UNAVAILABLE;
    TRY(name_key_behind(row.key, at));
    row.key = (struct bytes){.p = row.key.p + prefix.n, .n = row.key.n - prefix.n};
    *ret_row = row;
    return ERR_OK;
}

struct listing {
    const char *org;
    int64_t now_s;
    struct listed_user *users;
    size_t max, n;
};

/* Adds the next user, and moves AT behind; ERR_NOT_FOUND when there is none. */
static enum err list_one(struct store_txn *t, struct name_key *at, struct listing *l)
{
    auto_codec codec = codec_of(t);
    auto_user user = {0};
    struct listed_user *listed = &l->users[l->n];
    struct table_row row;

    TRY(user_at(t, l->org, at, &row));
    memcpy(listed->username, row.key.p, row.key.n);
    listed->username[row.key.n] = '\0';
    TRY(record_decode_user(&codec, &(struct user_id){.org = l->org, .username = listed->username},
                           row.value, &user));
    user_expire(&user, l->now_s);
    listed->state = user_factor_state(&user, l->now_s);
    l->n++;
    return ERR_OK;
}

static enum err lmdb_list_users(struct store_txn *t, const char *org, const char *after,
                                int64_t now_s, struct listed_user *ret_users, size_t max,
                                size_t *ret_n)
{
    struct listing l = {.org = org, .now_s = now_s, .users = ret_users, .max = max};
    struct name_key at;
    enum err err = ERR_OK;

    TRY(name_key_of(org, after, &at));
    if (after[0])
        at.bytes[at.n++] = 0; /* behind it */
    while (err == ERR_OK && l.n < l.max)
        err = list_one(t, &at, &l);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    *ret_n = l.n;
    return ERR_OK;
}

/* ---- the store itself ---- */

static bool lmdb_is_broken(const struct store *base)
{
    return tables_broken(((const struct store_lmdb *)base)->tables);
}

static void lmdb_close(struct store *base)
{
    struct store_lmdb *s = (struct store_lmdb *)base;

    tables_close(s->tables);
    free(s->folder);
    arena_free(s->scratch);
    free(s);
}

static const struct store_ops lmdb_ops = {
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .load_org = lmdb_load_org,
    .save_org = lmdb_save_org,
    .load_user = lmdb_load_user,
    .open_password = password_open,
    .save_user = lmdb_save_user,
    .erase_user = lmdb_erase_user,
    .list_users = lmdb_list_users,
    .append_event = events_append,
    .event_position = events_position,
    .trim_events = events_trim,
    .read_events = events_read,
    .read_events_within = events_read_within,
    .save_marks = events_save_marks,
    .look_outbox = events_look,
    .load_repeats = repeats_load,
    .save_repeats = repeats_save,
    .take_repeats = repeats_take,
    .load_retry = answers_load,
    .save_retry = answers_save,
    .sweep_retries = answers_sweep,
    .prove = proof_make,
    .look_proof = proof_look,
    .is_broken = lmdb_is_broken,
    .close = lmdb_close,
};

static enum err store_new(const struct store_lmdb_options *options, struct tables *tables,
                          struct store_lmdb **ret_store)
{
    struct store_lmdb *s = calloc(1, sizeof *s);
    struct arena *scratch = arena_new(SCRATCH_BYTES);
    char *folder = strdup(options->folder);

    if (!s || !scratch || !folder) {
        free(s);
        arena_free(scratch);
        free(folder);
        return ERR_UNAVAILABLE;
    }
    *s = (struct store_lmdb){.base = {.ops = &lmdb_ops},
                             .tables = tables,
                             .folder = folder,
                             .keyring = options->keyring,
                             .scratch = scratch};
    *ret_store = s;
    return ERR_OK;
}

/* A new database in its place would hide that the old one was never put back. */
static enum err refuse_half_restored(const char *folder, struct diag *reterr)
{
    bool has_database, is_restored;

    TRY(folder_holds(folder, "data.mdb", &has_database, reterr));
    TRY(folder_holds(folder, RESTORING_FOLDER, &is_restored, reterr));
    if (has_database || !is_restored)
        return ERR_OK;
    diag_set(reterr,
             "a restore into %s was not finished: do `twofoldd restore` again, or remove %s/%s",
             folder, folder, RESTORING_FOLDER);
    return ERR_UNAVAILABLE;
}

enum err store_lmdb_open(const struct store_lmdb_options *options, struct store **ret_store,
                         struct diag *reterr)
{
    const struct tables_options how = {
        .folder = options->folder,
        .size_mb = options->size_mb,
        .plain = options->plain,
        .journal_mb = options->journal_mb,
        .unsafe_no_sync = options->unsafe_no_sync,
    };
    auto_tables *tables = NULL;
    struct store_lmdb *s;
    uint64_t generation;

    TRY(folder_prepare(options->folder, reterr));
    TRY(refuse_half_restored(options->folder, reterr));
    TRY(tables_open(&how, &tables, reterr));
    TRY(format_check(tables, options->keyring, options->folder, &generation, reterr));
    folder_sync(options->folder);
    if (store_new(options, tables, &s)) {
        diag_set(reterr, "out of memory");
        return ERR_UNAVAILABLE;
    }
    tables = NULL; /* the store's now */
    s->generation = generation;
    *ret_store = &s->base;
    return ERR_OK;
}

enum err store_lmdb_prepare(const char *folder, bool *ret_exists, struct diag *reterr)
{
    TRY(folder_prepare(folder, reterr));
    return folder_holds(folder, "data.mdb", ret_exists, reterr);
}
