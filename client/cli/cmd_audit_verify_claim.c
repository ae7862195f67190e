#include "cmd_audit_verify.h"

#include <string.h>

static bool bytes_are(const ProtobufCBinaryData *bytes, const uint8_t *wanted, size_t n)
{
    return bytes->len == n && (n == 0 || memcmp(bytes->data, wanted, n) == 0);
}

enum trust claim_trust(const struct audit_check *check, const struct claim *c)
{
    struct audit_signed what = {.prefix = "twofold-anchor-1\n",
                                .key_id = c->key_id,
                                .body = c->body.data,
                                .n_body = c->body.len,
                                .signature = c->signature.data,
                                .n_signature = c->signature.len,
                                .source = c->source};

    return audit_check_vouch(check, c->org, &what);
}

static const char *difference(const struct claim *c, const Twofold__V1__AuditAnchor *body)
{
    if (!body)
        return "its body cannot be read";
    if (c->nonce && !bytes_are(&body->nonce, c->nonce, NONCE_BYTES))
        return "it answers another question: somebody sends an old answer again";
    if (strcmp(body->org, c->org) != 0)
        return "it is about another organization";
    if (body->sequence != c->sequence || !bytes_are(&body->digest, c->digest.data, c->digest.len))
        return "it says other things than its signed body";
    if (c->digest.len != (c->sequence > 0 ? AUDIT_DIGEST_BYTES : 0))
        return "its digest is malformed";
    return NULL;
}

const char *claim_contradiction(const struct claim *c)
{
    Twofold__V1__AuditAnchor *body =
        twofold__v1__audit_anchor__unpack(NULL, c->body.len, c->body.data);
    const char *why = difference(c, body);

    twofold__v1__audit_anchor__free_unpacked(body, NULL);
    return why;
}
