#include "support/steps.h"

#include "core/base32.h"
#include "rpc/route.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int set_up(void **state)
{
    struct service *s = calloc(1, sizeof *s);

    assert_non_null(s);
    service_start(s);
    *state = s;
    return 0;
}

int tear_down(void **state)
{
    service_stop(*state);
    free(*state);
    return 0;
}

/* --- Asking --- */

static const ProtobufCMessageDescriptor *request_type(struct service *s, const char *method)
{
    const struct routes *routes = dispatcher_routes(s->dispatcher);
    char verb[2 * ROUTE_TOKEN_MAX + 2];

    for (size_t i = 0; i < routes->n; i++) {
        snprintf(verb, sizeof verb, "%s.%s", routes->at[i].service, routes->at[i].name);
        if (strcmp(verb, method) == 0)
            return routes->at[i].descriptor->input;
    }
    fail_msg("no method %s", method);
    return NULL;
}

/* One more text of a repeated field; a request has one such field at most. */
static void put_text(uint8_t *base, const ProtobufCFieldDescriptor *field, const char *value)
{
    static const char *texts[64];
    size_t *n = (size_t *)(void *)(base + field->quantifier_offset);

    assert_true(*n < 64);
    texts[(*n)++] = value;
    *(const char ***)(void *)(base + field->offset) = texts;
}

static void put_field(ProtobufCMessage *m, const struct field *f)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(m->descriptor, f->name);
    uint8_t *base = (uint8_t *)m;

    if (!field)
        fail_msg("%s has no field %s", m->descriptor->name, f->name);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        *(uint32_t *)(void *)(base + field->quantifier_offset) = field->id;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        put_text(base, field, f->value);
    else if (field->type == PROTOBUF_C_TYPE_BOOL)
        *(protobuf_c_boolean *)(void *)(base + field->offset) = strcmp(f->value, "true") == 0;
    else if (field->type == PROTOBUF_C_TYPE_INT32)
        *(int32_t *)(void *)(base + field->offset) = (int32_t)strtol(f->value, NULL, 10);
    else
        *(const char **)(void *)(base + field->offset) = f->value;
}

uint8_t *pack(struct service *s, const char *method, const struct field *fields, size_t *ret_n)
{
    const ProtobufCMessageDescriptor *type = request_type(s, method);
    ProtobufCMessage *m = calloc(1, type->sizeof_message);
    uint8_t *packed;

    assert_non_null(m);
    protobuf_c_message_init(type, m);
    for (; fields->name; fields++)
        if (fields->value)
            put_field(m, fields);
    *ret_n = protobuf_c_message_get_packed_size(m);
    packed = malloc(*ret_n + 1);
    assert_non_null(packed);
    protobuf_c_message_pack(m, packed);
    free(m);
    return packed;
}

/* --- Reading the answer --- */

static const uint8_t *member(const ProtobufCMessage *m, const char *name,
                             const ProtobufCFieldDescriptor **ret_field)
{
    *ret_field = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);
    return *ret_field ? (const uint8_t *)m + (*ret_field)->offset : NULL;
}

static const char *text_of(const ProtobufCMessage *m, const char *name)
{
    const ProtobufCFieldDescriptor *field;
    const uint8_t *at = member(m, name, &field);

    return at ? *(const char *const *)(const void *)at : "";
}

static int64_t number_of(const ProtobufCMessage *m, const char *name)
{
    const ProtobufCFieldDescriptor *field;
    const uint8_t *at = member(m, name, &field);

    if (!at)
        return 0;
    return field->type == PROTOBUF_C_TYPE_INT64 ? *(const int64_t *)(const void *)at
                                                : *(const int32_t *)(const void *)at;
}

static size_t list_of(const ProtobufCMessage *m, const char *name, char ***ret)
{
    const ProtobufCFieldDescriptor *field;
    const uint8_t *at = member(m, name, &field);

    if (!at)
        return 0;
    *ret = *(char **const *)(const void *)at;
    return *(const size_t *)(const void *)((const uint8_t *)m + field->quantifier_offset);
}

static void read_app(const ProtobufCMessage *m, struct app_authenticator *ret)
{
    const char *secret = text_of(m, "secret"), *algorithm = text_of(m, "algorithm");

    if (!*secret)
        return;
    assert_int_equal(base32_decode(secret, strlen(secret), &ret->key), ERR_OK);
    ret->otp.digits = (unsigned)number_of(m, "digits");
    ret->otp.period_s = (unsigned)number_of(m, "period");
    ret->otp.algorithm = strcmp(algorithm, "SHA1") == 0     ? MAC_SHA1
                         : strcmp(algorithm, "SHA256") == 0 ? MAC_SHA256
                                                            : MAC_SHA512;
}

static void read_lists(const ProtobufCMessage *m, struct told *t)
{
    char **items = NULL;
    size_t n = list_of(m, "amr", &items);

    for (size_t i = 0; i < n; i++)
        snprintf(t->amr + strlen(t->amr), sizeof t->amr - strlen(t->amr), "%s%s", i ? " " : "",
                 items[i]);
    t->n_authenticators = list_of(m, "authenticators", &items);
    t->n_codes = list_of(m, "recovery_codes", &items);
    for (size_t i = 0; i < t->n_codes; i++)
        snprintf(t->codes[i], sizeof t->codes[i], "%s", items[i]);
}

