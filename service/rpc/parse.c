#include "rpc/parse.h"

#include "core/base32.h"

#include <string.h>

/* A value as it lies in a decoded message. */
union field_value {
    struct bytes bytes;
    const char *text;
    int32_t number;
    protobuf_c_boolean flag;
    const ProtobufCMessage *message;
};

typedef void parse_fn(union field_value v, struct rpc_ask *ask, struct fault *fault);

/* No C0, DEL or C1 control characters; the text is UTF-8 already (wire.h). */
static bool has_controls(const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s; s++)
        if (*s < 0x20 || *s == 0x7f || (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f))
            return true;
    return false;
}

static void parse_username(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    size_t n = strlen(v.text);

    ask->username = v.text;
    if (n == 0)
        fault_add(fault, "username", "is required");
    else if (n > USERNAME_MAX || has_controls(v.text))
        fault_add(fault, "username", "must be 1 to 254 bytes without control characters");
}

static void parse_password(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    ask->password = bytes_of_text(v.text);
    if (ask->password.n == 0)
        fault_add(fault, "password", "is required");
    else if (ask->password.n < PASSWORD_MIN || ask->password.n > PASSWORD_MAX)
        fault_add(fault, "password", "must be 8 to 256 bytes");
}

static void parse_step_token(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    ask->step_token = v.text;
    if (!*v.text)
        fault_add(fault, "step_token", "is required");
    else if (strlen(v.text) > STEP_TOKEN_MAX)
        fault_add(fault, "step_token", "must be at most 512 bytes");
}

static void parse_code(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    ask->second.kind = OFFERED_CODE;
    if (!*v.text)
        fault_add(fault, "code", "is required");
    else if (otp_code_parse(v.text, strlen(v.text), &ask->second.code) != ERR_OK)
        fault_add(fault, "code", "must be exactly 6 or 8 ASCII digits, as the authenticator shows");
}

static void parse_recovery_code(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    ask->second.kind = OFFERED_RECOVERY_CODE;
    if (!*v.text)
        fault_add(fault, "recovery_code", "is required");
    else if (recovery_code_parse(v.text, strlen(v.text), &ask->second.recovery) != ERR_OK)
        fault_add(fault, "recovery_code", "must be XXXXX-XXXXX-XXXXX-XXXXX-XXXXX");
}

static void parse_label(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    ask->label = v.text;
    if (strlen(v.text) > LABEL_MAX || has_controls(v.text))
        fault_add(fault, "label", "must be 0 to 64 bytes without control characters");
}

static void parse_purpose(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    ask->purpose = v.text;
    if (strlen(v.text) > PURPOSE_MAX || has_controls(v.text))
        fault_add(fault, "purpose", "must be 0 to 64 bytes without control characters");
    else if (strncmp(v.text, OWN_PURPOSE, sizeof OWN_PURPOSE - 1) == 0)
        fault_add(fault, "purpose", "must not begin with twofold:, which names our own methods");
}

static void parse_secret(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    if (*v.text && base32_decode(v.text, strlen(v.text), &ask->secret) != ERR_OK)
        fault_add(fault, "secret", "must be the base32 text of Begin's answer, or empty");
}

static void parse_activate(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    (void)fault;
    ask->activate = v.flag;
}

static void parse_page_size(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    ask->page_size = v.number ? v.number : PAGE_SIZE_DEFAULT;
    if (v.number < 0 || v.number > PAGE_SIZE_MAX)
        fault_add(fault, "page_size", "must be 0 to 1000");
}

static void parse_page_token(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    (void)fault; /* judged when it is opened: page_token_open */
    ask->page_token = v.text;
}

static void parse_nonce(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    ask->nonce = v.bytes;
    if (v.bytes.n > NONCE_MAX)
        fault_add(fault, "nonce", "must be 0 to 64 bytes");
}

static void parse_otpauth_uri(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    const char *rule = NULL;

    if (!*v.text)
        fault_add(fault, "otpauth_uri", "is required");
    else if (otpauth_parse(v.text, strlen(v.text), &ask->otpauth, &rule) != ERR_OK)
        fault_add(fault, "otpauth_uri", rule);
}

