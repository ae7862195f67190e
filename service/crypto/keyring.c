/*
 * The keyring in memory: one mapping that is locked (never swapped), left out of core dumps and
 * wiped before it goes. It holds derived keys only. The root keys are gone as soon as their eight
 * keys have been derived, so that nothing later can use a root key as it is.
 */
#include "crypto/keyring.h"

#include "base/secret.h"
#include "crypto/keyring_file.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>

enum { DERIVED_KEY_BYTES = 32, ID_BYTES = 4, CONTEXT_PARTS_MAX = 8, AAD_MAX = 2048 };

static_assert((int)DERIVED_KEY_BYTES == (int)ROOT_KEY_BYTES, "a pepper stands in a root's place");

struct key {
    uint32_t id;
    bool pepper_alone; /* of a retired key: nothing but KEY_RECOVERY */
    uint8_t derived[KEY_PURPOSES][DERIVED_KEY_BYTES];
};

struct keyring {
    char path[PATH_MAX];
    size_t n;
    uint32_t active; /* an id */
    struct key keys[KEYRING_KEYS_MAX];
};

static struct keyring *keyring_new(void)
{
    void *p = mmap(NULL, sizeof(struct keyring), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    /* Best effort, both: RLIMIT_MEMLOCK may allow less, and a service that refuses to start over
     * that protects nobody. */
    (void)!mlock(p, sizeof(struct keyring));
    (void)!madvise(p, sizeof(struct keyring), MADV_DONTDUMP);
    return p;
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    wipe(k, sizeof *k);
    munmap(k, sizeof *k);
}

enum err keyring_derive(struct bytes root, enum key_purpose purpose,
                        uint8_t ret_key[static ROOT_KEY_BYTES])
{
    static const char *const labels[KEY_PURPOSES] = {
#define X(name, label) [KEY_##name] = label,
        KEY_PURPOSE_LIST(X)
#undef X
    };

    return mac_derive(root, labels[purpose], ret_key, ROOT_KEY_BYTES);
}

static enum err add_key(struct keyring *k, const struct keyring_entry *entry)
{
    const struct bytes root = {.p = entry->key, .n = sizeof entry->key};
    struct key *key = &k->keys[k->n];

    key->id = entry->id;
    key->pepper_alone = entry->state == KEY_PEPPER;
    if (key->pepper_alone)
        memcpy(key->derived[KEY_RECOVERY], entry->key, sizeof entry->key);
    for (unsigned i = 0; i < KEY_PURPOSES && !key->pepper_alone; i++)
        TRY(keyring_derive(root, (enum key_purpose)i, key->derived[i]));
    if (entry->state == KEY_ACTIVE)
        k->active = entry->id;
    k->n++;
    return ERR_OK;
}

enum err keyring_open(const char *path, struct keyring **ret_keyring, struct diag *reterr)
{
    auto_keyring_file file = {0};
    auto_keyring *k = NULL;

    TRY(keyring_file_read(path, &file, reterr));
    k = keyring_new();
    for (size_t i = 0; i < file.n; i++) {
        if (k && add_key(k, &file.at[i]) == ERR_OK)
            continue;
        diag_set(reterr, "the keys of %s could not be prepared: no memory, or OpenSSL failed",
                 path);
        return ERR_INTERNAL;
    }
    snprintf(k->path, sizeof k->path, "%s", path);
    *ret_keyring = STEAL(k);
    return ERR_OK;
}

enum err keyring_reload(struct keyring *k, struct diag *reterr)
{
    auto_keyring *again = NULL;

    TRY(keyring_open(k->path, &again, reterr));
    memcpy(k, again, sizeof *k);
    return ERR_OK;
}

uint32_t keyring_active(const struct keyring *k)
{
    return k->active;
}

size_t keyring_ids(const struct keyring *k, uint32_t ret_ids[static KEYRING_KEYS_MAX])
{
    for (size_t i = 0; i < k->n; i++)
        ret_ids[i] = k->keys[i].id;
    return k->n;
}

static const uint8_t *find_key(const struct keyring *k, uint32_t id, enum key_purpose purpose)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->keys[i].id == id && (!k->keys[i].pepper_alone || purpose == KEY_RECOVERY))
            return k->keys[i].derived[purpose];
    return NULL;
}

enum err keyring_use(struct keyring *k, uint32_t id)
{
    if (!find_key(k, id, KEY_FIELD))
        return ERR_NOT_FOUND;
    k->active = id;
    return ERR_OK;
}

enum err keyring_key(const struct keyring *k, uint32_t id, enum key_purpose purpose,
                     struct bytes *ret_key)
{
    const uint8_t *key = find_key(k, id, purpose);

    if (!key)
        return ERR_NOT_FOUND;
    *ret_key = (struct bytes){.p = key, .n = DERIVED_KEY_BYTES};
    return ERR_OK;
}

/* ---- sealing ---- */

struct aad {
    size_t n;
    uint8_t bytes[AAD_MAX];
};

static void put_number(struct aad *aad, uint64_t value, unsigned n_bytes)
{
    while (n_bytes--)
        aad->bytes[aad->n++] = (uint8_t)(value >> (8 * n_bytes));
}

/* The lengths make the list unambiguous; the key id is in it so that it cannot be exchanged. */
static enum err aad_build(const struct bytes *context, size_t n, uint32_t id, struct aad *ret_aad)
{
    ret_aad->n = 0;
    if (n > CONTEXT_PARTS_MAX)
        return ERR_INTERNAL;
    for (size_t i = 0; i < n; i++) {
        if (context[i].n > AAD_MAX - ID_BYTES - 8 - ret_aad->n)
            return ERR_INTERNAL;
        put_number(ret_aad, context[i].n, 8);
        if (context[i].n)
            memcpy(ret_aad->bytes + ret_aad->n, context[i].p, context[i].n);
        ret_aad->n += context[i].n;
    }
    put_number(ret_aad, id, ID_BYTES);
    return ERR_OK;
}

enum err keyring_seal(const struct keyring *k, enum key_purpose purpose,
                      const struct bytes *context, size_t n_context, struct bytes plain,
                      uint8_t *ret_sealed)
{
    const uint8_t *key = find_key(k, k->active, purpose);
    struct aad aad;

    TRY(aad_build(context, n_context, k->active, &aad));
    TRY(aead_seal(key, (struct bytes){.p = aad.bytes, .n = aad.n}, plain, ret_sealed + ID_BYTES));
    for (unsigned i = 0; i < ID_BYTES; i++)
        ret_sealed[i] = (uint8_t)(k->active >> (24 - 8 * i));
    return ERR_OK;
}

enum err keyring_unseal(const struct keyring *k, enum key_purpose purpose,
                        const struct bytes *context, size_t n_context, struct bytes sealed,
                        uint8_t *ret_plain)
{
    const uint8_t *key;
    struct aad aad;
    uint32_t id = 0;

    if (sealed.n < SEALED_OVERHEAD)
        return ERR_INVALID_TOKEN;
    for (unsigned i = 0; i < ID_BYTES; i++)
        id = id << 8 | sealed.p[i];
    key = find_key(k, id, purpose);
    if (!key)
        return ERR_INVALID_TOKEN;
    TRY(aad_build(context, n_context, id, &aad));
    return aead_open(key, (struct bytes){.p = aad.bytes, .n = aad.n},
                     (struct bytes){.p = sealed.p + ID_BYTES, .n = sealed.n - ID_BYTES}, ret_plain);
}
