/*
 * What is trusted. Whoever rules the bus can answer for the service: so keys that come over the bus
 * are believed only when no anchor file has any, and what the service says of the end is signed,
 * with the nonce it was asked with: an old answer is none.
 */
#include "cmd_audit_verify.h"

#include "json_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const ProtobufCServiceDescriptor *const service = &twofold__v1__admin__descriptor;
static const char no_line[] = "is no line of twofold audit checkpoint or twofoldd audit keys";

/* ---- the file ---- */

/* Bytes from a member with base64; none when it is none. Free RET's. */
static ProtobufCBinaryData member_bytes(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    ProtobufCBinaryData bytes = {0};

    if (text)
        bytes.data = base64_read(text, &bytes.len);
    return bytes;
}

static bool take_key(struct verify *v, const struct audit_key *of, const json_t *json)
{
    json_int_t id = json_integer_value(json_object_get(json, "id"));
    ProtobufCBinaryData bytes = member_bytes(json, "public_key");
    struct audit_key key = *of;
    bool ok = bytes.len == AUDIT_KEY_BYTES && id > 0 && id <= UINT32_MAX;

    key.id = (uint32_t)id;
    key.public_key = bytes.data;
    ok = ok && audit_check_trust_key(v->check, &key);
    free(bytes.data);
    v->has_keys = v->has_keys || ok;
    return ok;
}

static bool take_keys(struct verify *v, const struct audit_key *of, const json_t *keys)
{
    if (keys && !json_is_array(keys))
        return false;
    for (size_t i = 0; i < json_array_size(keys); i++)
        if (!take_key(v, of, json_array_get(keys, i)))
            return false;
    return true;
}

/* An organization that has no event yet has sequence 0 and an empty digest. */
static bool has_end(const json_t *line)
{
    return json_integer_value(json_object_get(line, "sequence")) != 0 ||
           json_string_length(json_object_get(line, "digest")) > 0;
}

static bool take_line(struct verify *v, const json_t *line, uint32_t number)
{
    const json_t *org = json_object_get(line, "org");
    struct audit_key of = {.org = json_string_value(org), .source = number};

    if (!json_is_object(line) || (org && (!of.org || strlen(of.org) > TWOFOLD_ORG_MAX)))
        return false;
    if (!has_end(line) && !json_object_get(line, "keys"))
        return false;
    return take_keys(v, &of, json_object_get(line, "keys"));
}

/* The keys of other lines judge first: a line shall not vouch for itself when one can do it. */
static const char *signed_fault(const struct verify *v, struct claim *c, uint32_t number)
{
    enum trust trust;

    if (c->body.len == 0)
        return NULL;
    if (claim_contradiction(c))
        return "says other things than its signed body";
    c->source = number;
    trust = claim_trust(v->check, c);
    c->source = 0;
    if (trust == TRUST_UNKNOWN_KEY)
        trust = claim_trust(v->check, c);
    return trust == TRUST_BAD ? "is not signed with the key that the file has for it" : NULL;
}

static const char *take_claim(struct verify *v, struct claim *c, uint32_t number)
{
    struct audit_end end = {.org = c->org, .sequence = c->sequence, .digest = c->digest.data};
    const char *fault = no_line;

    if (c->org && c->digest.len == AUDIT_DIGEST_BYTES && c->sequence > 0)
        fault = signed_fault(v, c, number);
    if (!fault && verify_reads(v, c->org) && !audit_check_expect_end(v->check, &end))
        fault = "cannot be kept: memory is short";
    return fault;
}

static const char *take_end(struct verify *v, const json_t *line, uint32_t number)
{
    json_int_t sequence = json_integer_value(json_object_get(line, "sequence"));
    struct claim c = {.org = json_string_value(json_object_get(line, "org")),
                      .sequence = sequence > 0 ? (uint64_t)sequence : 0,
                      .digest = member_bytes(line, "digest"),
                      .key_id = (uint32_t)json_integer_value(json_object_get(line, "key_id")),
                      .body = member_bytes(line, "body"),
                      .signature = member_bytes(line, "signature")};
    const char *fault = take_claim(v, &c, number);

    free(c.digest.data);
    free(c.body.data);
    free(c.signature.data);
    return fault;
}

/* The lines as JSON, null for an empty one; the keys are taken. */
static enum exit_code read_lines(struct verify *v, FILE *file, const char *path, json_t *ret_lines)
{
    char *text = NULL;
    size_t size = 0;
    uint32_t number = 0;
    enum exit_code code = EXIT_YES;
    ssize_t n;

