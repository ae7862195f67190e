/*
 * For attack_A45_keys_rotate_under_load.sh: a database of many users with known keys, and somebody
 * who verifies them all.
 *
 *     rotate_load fill FOLDER KEYRING USERS     makes the database
 *     rotate_load verify URL USERS              verifies one user after the other, all of them
 *                                               in 33 s, until SIGTERM; prints a line "ok N failed
 *                                               N" at the end, and every refusal
 */
#include "core/otp.h"
#include "store/store_lmdb.h"

#include <twofold/client.h>
#include <twofold/v1/verification.pb-c.h>

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KEY_BYTES = 20, IN_FLIGHT = 32, FILL_BATCH = 2000, PAUSE_US = 2000, ROUND_S = 33 };

static const struct otp_params params = {.algorithm = MAC_SHA1, .digits = 6, .period_s = 30};

static struct secret key_of(unsigned i)
{
    struct secret key = {.n = KEY_BYTES};

    for (unsigned j = 0; j < KEY_BYTES; j++)
        key.bytes[j] = (uint8_t)(i >> (j % 4 * 8)) ^ (uint8_t)(j * 37);
    return key;
}

static void name_of(unsigned i, char ret_name[static 16])
{
    snprintf(ret_name, 16, "user%07u", i);
}

static int failed(const char *what, const char *why)
{
    fprintf(stderr, "rotate_load: %s: %s\n", what, why);
    return 1;
}

/* ---- fill ---- */

static enum err put(struct store *s, struct store_txn *t, unsigned i)
{
    static struct user u;
    char name[16];

    name_of(i, name);
    memset(&u, 0, sizeof u);
    u.exists = true;
    u.created_s = time(NULL);
    u.credential_version = 1;
    snprintf(u.password_phc, sizeof u.password_phc, "$scrypt$ln=10,r=8,p=1$c2FsdA$aGFzaA");
    u.n_authenticators = 1;
    u.authenticators[0] = (struct authenticator){.otp = params, .key = key_of(i)};
    memcpy(u.authenticators[0].id, name, 12);
    u.recovery = (struct recovery_set){.pepper = 1, .n = i % 2 ? 10 : 0};
    return s->ops->save_user(t, &(struct user_id){.org = "default", .username = name}, &u);
}

static enum err fill_all(struct store *s, unsigned n)
{
    struct org org = {.exists = true, .policy = policy_default(), .policy_version = 1};
    struct store_txn *t = NULL;

    TRY(s->ops->begin(s, &t));
    TRY(s->ops->save_org(t, "default", &org));
    for (unsigned i = 0; i < n; i++) {
        TRY(put(s, t, i));
        if (i % FILL_BATCH == FILL_BATCH - 1) {
            TRY(s->ops->commit(t));
            TRY(s->ops->begin(s, &t));
        }
    }
    return s->ops->commit(t);
}

static int fill(char **args)
{
    struct store_lmdb_options options = {.folder = args[0], .size_mb = 4096};
    struct keyring *keyring = NULL;
    struct store *s = NULL;
    struct diag diag = {.text = ""};

    if (keyring_open(args[1], &keyring, &diag) != ERR_OK)
        return failed("keyring", diag.text);
    options.keyring = keyring;
    if (store_lmdb_open(&options, &s, &diag) != ERR_OK)
        return failed("database", diag.text);
    if (fill_all(s, (unsigned)strtoul(args[2], NULL, 10)) != ERR_OK)
        return failed("database", "cannot write");
    store_close(s);
    keyring_free(keyring);
    return 0;
}

/* ---- verify ---- */

static atomic_ulong n_ok, n_failed;
static sem_t room;
static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

static void answered(const ProtobufCMessage *reply, const struct twofold_error *error, void *ctx)
{
    (void)reply;
    (void)ctx;
    if (error->status == TWOFOLD_OK) {
        atomic_fetch_add(&n_ok, 1);
    } else {
        atomic_fetch_add(&n_failed, 1);
        fprintf(stderr, "failed: %s %d %s\n", twofold_status_name(error->status), error->code,
                error->message);
    }
    sem_post(&room);
}

static bool ask(struct twofold_client *client, unsigned i, int64_t now_s)
{
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "Verify",
                                .request = &request.base,
                                .timeout_ms = 30000};
    const struct secret key = key_of(i);
    struct twofold_error error;
    struct otp_code code;
    char name[16], text[OTP_DIGITS_MAX + 1] = "";

    name_of(i, name);
    if (otp_hotp(&params, &key, otp_step(&params, now_s), &code) != ERR_OK)
        return false;
    memcpy(text, code.text, code.digits);
    request.username = name;
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    request.code = text;
    return twofold_client_call_async(client, &call, (struct twofold_callback){.call = answered},
                                     &error) == TWOFOLD_OK;
}

/* A user's code is good once: all users take a little longer than a time step. */
static void verify_all(struct twofold_client *client, unsigned n)
{
    const int64_t began_s = time(NULL);

    for (unsigned long i = 0; !stopped; i++) {
        int64_t now_s = time(NULL);

        while (!stopped && (now_s - began_s + 1) * (int64_t)n / ROUND_S < (int64_t)i) {
            usleep(PAUSE_US);
            now_s = time(NULL);
        }
        sem_wait(&room);
        if (!ask(client, (unsigned)(i % n), now_s)) {
            atomic_fetch_add(&n_failed, 1);
            sem_post(&room);
        }
    }
    for (unsigned i = 0; i < IN_FLIGHT; i++)
        sem_wait(&room);
}

static int verify(char **args)
{
    struct twofold_client_options options = {.url = args[0]};
    unsigned n = (unsigned)strtoul(args[1], NULL, 10);
    struct twofold_client *client = NULL;
    struct twofold_error error;

    if (sem_init(&room, 0, IN_FLIGHT) != 0)
        return failed("verify", "out of memory");
    if (twofold_client_connect(&options, &client, &error) != TWOFOLD_OK)
        return failed("bus", error.message);
    signal(SIGTERM, stop);
    puts("verifying");
    fflush(stdout);
    verify_all(client, n);
    twofold_client_close(client);
    printf("ok %lu failed %lu\n", n_ok, n_failed);
    return n_failed == 0 && n_ok > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "fill") == 0)
        return fill(argv + 2);
    if (argc == 4 && strcmp(argv[1], "verify") == 0)
        return verify(argv + 2);
    return failed("usage", "fill FOLDER KEYRING USERS | verify URL USERS");
}
