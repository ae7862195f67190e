#include "conn_login.h"

#include "error.h"
#include "nkey.h"

#include <stdbool.h>
#include <string.h>

/* libnats frees *RET_SIGNATURE and *RET_TEXT. */
static natsStatus sign_nonce(char **ret_text, unsigned char **ret_signature, int *ret_n,
                             const char *nonce, void *arg)
{
    char seed[NKEY_SEED_SIZE];
    struct twofold_error error;
    natsStatus s;

    if (nkey_read(arg, seed, &error) != TWOFOLD_OK) {
        *ret_text = strdup(error.message);
        return NATS_ERR;
    }
    s = nats_Sign(seed, nonce, ret_signature, ret_n);
    explicit_bzero(seed, sizeof seed);
    return s;
}

static enum twofold_status set_nkey(natsOptions *to, char *nkey_file, struct twofold_error *error)
{
    char seed[NKEY_SEED_SIZE], public[NKEY_PUBLIC_SIZE];
    enum twofold_status status = nkey_read(nkey_file, seed, error);

    if (status == TWOFOLD_OK)
        status = nkey_public(seed, public, error);
    explicit_bzero(seed, sizeof seed);
    if (status == TWOFOLD_OK && natsOptions_SetNKey(to, public, sign_nonce, nkey_file) != NATS_OK)
        return error_set(error, TWOFOLD_USAGE, "the bus library refuses the nkey");
    return status;
}

static enum twofold_status set_tls(natsOptions *to, const struct twofold_client_options *from,
                                   struct twofold_error *error)
{
    bool wanted = from->tls_ca_file || from->tls_cert_file || strncmp(from->url, "tls://", 6) == 0;

    if (wanted && natsOptions_SetSecure(to, true) != NATS_OK)
        return error_set(error, TWOFOLD_USAGE, "the bus library was built without TLS");
    if (from->tls_ca_file &&
        natsOptions_LoadCATrustedCertificates(to, from->tls_ca_file) != NATS_OK)
        return error_set(error, TWOFOLD_USAGE, "no usable PEM certificates in %s",
                         from->tls_ca_file);
    if (from->tls_cert_file &&
        natsOptions_LoadCertificatesChain(to, from->tls_cert_file, from->tls_key_file) != NATS_OK)
        return error_set(error, TWOFOLD_USAGE, "no usable PEM certificate and key in %s and %s",
                         from->tls_cert_file, from->tls_key_file);
    return TWOFOLD_OK;
}

enum twofold_status conn_login_set(natsOptions *to, const struct twofold_client_options *from,
                                   char *nkey_file, struct twofold_error *error)
{
    enum twofold_status status = TWOFOLD_OK;

    if (from->creds_file &&
        natsOptions_SetUserCredentialsFromFiles(to, from->creds_file, NULL) != NATS_OK)
        return error_set(error, TWOFOLD_EXHAUSTED, "out of memory");
    if (nkey_file)
        status = set_nkey(to, nkey_file, error);
    return status == TWOFOLD_OK ? set_tls(to, from, error) : status;
}