    while (code == EXIT_YES && (n = getline(&text, &size, file)) >= 0) {
        bool empty = text[strspn(text, " \t\r\n")] == '\0';
        json_t *line =
            empty ? json_null() : json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, NULL);

        number++;
        if (!empty && !take_line(v, line, number))
            code = output_usage("%s: line %u %s", path, number, no_line);
        json_array_append_new(ret_lines, line);
    }
    if (code == EXIT_YES && ferror(file))
        code = output_usage("%s cannot be read", path);
    if (code == EXIT_YES && number == 0)
        code = output_usage("%s is empty: it must say what to trust", path);
    free(text);
    return code;
}

static enum exit_code take_ends(struct verify *v, const char *path, const json_t *lines)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const char *fault = has_end(line) ? take_end(v, line, (uint32_t)i + 1) : NULL;

        if (fault)
            return output_usage("%s: line %zu %s", path, i + 1, fault);
    }
    return EXIT_YES;
}

enum exit_code anchor_read(struct verify *v, const char *path)
{
    FILE *file = fopen(path, "re");
    json_t *lines;
    enum exit_code code;

    if (!file)
        return output_usage("%s cannot be opened: %s", path, strerror(errno));
    lines = json_array();
    code = read_lines(v, file, path, lines);
    fclose(file);
    if (code == EXIT_YES)
        code = take_ends(v, path, lines);
    json_decref(lines);
    return code;
}

/* ---- the service ---- */

enum twofold_status anchor_ask(struct cli *cli, struct answer *ret)
{
    Twofold__V1__CheckpointAuditRequest request;
    char id[TWOFOLD_REQUEST_ID_SIZE];
    struct twofold_call call = {.service = service,
                                .method = "CheckpointAudit",
                                .request = &request.base,
                                .request_id = id};
    ProtobufCMessage *reply = NULL;
    enum twofold_status status;

    /* Small requests come whole and fail only where there is no such call at all. */
    if (getrandom(ret->nonce, sizeof ret->nonce, 0) != (ssize_t)sizeof ret->nonce)
        abort();
    twofold__v1__checkpoint_audit_request__init(&request);
    request.nonce = (ProtobufCBinaryData){.data = ret->nonce, .len = sizeof ret->nonce};
    twofold_request_id(id);
    status = twofold_client_call(cli->client, &call, &reply, &cli->error);
    if (status == TWOFOLD_OK)
        ret->reply = (Twofold__V1__CheckpointAuditReply *)reply;
    return status;
}

static bool believe_keys(struct verify *v, const char *org,
                         const Twofold__V1__CheckpointAuditReply *reply)
{
    for (size_t i = 0; i < reply->n_keys; i++) {
        const Twofold__V1__CheckpointAuditReply__Key *key = reply->keys[i];
        struct audit_key believed = {.org = org, .id = key->id, .public_key = key->public_key.data};

        if (key->public_key.len == AUDIT_KEY_BYTES && !audit_check_trust_key(v->check, &believed))
            return false;
    }
    return true;
}

static const char *answer_fault(const struct verify *v, const char *org,
                                const struct answer *answer)
{
    const Twofold__V1__CheckpointAuditReply *reply = answer->reply;
    struct claim c = {.org = org,
                      .sequence = reply->sequence,
                      .digest = reply->digest,
                      .nonce = answer->nonce,
                      .key_id = reply->key_id,
                      .body = reply->body,
                      .signature = reply->signature};
    enum trust trust = claim_trust(v->check, &c);

    if (reply->body.len == 0)
        return "it is not signed";
    if (trust == TRUST_UNKNOWN_KEY)
        return v->has_keys ? "it is signed with a key that no anchor has"
                           : "it is signed with a key that it does not name";
    return trust == TRUST_GOOD ? claim_contradiction(&c) : "its signature is wrong";
}

bool anchor_of_service(struct verify *v, const char *org, const struct answer *answer,
                       const char **ret_fault)
{
    const Twofold__V1__CheckpointAuditReply *reply = answer->reply;
    struct audit_end end = {.org = org, .sequence = reply->sequence, .digest = reply->digest.data};

    if (!v->has_keys && !believe_keys(v, org, reply))
        return false;
    *ret_fault = answer_fault(v, org, answer);
    if (*ret_fault || reply->sequence == 0)
        return true;
    return audit_check_expect_end(v->check, &end);
}
