#include "unit/store/rotated.h"

#include "crypto/keyring_edit.h"

struct place place;
char keyring_path[PLACE_PATH_MAX + 16];
struct keyring *keyring;
struct store *store;
struct diag diag;

void open_store(void)
{
    assert_int_equal(keyring_open(keyring_path, &keyring, &diag), ERR_OK);
    store = store_fixed(&place, keyring);
}

void close_store(void)
{
    store_close(store);
    keyring_free(keyring);
}

int rotated_set_up(void **state)
{
    (void)state;
    place_make(&place);
    snprintf(keyring_path, sizeof keyring_path, "%s/keyring", place.root);
    if (keyring_create_new(keyring_path, &diag) != ERR_OK)
        return -1;
    open_store();
    return 0;
}

int rotated_tear_down(void **state)
{
    (void)state;
    close_store();
    place_remove(&place);
    return 0;
}

struct user_id user_of(unsigned i)
{
    static char name[16];

    snprintf(name, sizeof name, "user-%04u", i);
    return (struct user_id){.org = i % 2 ? "acme" : "globex", .username = name};
}

void fill(unsigned n)
{
    struct org org = org_sample();
    struct store_txn *t;

    assert_int_equal(store->ops->begin(store, &t), ERR_OK);
    assert_int_equal(store->ops->save_org(t, "acme", &org), ERR_OK);
    assert_int_equal(store->ops->save_org(t, "globex", &org), ERR_OK);
    for (unsigned i = 0; i < n; i++) {
        struct user_id id = user_of(i);
        struct user u;

        user_maximal(&u);
        u.recovery.pepper = 1;
        u.enrollment.recovery.pepper = 1;
        assert_int_equal(store->ops->save_user(t, &id, &u), ERR_OK);
        user_wipe(&u);
    }
    assert_int_equal(store->ops->commit(t), ERR_OK);
}

/* What `twofoldd keys rotate` does before it seals anew. */
void rotate_to(uint32_t id)
{
    uint32_t added;

    assert_int_equal(keyring_add(keyring_path, &added, &diag), ERR_OK);
    assert_int_equal(added, id);
    assert_int_equal(keyring_activate(keyring_path, id, &diag), ERR_OK);
    assert_int_equal(store_lmdb_keys_changed(store), ERR_OK);
    /* Its own transaction was begun with the number before. */
    assert_int_equal(store_lmdb_keys_changed(store), ERR_OK);
    assert_int_equal(keyring_active(keyring), id);
}

struct key_usage usage_of(uint32_t id)
{
    struct key_usage usage[KEYRING_KEYS_MAX];
    size_t n;

    assert_int_equal(store_lmdb_key_usage(store, usage, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        if (usage[i].id == id)
            return usage[i];
    fail_msg("no usage of key %u", (unsigned)id);
    return (struct key_usage){0};
}

/* The sealed form is another one, what it holds is the same. */
static void take_sealed_form(struct authenticator *a, const struct authenticator *from)
{
    memcpy(a->sealed, from->sealed, sizeof a->sealed);
    a->n_sealed = from->n_sealed;
}

void assert_all_as_before(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct user_id id = user_of(i);
        struct user expected, u;

        user_maximal(&expected);
        expected.recovery.pepper = 1;
        expected.enrollment.recovery.pepper = 1;
        get_user(store, &id, &u);
        for (unsigned j = 0; j < u.n_authenticators; j++)
            take_sealed_form(&expected.authenticators[j], &u.authenticators[j]);
        take_sealed_form(&expected.enrollment.authenticator, &u.enrollment.authenticator);
        expected.n_sealed_password = u.n_sealed_password;
        memcpy(expected.sealed_password, u.sealed_password, sizeof u.sealed_password);
        assert_same_user(&expected, &u);
    }
}