static void read_reply(const ProtobufCMessage *m, struct told *t)
{
    t->outcome = (int)number_of(m, "outcome");
    t->state = (int)number_of(m, "state");
    t->method = (int)number_of(m, "method");
    t->expires_at = number_of(m, "expires_at");
    t->recovery_left = (int32_t)number_of(m, "recovery_codes_left");
    t->retry_after_s = number_of(m, "retry_after_seconds");
    snprintf(t->auth_type, sizeof t->auth_type, "%s", text_of(m, "auth_type"));
    snprintf(t->token, sizeof t->token, "%s", text_of(m, "step_token"));
    read_lists(m, t);
    read_app(m, &t->app);
}

static void read_error(const Twofold__V1__Error *e, struct told *t)
{
    t->retry_after_s = e->retry_after_seconds;
    t->attempts_left = e->attempts_left;
    if (e->n_violations)
        snprintf(t->field, sizeof t->field, "%s", e->violations[0]->field);
}

struct answer ask_raw(struct service *s, const char *method, const struct field *fields)
{
    char subject[256];
    struct answer a;
    size_t n;
    uint8_t *packed = pack(s, method, fields, &n);

    snprintf(subject, sizeof subject, "twofold.v1.%s.%s", s->org ? s->org : "default", method);
    a = service_send(s, subject, (struct bytes){.p = packed, .n = n});
    free(packed);
    return a;
}

struct told ask(struct service *s, const char *method, const struct field *fields)
{
    struct answer a = ask_raw(s, method, fields);
    struct told t = {.err = a.err};

    if (a.reply)
        read_reply(a.reply, &t);
    else
        read_error(a.error, &t);
    answer_free(&a);
    return t;
}

struct told expect_at(enum err want, struct told told, const char *file, int line)
{
    if (told.err != want) {
        print_error("answered %s instead of %s\n", err_name(told.err), err_name(want));
        _fail(file, line);
    }
    return told;
}

void set_policy(struct service *s, const char *field, int32_t value)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field_by_name(&twofold__v1__policy__descriptor, field);
    Twofold__V1__Policy policy;

    twofold__v1__policy__init(&policy);
    assert_non_null(f);
    *(int32_t *)(void *)((uint8_t *)&policy + f->offset) = value;
    service_policy(s, &policy, field);
}

/* --- The verbs that take a second factor --- */

const struct verb verbs[] = {
    {"verification.verify", TAKES_NAME | TAKES_RECOVERY},
    {"login.login", TAKES_NAME | TAKES_PASSWORD | TAKES_RECOVERY},
    {"login.login", TAKES_NAME | TAKES_TOKEN | TAKES_RECOVERY},
    {"enrollment.begin", TAKES_TOKEN | TAKES_RECOVERY},
    {"enrollment.disable", TAKES_TOKEN | TAKES_RECOVERY},
    {"enrollment.regenerate_recovery_codes", TAKES_TOKEN},
};
const size_t n_verbs = ARRAY_LEN(verbs);

struct told offer(struct service *s, const struct verb *verb, const char *username,
                  struct field second)
{
    char *token = verb->takes & TAKES_TOKEN ? service_issue(s, username) : NULL;
    struct told t = ASK(s, verb->method, {"username", verb->takes & TAKES_NAME ? username : NULL},
                        {"password", verb->takes & TAKES_PASSWORD ? PASSWORD : NULL},
                        {"step_token", token}, second);

    free(token);
    return t;
}

/* --- Steps --- */

struct told begin(struct service *s, const char *username, struct field second)
{
    char *token = service_issue(s, username);
    struct told t = ASK(s, "enrollment.begin", {"step_token", token}, second);

    snprintf(t.token, sizeof t.token, "%s", token);
    free(token);
    return t;
}

struct told confirm(struct service *s, const struct told *begun, bool activate)
{
    char code[OTP_DIGITS_MAX + 1];

    return ASK(s, "enrollment.confirm", {"step_token", begun->token},
               {"code", app_code(&begun->app, s, 0, code)}, {"activate", activate ? "true" : NULL});
}

struct told status(struct service *s, const char *username)
{
    return EXPECT(ERR_OK, ASK(s, "verification.get_status", {"username", username}));
}

struct told guess(struct service *s, const char *username, const struct enrolled *e)
{
    char code[OTP_DIGITS_MAX + 1];

    return ASK(s, "verification.verify", {"username", username},
               {"code", app_wrong_code(&e->app, s, code)});
}

void fail_codes(struct service *s, const char *username, const struct enrolled *e, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct told t = EXPECT(ERR_CODE_REJECTED, guess(s, username, e));

        service_advance(s, t.retry_after_s);
    }
}

bool token_lives(struct service *s, const char *token)
{
    enum err err = ASK(s, "enrollment.complete", {"step_token", token}).err;

    assert_true(err == ERR_CONFLICT || err == ERR_INVALID_TOKEN);
    return err == ERR_CONFLICT;
}

void denied_as_replay(struct service *s, const char *username, const char *code)
{
    assert_int_equal(service_verify(s, username, code), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(REPLAYED));
}

void import_second(struct service *s, const char *username)
{
    set_policy(s, "max_authenticators", 2);
    EXPECT(ERR_OK, ASK(s, "admin.import_authenticator", {"username", username},
                       {"otpauth_uri", "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY"}));
}
