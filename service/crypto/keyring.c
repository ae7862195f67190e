/*
 * The keyring in memory: one mapping that is locked (never swapped), left out of core dumps and
 * wiped before it goes. It holds derived keys only. The root keys are gone as soon as their keys
 * have been derived, so that nothing later can use a root key as it is.
 *
 * Keys that every request needs are made ready once: key schedules and padded blocks, which OpenSSL
 * keeps in memory of its own. Those are cleared when the keyring goes, but not locked; what keeps
 * them off the disk is that the process is never dumped (app_harden), and MemorySwapMax=0 in
 * twofoldd.service.
 */
#include "crypto/keyring.h"

#include "base/secret.h"
#include "crypto/keyring_file.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>

enum { DERIVED_KEY_BYTES = 32, ID_BYTES = 4 };
enum { CONTEXT_PARTS_MAX = 8, LENGTH_BYTES = 8, AAD_MAX = 576 };

static_assert((int)DERIVED_KEY_BYTES == (int)ROOT_KEY_BYTES, "a pepper stands in a root's place");

struct key {
    uint32_t id;
    bool pepper_alone; /* of a retired key: nothing but KEY_RECOVERY */
    uint8_t derived[KEY_PURPOSES][DERIVED_KEY_BYTES];
    struct aead_key *seals[KEY_PURPOSES]; /* NULL where the purpose has no such use */
    struct mac_key *macs[KEY_PURPOSES];
    struct sign_key *signs[KEY_PURPOSES];
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

static void keys_free(struct keyring *k)
{
    for (size_t i = 0; i < k->n; i++)
        for (unsigned purpose = 0; purpose < KEY_PURPOSES; purpose++) {
            aead_key_free(k->keys[i].seals[purpose]);
            mac_key_free(k->keys[i].macs[purpose]);
            sign_key_free(k->keys[i].signs[purpose]);
        }
    k->n = 0;
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    keys_free(k);
    wipe(k, sizeof *k);
    munmap(k, sizeof *k);
}

enum err keyring_derive(struct bytes root, enum key_purpose purpose,
                        uint8_t ret_key[static ROOT_KEY_BYTES])
{
    static const char *const labels[KEY_PURPOSES] = {
#define X(name, label, use) [KEY_##name] = label,
        KEY_PURPOSE_LIST(X)
#undef X
    };

    return mac_derive(root, labels[purpose], ret_key, ROOT_KEY_BYTES);
}

static enum err make_ready(struct key *key, enum key_purpose purpose)
{
    static const unsigned uses[KEY_PURPOSES] = {
#define X(name, label, use) [KEY_##name] = (use),
        KEY_PURPOSE_LIST(X)
#undef X
    };
    const struct bytes derived = {.p = key->derived[purpose], .n = DERIVED_KEY_BYTES};

    if (uses[purpose] & KEY_SEALS)
        TRY(aead_key_new(derived.p, &key->seals[purpose]));
    if (uses[purpose] & KEY_MACS)
        TRY(mac_key_new(MAC_SHA256, derived, &key->macs[purpose]));
    if (uses[purpose] & KEY_SIGNS)
        TRY(sign_key_new(derived.p, &key->signs[purpose]));
    return ERR_OK;
}

/* Counts the key first, so that what a failure leaves is freed with the rest. */
static enum err add_key(struct keyring *k, const struct keyring_entry *entry)
{
    const struct bytes root = {.p = entry->key, .n = sizeof entry->key};
    struct key *key = &k->keys[k->n++];

    key->id = entry->id;
    key->pepper_alone = entry->state == KEY_PEPPER;
    if (key->pepper_alone)
        memcpy(key->derived[KEY_RECOVERY], entry->key, sizeof entry->key);
    for (unsigned i = 0; i < KEY_PURPOSES && !key->pepper_alone; i++) {
        TRY(keyring_derive(root, (enum key_purpose)i, key->derived[i]));
        TRY(make_ready(key, (enum key_purpose)i));
    }
    if (entry->state == KEY_ACTIVE)
        k->active = entry->id;
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
    keys_free(k);
    memcpy(k, again, sizeof *k);
    again->n = 0; /* its keys are K's now */
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

static const struct key *find_key(const struct keyring *k, uint32_t id, enum key_purpose purpose)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->keys[i].id == id && (!k->keys[i].pepper_alone || purpose == KEY_RECOVERY))
            return &k->keys[i];
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
    const struct key *key = find_key(k, id, purpose);

    if (!key)
        return ERR_NOT_FOUND;
    *ret_key = (struct bytes){.p = key->derived[purpose], .n = DERIVED_KEY_BYTES};
    return ERR_OK;
}

enum err keyring_mac_key(const struct keyring *k, uint32_t id, enum key_purpose purpose,
                         const struct mac_key **ret_key)
{
    const struct key *key = find_key(k, id, purpose);

    if (!key || !key->macs[purpose])
        return ERR_NOT_FOUND;
    *ret_key = key->macs[purpose];
    return ERR_OK;
}

enum err keyring_sign_key(const struct keyring *k, uint32_t id, enum key_purpose purpose,
                          struct sign_key **ret_key)
{
    const struct key *key = find_key(k, id, purpose);

    if (!key || !key->signs[purpose])
        return ERR_NOT_FOUND;
    *ret_key = key->signs[purpose];
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
        size_t room = AAD_MAX - ID_BYTES - ret_aad->n;

        if (room < LENGTH_BYTES || context[i].n > room - LENGTH_BYTES)
            return ERR_INTERNAL;
        put_number(ret_aad, context[i].n, LENGTH_BYTES);
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
    const struct key *key = find_key(k, k->active, purpose);
    struct aad aad;

    if (!key || !key->seals[purpose])
        return ERR_INTERNAL;
    TRY(aad_build(context, n_context, k->active, &aad));
    TRY(aead_seal(key->seals[purpose], (struct bytes){.p = aad.bytes, .n = aad.n}, plain,
                  ret_sealed + ID_BYTES));
    for (unsigned i = 0; i < ID_BYTES; i++)
        ret_sealed[i] = (uint8_t)(k->active >> (24 - 8 * i));
    return ERR_OK;
}

enum err keyring_unseal(const struct keyring *k, enum key_purpose purpose,
                        const struct bytes *context, size_t n_context, struct bytes sealed,
                        uint8_t *ret_plain)
{
    const struct key *key;
    struct aad aad;
    uint32_t id = 0;

    if (sealed.n < SEALED_OVERHEAD)
        return ERR_INVALID_TOKEN;
    for (unsigned i = 0; i < ID_BYTES; i++)
        id = id << 8 | sealed.p[i];
    key = find_key(k, id, purpose);
    if (!key || !key->seals[purpose])
        return ERR_INVALID_TOKEN;
    TRY(aad_build(context, n_context, id, &aad));
    return aead_open(key->seals[purpose], (struct bytes){.p = aad.bytes, .n = aad.n},
                     (struct bytes){.p = sealed.p + ID_BYTES, .n = sealed.n - ID_BYTES}, ret_plain);
}
