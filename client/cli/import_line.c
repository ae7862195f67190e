#include "import_line.h"

#include "json_value.h"

#include <stdlib.h>
#include <string.h>
#include <twofold/client.h>

enum { USERNAME_BYTES = 254, URIS_MAX = 10, REQUEST_BYTES_MAX = 8192 };

static const char out_of_memory[] = "memory is short";

/* A copy as protobuf-c would have made it. */
static const char *copy(const json_t *json, char **ret)
{
    *ret = strdup(json_string_value(json));
    return *ret ? NULL : out_of_memory;
}

static const char *read_username(const json_t *json, Twofold__V1__ImportUserRequest *to)
{
    size_t n = json_string_length(json);

    if (!json_is_string(json) || n < 1 || n > USERNAME_BYTES)
        return "username: must be a text of 1 to 254 bytes";
    return copy(json, &to->username);
}

static const char *read_hash(const json_t *json, Twofold__V1__ImportUserRequest *to)
{
    const char *text = json_string_value(json);

    if (!text || (text[0] != '\0' && strncmp(text, "$scrypt$", 8) != 0))
        return "password_hash: must be a text that begins with $scrypt$, or be left out";
    return text[0] != '\0' ? copy(json, &to->password_hash) : NULL;
}

static const char *read_uris(const json_t *json, Twofold__V1__ImportUserRequest *to)
{
    size_t n = json_array_size(json);
    const char *why = NULL;

    if (!json_is_array(json) || n > URIS_MAX)
        return "otpauth_uris: must be a list of up to 10 texts";
    to->otpauth_uris = calloc(n + 1, sizeof *to->otpauth_uris);
    if (!to->otpauth_uris)
        return out_of_memory;
    for (size_t i = 0; i < n && !why; i++) {
        const json_t *uri = json_array_get(json, i);

        if (!json_is_string(uri) || strncmp(json_string_value(uri), "otpauth://totp/", 15) != 0)
            return "otpauth_uris: each must begin with otpauth://totp/";
        why = copy(uri, &to->otpauth_uris[i]);
        if (!why)
            to->n_otpauth_uris++;
    }
    return why;
}

static const struct {
    const char *name;
    const char *(*read)(const json_t *json, Twofold__V1__ImportUserRequest *to);
} members[] = {
    {"username", read_username},
    {"password_hash", read_hash},
    {"otpauth_uris", read_uris},
};

static const char *read_member(const char *name, const json_t *json,
                               Twofold__V1__ImportUserRequest *to)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (strcmp(members[i].name, name) == 0)
            return json_is_null(json) ? NULL : members[i].read(json, to);
    return "has a member that is none of username, password_hash, otpauth_uris";
}

static const char *read_members(json_t *object, Twofold__V1__ImportUserRequest *to)
{
    const char *name, *why = NULL;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        why = read_member(name, value, to);
        if (why)
            return why;
    }
    if (to->username[0] == '\0')
        return "username: is required";
    if (twofold__v1__import_user_request__get_packed_size(to) > REQUEST_BYTES_MAX)
        return "is larger than a request may be, 8 KiB";
    return NULL;
}

const char *import_line_read(const char *text, size_t n, Twofold__V1__ImportUserRequest **ret)
{
    Twofold__V1__ImportUserRequest *request = calloc(1, sizeof *request);
    const char *why = "is no JSON object";
    json_t *object;

    if (!request)
        return out_of_memory;
    twofold__v1__import_user_request__init(request);
    json_wipe_what_is_freed();
    object = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object))
        why = read_members(object, request);
    json_decref(object);
    if (!why)
        *ret = request;
    else
        twofold_reply_free(&request->base);
    return why;
}
