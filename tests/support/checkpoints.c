#include "support/checkpoints.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <string.h>

static unsigned checkpoints_count(const struct trail *t, const char *org)
{
    unsigned n = 0;

    for (size_t i = 0; i < t->n; i++)
        n += strcmp(t->events[i]->type, "audit.checkpoint") == 0 &&
             strcmp(t->events[i]->org, org) == 0;
    return n;
}

unsigned checkpoints_written(struct service *s, const char *org)
{
    struct trail *t = trail_read(s);
    unsigned n = checkpoints_count(t, org);

    trail_free(t);
    return n;
}

/* The last checkpoint of ORG, and what is in it, to be freed. */
const Twofold__V1__AuditEvent *checkpoint_last(const struct trail *t, const char *org,
                                               Twofold__V1__CheckpointBody **ret_body)
{
    const Twofold__V1__AuditEvent *last = NULL;

    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->events[i]->type, "audit.checkpoint") == 0 &&
            strcmp(t->events[i]->org, org) == 0)
            last = t->events[i];
    assert_non_null(last);
    assert_non_null(last->checkpoint);
    *ret_body = twofold__v1__checkpoint_body__unpack(NULL, last->checkpoint->body.len,
                                                     last->checkpoint->body.data);
    assert_non_null(*ret_body);
    return last;
}

const Twofold__V1__CheckpointBody__Head *checkpoint_head(const Twofold__V1__CheckpointBody *body,
                                                         const char *username, uint64_t sequence)
{
    for (size_t i = 0; i < body->n_heads; i++)
        if (strcmp(body->heads[i]->username, username) == 0 && body->heads[i]->sequence == sequence)
            return body->heads[i];
    return NULL;
}

/* Position in T of the newest event of a chain of ORG before the last checkpoint. */
size_t checkpoint_newest(const struct trail *t, const char *org, const char *username)
{
    size_t at = t->n;

    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->events[i]->org, org) == 0 && strcmp(t->events[i]->username, username) == 0)
            at = i;
    assert_true(at < t->n);
    return at;
}

void checkpoint_assert_head(const struct trail *t, const Twofold__V1__CheckpointBody *body,
                            const char *username)
{
    size_t at = checkpoint_newest(t, body->org, username);
    uint8_t digest[SHA256_BYTES];
    const Twofold__V1__CheckpointBody__Head *head =
        checkpoint_head(body, username, t->events[at]->sequence);

    assert_non_null(head);
    assert_int_equal(mac_sha256(t->entries[at].event, digest), ERR_OK);
    assert_int_equal(head->digest.len, sizeof digest);
    assert_memory_equal(head->digest.data, digest, sizeof digest);
}

bool signature_good(const char *prefix, const ProtobufCBinaryData *body,
                    const ProtobufCBinaryData *signature, const uint8_t *public_key)
{
    static uint8_t message[256 * 1024];
    size_t n = strlen(prefix);
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good;

    assert_true(body->len <= sizeof message - n);
    memcpy(message, prefix, n);
    memcpy(message + n, body->data, body->len);
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
    good = EVP_DigestVerify(context, signature->data, signature->len, message, n + body->len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}
