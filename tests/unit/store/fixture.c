#include "unit/store/fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void place_make(struct place *p)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(p->root, sizeof p->root, "%s/twofold-store-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(p->root));
    assert_true(snprintf(p->data, sizeof p->data, "%.200s/data", p->root) > 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void place_remove(struct place *p)
{
    assert_int_equal(nftw(p->root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

const char *path_in(const char *folder, const char *name)
{
    static char path[PATH_BYTES];

    assert_true(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
    return path;
}

void folder_make(const struct place *p, const char *name, char ret_folder[static PATH_BYTES])
{
    snprintf(ret_folder, PATH_BYTES, "%s/%s", p->root, name);
    assert_int_equal(mkdir(ret_folder, 0700), 0);
}

/* 32 times the byte N, in unpadded base64. */
static void key_text(unsigned n, char ret_text[static 44])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t group = n << 16 | n << 8 | n;

    for (unsigned i = 0; i < 43; i++)
        ret_text[i] = alphabet[group >> (18 - 6 * (i % 4)) & 63];
    /* The last group has two bytes: 16 bits in three characters. */
    ret_text[42] = alphabet[(n & 15) << 2];
    ret_text[43] = '\0';
}

static void write_key(FILE *f, const char *row)
{
    unsigned id, n;
    char state[16], key[44];

    assert_int_equal(sscanf(row, "%u %15s %u", &id, state, &n), 3);
    key_text(n, key);
    fprintf(f, "key %u %s 2026-01-05 %s\n", id, state, key);
}

struct keyring *keyring_fixed(const struct place *p, const char *rows)
{
    char path[PLACE_PATH_MAX + 16], copy[256], *rest = NULL;
    struct keyring *k = NULL;
    struct diag diag = {0};
    FILE *f;

    snprintf(path, sizeof path, "%s/keyring-%d", p->root, (int)getpid());
    snprintf(copy, sizeof copy, "%s", rows);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fchmod(fileno(f), 0600), 0);
    fprintf(f, "twofold-keyring 1\n");
    for (char *row = strtok_r(copy, ",", &rest); row; row = strtok_r(NULL, ",", &rest))
        write_key(f, row);
    assert_int_equal(fclose(f), 0);
    if (keyring_open(path, &k, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    assert_int_equal(unlink(path), 0);
    return k;
}

static struct store *store_as(const struct store_lmdb_options *options)
{
    struct store *s = NULL;
    struct diag diag = {0};

    if (store_lmdb_open(options, &s, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    return s;
}

struct store *store_sized(const struct place *p, struct keyring *k, unsigned size_mb)
{
    return store_as(&(struct store_lmdb_options){
        .folder = p->data, .size_mb = size_mb, .keyring = k, .unsafe_no_sync = true});
}

struct store *store_plain(const struct place *p, struct keyring *k, unsigned size_mb)
{
    return store_as(&(struct store_lmdb_options){.folder = p->data,
                                                 .size_mb = size_mb,
                                                 .keyring = k,
                                                 .plain = true,
                                                 .unsafe_no_sync = true});
}

struct store *store_fixed(const struct place *p, struct keyring *k)
{
    return store_sized(p, k, SIZE_MB);
}

const char *store_refusal(const char *folder, struct keyring *k)
{
    static struct diag diag;
    const struct store_lmdb_options options = {.folder = folder, .size_mb = SIZE_MB, .keyring = k};
    struct store *s = NULL;

    diag = (struct diag){0};
    assert_int_equal(store_lmdb_open(&options, &s, &diag), ERR_UNAVAILABLE);
    assert_null(s);
    return diag.text;
}

void put_user(struct store *s, const struct user_id *id, struct user *u)
{
    struct store_txn *t = NULL;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->save_user(t, id, u), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
}

void get_user(struct store *s, const struct user_id *id, struct user *ret_u)
{
    struct store_txn *t = NULL;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->load_user(t, id, ret_u), ERR_OK);
    assert_int_equal(s->ops->open_password(t, id, ret_u), ERR_OK);
    s->ops->abort(t);
}

void put_event(struct store *s, const char *text)
{
    struct store_txn *t = NULL;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->append_event(t, bytes_of_text(text)), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
}

void put_sample(struct store *s, const struct user_id *id, uint32_t minute)
{
    const struct repeats r = repeats_sample();
    struct store_txn *t;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->save_repeats(t, id, minute, &r), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
}

enum err take_sample(struct store *s, uint32_t minute, struct repeats_owner *ret_owner)
{
    struct repeats expected = repeats_sample(), got;
    struct store_txn *t;
    enum err err;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    err = s->ops->take_repeats(t, minute, ret_owner, &got);
    assert_int_equal(s->ops->commit(t), ERR_OK);
    if (err == ERR_OK)
        assert_same_repeats(&expected, &got);
    return err;
}

enum err look_outbox(struct store *s, struct outbox_state *ret)
{
    memset(ret, 0xee, sizeof *ret);
    return s->ops->look_outbox(s, NULL, ret);
}

void database_make(const struct place *p, struct keyring *k, const struct user_id *id)
{
    struct store *s = store_fixed(p, k);
    struct user u;

    user_maximal(&u);
    put_user(s, id, &u);
    store_close(s);
}

struct tables *tables_under(const struct place *p, struct tables_txn **ret_txn)
{
    const struct tables_options options = {.folder = p->data, .size_mb = SIZE_MB};
    enum tables_content content;
    struct tables *tables = NULL;
    struct diag diag;

    assert_int_equal(tables_open(&options, &tables, &diag), ERR_OK);
    assert_int_equal(tables_begin_write(tables, ret_txn), ERR_OK);
    assert_int_equal(tables_attach(*ret_txn, &content), ERR_OK);
    return tables;
}