static void parse_policy(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    (void)fault; /* judged when it is merged: rpc/policy.c */
    ask->policy = v.message;
}

static const struct {
    const char *name;
    parse_fn *parse;
} fields[] = {
    {"username", parse_username},
    {"password", parse_password},
    {"step_token", parse_step_token},
    {"code", parse_code},
    {"recovery_code", parse_recovery_code},
    {"label", parse_label},
    {"purpose", parse_purpose},
    {"secret", parse_secret},
    {"activate", parse_activate},
    {"page_size", parse_page_size},
    {"page_token", parse_page_token},
    {"otpauth_uri", parse_otpauth_uri},
    {"policy", parse_policy},
    {"nonce", parse_nonce},
};

/* The only repeated field of a request: names, which rpc/policy.c judges. */
static const char update_mask[] = "update_mask";

bool parse_knows_field(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (strcmp(fields[i].name, name) == 0)
            return true;
    return strcmp(name, update_mask) == 0;
}

static struct bytes bytes_of_field(const void *member)
{
    const ProtobufCBinaryData *data = member;

    return (struct bytes){.p = data->data, .n = data->len};
}

static union field_value value_at(const ProtobufCFieldDescriptor *field, const void *member)
{
    union field_value v = {.text = NULL};

    if (field->type == PROTOBUF_C_TYPE_STRING)
        v.text = *(char *const *)member;
    else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        v.message = *(ProtobufCMessage *const *)member;
    else if (field->type == PROTOBUF_C_TYPE_BYTES)
        v.bytes = bytes_of_field(member);
    else if (field->type == PROTOBUF_C_TYPE_BOOL)
        v.flag = *(const protobuf_c_boolean *)member;
    else
        v.number = *(const int32_t *)member;
    return v;
}

static void parse_update_mask(const ProtobufCFieldDescriptor *field,
                              const ProtobufCMessage *request, struct rpc_ask *ask)
{
    const uint8_t *base = (const uint8_t *)request;

    ask->update_mask.n = *(const size_t *)(const void *)(base + field->quantifier_offset);
    ask->update_mask.at = *(char **const *)(const void *)(base + field->offset);
}

static void parse_field(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *request,
                        struct rpc_ask *ask, struct fault *fault)
{
    const uint8_t *base = (const uint8_t *)request;
    bool in_oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;

    if (strcmp(field->name, update_mask) == 0) {
        parse_update_mask(field, request, ask);
        return;
    }
    if (in_oneof && *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id)
        return;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (strcmp(fields[i].name, field->name) == 0)
            fields[i].parse(value_at(field, base + field->offset), ask, fault);
}

void parse_request(const struct rpc_method *method, const ProtobufCMessage *request,
                   struct rpc_ask *ask, struct fault *fault)
{
    const ProtobufCMessageDescriptor *type = request->descriptor;

    ask->purpose = ask->label = ask->page_token = "";
    for (unsigned i = 0; i < type->n_fields; i++)
        parse_field(&type->fields[i], request, ask, fault);
    if ((method->traits & RPC_FIRST_FACTOR) && !ask->password.p && !ask->step_token)
        fault_add(fault, "first_factor", "is required: password or step_token");
    if ((method->traits & RPC_SECOND_FACTOR) && ask->second.kind == OFFERED_NONE)
        fault_add(fault, "second_factor", "is required: code or recovery_code");
}

bool parse_is_org(const char *text, size_t n)
{
    static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

    if (n == 0 || n > ORG_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!text[i] || !strchr(legal, text[i]))
            return false;
    return true;
}

bool parse_is_request_id(const char *text)
{
    size_t n = 0;

    for (; text[n]; n++)
        if (text[n] < 0x20 || text[n] > 0x7e || n >= REQUEST_ID_MAX)
            return false;
    return n > 0;
}

bool parse_is_traceparent(const char *text)
{
    static const char shape[] = "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";

    if (strlen(text) != sizeof shape - 1)
        return false;
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == 'h' ? !strchr("0123456789abcdef", text[i]) : shape[i] != text[i])
            return false;
    return true;
}
