/*
 * ImportUser takes a user whole, or not at all, so that a run that broke off leaves no half of one
 * behind; but it takes the hash of a password. It is made here: the password itself never crosses
 * the bus, and the service's own threads, which people wait for, have nothing to do with it.
 */
#include "seed_hash.h"

#include "interrupt.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* COST_N is 2 to the 14th: what the PHC text below says, and the service's default. */
_Static_assert(SEED_HASH_SIZE >= 21 + 1 + 24 + 1 + 44 + 1, "parameters, salt and hash in base64");
enum { SALT_BYTES = 16, HASH_BYTES = 32, COST_N = 16384, COST_R = 8, COST_P = 5 };
enum { THREADS_MAX = 4, TURN_MS = 20 };

struct crew {
    const struct seed_hashing *hashing;
    _Atomic size_t next;
    atomic_bool failed;
    atomic_uint working;
};

static bool derive(char *password, uint8_t salt[static SALT_BYTES], uint8_t ret[static HASH_BYTES])
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    uint64_t n = COST_N, r = COST_R, p = COST_P;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, password, strlen(password)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, SALT_BYTES),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_end(),
    };
    bool good = context && EVP_KDF_derive(context, ret, HASH_BYTES, params) == 1;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return good;
}

/* Base64 without padding, behind a '$'. Returns where it ends. */
static char *encode(const uint8_t *bytes, int n, char *to)
{
    *to++ = '$';
    EVP_EncodeBlock((unsigned char *)to, bytes, n);
    to += strcspn(to, "=");
    *to = '\0';
    return to;
}

static bool hash_user(struct seed_user *user)
{
    static const char parameters[] = "$scrypt$ln=14,r=8,p=5";
    uint8_t salt[SALT_BYTES], hash[HASH_BYTES];
    char *to = user->hash;

    if (RAND_bytes(salt, SALT_BYTES) != 1 || !derive(user->password, salt, hash))
        return false;
    memcpy(to, parameters, sizeof parameters);
    to = encode(salt, SALT_BYTES, to + sizeof parameters - 1);
    encode(hash, HASH_BYTES, to);
    explicit_bzero(hash, sizeof hash);
    return true;
}

static bool is_wanted(const struct seed_hashing *hashing, const struct seed_user *user)
{
    return user->password && (hashing->replace || !user->there) && user->hash[0] == '\0';
}

static size_t count_wanted(const struct seed_hashing *hashing)
{
    size_t n = 0;

    for (size_t i = 0; i < hashing->n; i++)
        n += is_wanted(hashing, &hashing->users[i]);
    return n;
}

static void *work(void *ctx)
{
    struct crew *crew = ctx;
    const struct seed_hashing *hashing = crew->hashing;
    size_t i;

    while (!interrupted() && !crew->failed) {
        i = crew->next++;
        if (i >= hashing->n)
            break;
        if (is_wanted(hashing, &hashing->users[i]) && !hash_user(&hashing->users[i]))
            crew->failed = true;
    }
    crew->working--;
    return NULL;
}

static void await_crew(struct crew *crew)
{
    const struct seed_hashing *hashing = crew->hashing;

    while (crew->working > 0) {
        nanosleep(&(struct timespec){.tv_nsec = TURN_MS * 1000000L}, NULL);
        hashing->turn(hashing->ctx);
    }
}

bool seed_hash(const struct seed_hashing *hashing)
{
    struct crew crew = {.hashing = hashing};
    size_t wanted = count_wanted(hashing);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = processors < 1 ? 1 : processors < THREADS_MAX ? (size_t)processors : THREADS_MAX;
    pthread_t threads[THREADS_MAX];
    size_t n = 0;

    if (wanted == 0)
        return true;
    while (n < most && n < wanted) {
        crew.working++;
        if (pthread_create(&threads[n], NULL, work, &crew) != 0) {
            crew.working--;
            break;
        }
        n++;
    }
    if (n == 0)
        return false;
    await_crew(&crew);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    return !crew.failed;
}
