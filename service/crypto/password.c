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

/* Checks, or makes a new hash. A hash of an old cost is replaced while the password is at hand; if
 * that fails the old one goes on working, so it is no error. A wrong password is hashed at the new
 * cost for nothing: unknown users cost that, so a known one must not cost less. */
static enum err check_or_hash(struct password_job *job, const struct password_cost *cost)
{
    struct bytes password = {.p = (const uint8_t *)job->password, .n = job->n_password};

    if (!job->phc[0])
        return password_hash(password, cost, job->new_phc);
    TRY(password_check(password, job->phc, &job->matches));
    if (!password_needs_rehash(job->phc, cost))
        return ERR_OK;
    err_drop(password_hash(password, cost, job->new_phc));
    if (!job->matches)
        wipe(job->new_phc, sizeof job->new_phc);
    return ERR_OK;
}

void password_job_do(struct password_job *job, const struct password_cost *cost)
{
    job->err = check_or_hash(job, cost);
    wipe(job->password, sizeof job->password);
}
