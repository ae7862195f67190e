#include "rpc/parse.h"

#include "core/base32.h"
#include "crypto/phc.h"

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

    ask->has_otpauth = true;
    if (!*v.text)
        fault_add(fault, "otpauth_uri", "is required");
    else if (otpauth_parse(v.text, strlen(v.text), &ask->otpauth, &rule) != ERR_OK)
        fault_add(fault, "otpauth_uri", rule);
}

static void parse_password_hash(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    auto_phc phc = {0};

    ask->password_hash = v.text;
    if (*v.text && !phc_parse(v.text, &phc))
        fault_add(fault, "password_hash",
                  "must be $scrypt$ln=14,r=8,p=5$SALT$HASH with at most 1 GiB of memory, a salt of "
                  "16 and a hash of 32 bytes in base64 without padding; or empty");
}

static void parse_policy(union field_value v, struct rpc_ask *ask, struct fault *fault)
{
    (void)fault; /* judged when it is merged: rpc/policy.c */
    ask->policy = v.message;
}

/* What is to be done with a field: PARSE it, or take the texts of a repeated one as they are, into
 * the struct rpc_texts at TEXTS of struct rpc_ask. Those are judged where they are used:
 * rpc/policy.c, rpc/import.c. */
struct field_parser {
    const char *name;
    parse_fn *parse;
    size_t texts;
};

static const struct field_parser fields[] = {
    {"username", parse_username, 0},
    {"password", parse_password, 0},
    {"step_token", parse_step_token, 0},
    {"code", parse_code, 0},
    {"recovery_code", parse_recovery_code, 0},
    {"label", parse_label, 0},
    {"purpose", parse_purpose, 0},
    {"secret", parse_secret, 0},
    {"activate", parse_activate, 0},
    {"page_size", parse_page_size, 0},
    {"page_token", parse_page_token, 0},
    {"otpauth_uri", parse_otpauth_uri, 0},
    {"password_hash", parse_password_hash, 0},
    {"policy", parse_policy, 0},
    {"nonce", parse_nonce, 0},
    {"update_mask", NULL, offsetof(struct rpc_ask, update_mask)},
    {"otpauth_uris", NULL, offsetof(struct rpc_ask, otpauth_uris)},
};

static const struct field_parser *parser_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

bool parse_knows_field(const char *name)
{
    return parser_of(name) != NULL;
}

enum err parse_plan_make(const struct rpc_method *method, const ProtobufCMessageDescriptor *request,
                         struct parse_plan *ret)
{
    struct parse_plan plan = {.method = method, .request = request};

    if (request->n_fields > PARSE_FIELDS_MAX)
        return ERR_INTERNAL;
    for (unsigned i = 0; i < request->n_fields; i++) {
        plan.at[i] = parser_of(request->fields[i].name);
        if (!plan.at[i])
            return ERR_INTERNAL;
    }
    *ret = plan;
    return ERR_OK;
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

static void take_texts(const ProtobufCFieldDescriptor *field, const uint8_t *message,
                       struct rpc_texts *ret)
{
    ret->n = *(const size_t *)(const void *)(message + field->quantifier_offset);
    ret->at = *(char **const *)(const void *)(message + field->offset);
}

/* Is this the member of its oneof that is there? */
static bool is_chosen(const ProtobufCFieldDescriptor *field, const uint8_t *message)
{
    return !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
           *(const uint32_t *)(const void *)(message + field->quantifier_offset) == field->id;
}

static void parse_field(const struct field_parser *parser, const ProtobufCFieldDescriptor *field,
                        const uint8_t *message, struct rpc_call *call)
{
    if (!parser->parse)
        take_texts(field, message, (void *)((uint8_t *)&call->ask + parser->texts));
    else if (is_chosen(field, message))
        parser->parse(value_at(field, message + field->offset), &call->ask, &call->fault);
}

void parse_request(const struct parse_plan *plan, const ProtobufCMessage *request,
                   struct rpc_call *call)
{
    unsigned traits = plan->method->traits;
    struct rpc_ask *ask = &call->ask;

    ask->purpose = ask->label = ask->page_token = "";
    for (unsigned i = 0; i < plan->request->n_fields; i++)
        parse_field(plan->at[i], &plan->request->fields[i], (const uint8_t *)request, call);
    if ((traits & RPC_FIRST_FACTOR) && !ask->password.p && !ask->step_token)
        fault_add(&call->fault, "first_factor", "is required: password or step_token");
    if ((traits & RPC_SECOND_FACTOR) && ask->second.kind == OFFERED_NONE)
        fault_add(&call->fault, "second_factor", "is required: code or recovery_code");
}

static bool is_org_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

bool parse_is_org(const char *text, size_t n)
{
    if (n == 0 || n > ORG_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_org_character(text[i]))
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
