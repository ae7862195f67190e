/*
 * What is trusted. Whoever rules the bus can answer for the service: so keys that come over the bus
 * are believed only when no anchor file has any, and what the service says of the end then must be
 * there, but proves nothing by itself.
 */
#include "cmd_audit_verify.h"

#include "json_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const ProtobufCServiceDescriptor *const service = &twofold__v1__admin__descriptor;

/* ---- the file ---- */

/* Bytes of exactly N from a member with base64; NULL: it is none. */
static uint8_t *member_bytes(const json_t *object, const char *name, size_t n)
{
    const char *text = json_string_value(json_object_get(object, name));
    size_t n_read = 0;
    uint8_t *bytes = text ? base64_read(text, &n_read) : NULL;

    if (n_read == n)
        return bytes;
    free(bytes);
    return NULL;
}

static bool take_key(struct verify *v, const char *org, const json_t *key)
{
    json_int_t id = json_integer_value(json_object_get(key, "id"));
    uint8_t *public_key = member_bytes(key, "public_key", AUDIT_KEY_BYTES);
    bool ok = public_key && id > 0 && id <= UINT32_MAX &&
              audit_check_trust_key(v->check, org, (uint32_t)id, public_key);

    free(public_key);
    v->has_keys = v->has_keys || ok;
    return ok;
}

static bool take_keys(struct verify *v, const char *org, const json_t *keys)
{
    if (keys && !json_is_array(keys))
        return false;
    for (size_t i = 0; i < json_array_size(keys); i++)
        if (!take_key(v, org, json_array_get(keys, i)))
            return false;
    return true;
}

static bool take_end(struct verify *v, const char *org, const json_t *line)
{
    const json_t *sequence = json_object_get(line, "sequence");
    uint8_t *digest = member_bytes(line, "digest", AUDIT_DIGEST_BYTES);
    struct audit_end end = {.org = org, .digest = digest, .proves = true};
    bool ok = org && digest && json_integer_value(sequence) > 0;

    end.sequence = (uint64_t)json_integer_value(sequence);
    ok = ok && audit_check_expect_end(v->check, &end);
    free(digest);
    return ok;
}

/* An organization that has no event yet has sequence 0 and an empty digest. */
static bool take_line(struct verify *v, const json_t *line)
{
    const json_t *org = json_object_get(line, "org");
    const char *name = json_string_value(org);
    bool has_end = json_integer_value(json_object_get(line, "sequence")) != 0 ||
                   json_string_length(json_object_get(line, "digest")) > 0;

    if (!json_is_object(line) || (org && (!name || strlen(name) > TWOFOLD_ORG_MAX)))
        return false;
    if (!has_end && !json_object_get(line, "keys"))
        return false;
    return take_keys(v, name, json_object_get(line, "keys")) &&
           (!has_end || take_end(v, name, line));
}

static bool take_text(struct verify *v, const char *text, size_t n)
{
    json_t *line = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    bool ok = take_line(v, line);

    json_decref(line);
    return ok;
}

static enum exit_code read_lines(struct verify *v, FILE *file, const char *path)
{
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;
    enum exit_code code = EXIT_YES;
    ssize_t n;

    while (code == EXIT_YES && (n = getline(&line, &size, file)) >= 0) {
        number++;
        if (line[strspn(line, " \t\r\n")] != '\0' && !take_text(v, line, (size_t)n))
            code = output_usage("%s: line %u is no line of twofold audit checkpoint or twofoldd "
                                "audit keys",
                                path, number);
    }
    if (code == EXIT_YES && ferror(file))
        code = output_usage("%s cannot be read", path);
    if (code == EXIT_YES && number == 0)
        code = output_usage("%s is empty: it must say what to trust", path);
    free(line);
    return code;
}

enum exit_code anchor_read(struct verify *v, const char *path)
{
    FILE *file = fopen(path, "re");
    enum exit_code code;

    if (!file)
        return output_usage("%s cannot be opened: %s", path, strerror(errno));
    code = read_lines(v, file, path);
    fclose(file);
    return code;
}

/* ---- the service ---- */

enum twofold_status anchor_ask(struct cli *cli, Twofold__V1__CheckpointAuditReply **ret_reply)
{
    Twofold__V1__CheckpointAuditRequest request;
    char id[TWOFOLD_REQUEST_ID_SIZE];
    struct twofold_call call = {.service = service,
                                .method = "CheckpointAudit",
                                .request = &request.base,
                                .request_id = id};
    ProtobufCMessage *reply = NULL;
    enum twofold_status status;

    twofold__v1__checkpoint_audit_request__init(&request);
    twofold_request_id(id);
    status = twofold_client_call(cli->client, &call, &reply, &cli->error);
    if (status == TWOFOLD_OK)
        *ret_reply = (Twofold__V1__CheckpointAuditReply *)reply;
    return status;
}

static bool believe_keys(struct verify *v, const char *org,
                         const Twofold__V1__CheckpointAuditReply *reply)
{
    for (size_t i = 0; i < reply->n_keys; i++) {
        const Twofold__V1__CheckpointAuditReply__Key *key = reply->keys[i];

        if (key->public_key.len == AUDIT_KEY_BYTES &&
            !audit_check_trust_key(v->check, org, key->id, key->public_key.data))
            return false;
    }
    return true;
}

bool anchor_of_service(struct verify *v, const char *org,
                       const Twofold__V1__CheckpointAuditReply *reply)
{
    struct audit_end end = {.org = org,
                            .sequence = reply->sequence,
                            .digest = reply->digest.data,
                            .proves = !v->has_keys};

    if (!v->has_keys && !believe_keys(v, org, reply))
        return false;
    if (reply->sequence == 0 || reply->digest.len != AUDIT_DIGEST_BYTES)
        return true;
    return audit_check_expect_end(v->check, &end);
}
