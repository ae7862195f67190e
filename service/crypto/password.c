#include "crypto/password.h"

#include "base/secret.h"
#include "crypto/phc.h"
#include "crypto/random.h"
#include "crypto/scrypt.h"

/* A cost that is allowed, and a fresh salt. */
static enum err phc_begin(const struct password_cost *cost, struct phc *phc)
{
    if (!phc_cost_valid(cost))
        return ERR_INTERNAL;
    phc->cost = *cost;
    return random_bytes(phc->salt, sizeof phc->salt);
}

static enum err hash_with(struct bytes password, const struct phc *phc,
                          uint8_t ret_hash[static SCRYPT_HASH_BYTES])
{
    struct bytes salt = {.p = phc->salt, .n = sizeof phc->salt};

    return scrypt_hash(password, salt, &phc->cost, ret_hash);
}

enum err password_hash(struct bytes password, const struct password_cost *cost,
                       char ret_phc[static PHC_MAX])
{
    auto_phc phc = {0};

    TRY(phc_begin(cost, &phc));
    TRY(hash_with(password, &phc, phc.hash));
    phc_format(&phc, ret_phc);
    return ERR_OK;
}

enum err password_check(struct bytes password, const char *phc, bool *ret_matches)
{
    auto_phc stored = {0};
    auto_secret hash = {.n = SCRYPT_HASH_BYTES};

    if (!phc_parse(phc, &stored))
        return ERR_INTERNAL;
    TRY(hash_with(password, &stored, hash.bytes));
    *ret_matches = ct_equal(hash.bytes, stored.hash, sizeof stored.hash);
    return ERR_OK;
}

bool password_needs_rehash(const char *phc, const struct password_cost *cost)
{
    auto_phc stored = {0};

    return !phc_parse(phc, &stored) || stored.cost.ln != cost->ln || stored.cost.r != cost->r ||
           stored.cost.p != cost->p;
}

/* A random hash: finding a password for it is finding a preimage. */
enum err password_decoy(const struct password_cost *cost, char ret_phc[static PHC_MAX])
{
    auto_phc phc = {0};

    TRY(phc_begin(cost, &phc));
    TRY(random_bytes(phc.hash, sizeof phc.hash));
    phc_format(&phc, ret_phc);
    return ERR_OK;
}
