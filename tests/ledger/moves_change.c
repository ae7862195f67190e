#include "asking.h"
#include "moves.h"

#include "core/base32.h"

#include <string.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>

enum { KEY_BYTES = 20, PASSWORD_BYTES = 32, URI_BYTES = 256 };

/* Asks and writes it down; the reply when the answer is OK, else NULL. */
static ProtobufCMessage *change(struct player *p, const ProtobufCServiceDescriptor *service,
                                const ProtobufCMessage *request, struct entry *e)
{
    struct twofold_call call = {.service = service, .method = e->method, .request = request};
    ProtobufCMessage *reply = asking(p->client, &call, e, gives_up(p));

    book_write(p->book, e);
    p->asked++;
    return reply;
}

static bool changed(ProtobufCMessage *reply)
{
    twofold_reply_free(reply);
    return reply != NULL;
}

static ProtobufCMessage *admin(struct player *p, struct entry *e, const ProtobufCMessage *request)
{
    return change(p, &twofold__v1__admin__descriptor, request, e);
}

static struct entry admin_entry(struct player *p, struct played_user *u, const char *method)
{
    struct entry e = entry_about(p, u, "admin");

    e.method = method;
    return e;
}

/* A new password each time: kept answers are found by content too. */
static bool put_user(struct player *p, struct played_user *u)
{
    Twofold__V1__PutUserRequest request = TWOFOLD__V1__PUT_USER_REQUEST__INIT;
    struct entry e = admin_entry(p, u, "PutUser");
    char password[PASSWORD_BYTES];

    snprintf(password, sizeof password, "%020llu",
             (unsigned long long)dice_roll(&p->dice, UINT64_MAX));
    request.username = u->name;
    request.password = password;
    e.kind = u->state == ABSENT ? "create" : "password";
    return changed(admin(p, &e, &request.base));
}

void change_create(struct player *p, struct played_user *u)
{
    u->state = put_user(p, u) ? BARE : DOUBTFUL;
}

void change_password(struct player *p, struct played_user *u)
{
    (void)put_user(p, u);
}

void change_delete(struct player *p, struct played_user *u)
{
    Twofold__V1__DeleteUserRequest request = TWOFOLD__V1__DELETE_USER_REQUEST__INIT;
    struct entry e = admin_entry(p, u, "DeleteUser");

    request.username = u->name;
    e.kind = u->state == DOUBTFUL ? "delete_doubtful" : "delete";
    if (changed(admin(p, &e, &request.base)) || strcmp(e.answer, "NOT_FOUND") == 0)
        u->state = ABSENT;
    else
        u->state = DOUBTFUL;
}

static void ready(struct played_user *u)
{
    u->state = READY;
    u->spent_step = 0;
    u->accepted_step = 0;
    u->locked = false;
}

void change_import(struct player *p, struct played_user *u)
{
    Twofold__V1__ImportAuthenticatorRequest request =
        TWOFOLD__V1__IMPORT_AUTHENTICATOR_REQUEST__INIT;
    char uri[URI_BYTES], secret[BASE32_CHARS(KEY_BYTES) + 1];
    struct entry e;

    u->set++;
    u->n_recovery = u->n_spent = 0;
    u->key.n = KEY_BYTES;
    for (unsigned i = 0; i < KEY_BYTES; i++)
        u->key.bytes[i] = (uint8_t)dice_roll(&p->dice, 256);
    base32_encode((struct bytes){.p = u->key.bytes, .n = KEY_BYTES}, secret);
    snprintf(uri, sizeof uri, "otpauth://totp/X:%s?secret=%s&issuer=X", u->name, secret);
    request.username = u->name;
    request.otpauth_uri = uri;
    e = admin_entry(p, u, "ImportAuthenticator");
    if (changed(admin(p, &e, &request.base)))
        ready(u);
    else
        u->state = DOUBTFUL;
}

static bool get_token(struct player *p, struct played_user *u, char *ret, size_t n)
{
    Twofold__V1__IssueStepTokenRequest request = TWOFOLD__V1__ISSUE_STEP_TOKEN_REQUEST__INIT;
    struct entry e = admin_entry(p, u, "IssueStepToken");
    ProtobufCMessage *reply;

    request.username = u->name;
    reply = admin(p, &e, &request.base);
    if (reply)
        snprintf(ret, n, "%s", ((Twofold__V1__IssueStepTokenReply *)reply)->step_token);
    return changed(reply);
}

static bool begin(struct player *p, struct played_user *u, char *token)
{
    Twofold__V1__BeginRequest request = TWOFOLD__V1__BEGIN_REQUEST__INIT;
    struct entry e = entry_about(p, u, "enroll");
    ProtobufCMessage *reply;

    e.method = "Begin";
    request.step_token = token;
    reply = change(p, &twofold__v1__enrollment__descriptor, &request.base, &e);
    if (!reply)
        return false;
    if (base32_decode(((Twofold__V1__BeginReply *)reply)->secret,
                      strlen(((Twofold__V1__BeginReply *)reply)->secret), &u->key) != ERR_OK)
        u->key.n = 0;
    twofold_reply_free(reply);
    return u->key.n > 0;
}

static bool confirm(struct player *p, struct played_user *u, char *token)
{
    Twofold__V1__ConfirmRequest request = TWOFOLD__V1__CONFIRM_REQUEST__INIT;
    struct entry e = entry_about(p, u, "enroll");
    const Twofold__V1__ConfirmReply *reply;
    char code[CODE_BYTES];

    e.method = "Confirm";
    e.step = step_of_now();
    if (!code_of(&u->key, e.step, code))
        return false;
    request.step_token = token;
    request.code = code;
    request.activate = true;
    reply = (const Twofold__V1__ConfirmReply *)change(p, &twofold__v1__enrollment__descriptor,
                                                      &request.base, &e);
    if (!reply)
        return false;
    ready(u);
    u->spent_step = u->accepted_step = e.step;
    for (; u->n_recovery < reply->n_recovery_codes && u->n_recovery < RECOVERY_MAX; u->n_recovery++)
        snprintf(u->recovery[u->n_recovery], RECOVERY_TEXT_MAX, "%s",
                 reply->recovery_codes[u->n_recovery]);
    twofold_reply_free((ProtobufCMessage *)(uintptr_t)reply);
    return true;
}

void change_enroll(struct player *p, struct played_user *u)
{
    char token[1024];

    u->set++;
    u->n_recovery = u->n_spent = 0;
    if (!get_token(p, u, token, sizeof token) || !begin(p, u, token) || !confirm(p, u, token))
        u->state = DOUBTFUL;
}

void change_reset(struct player *p, struct played_user *u)
{
    Twofold__V1__ResetSecondFactorRequest request = TWOFOLD__V1__RESET_SECOND_FACTOR_REQUEST__INIT;
    struct entry e = admin_entry(p, u, "ResetSecondFactor");

    request.username = u->name;
    u->state = changed(admin(p, &e, &request.base)) ? BARE : DOUBTFUL;
}

void change_unlock(struct player *p, struct played_user *u)
{
    Twofold__V1__UnlockRequest request = TWOFOLD__V1__UNLOCK_REQUEST__INIT;
    struct entry e = admin_entry(p, u, "Unlock");

    request.username = u->name;
    if (changed(admin(p, &e, &request.base)))
        u->locked = false;
}

void change_token(struct player *p, struct played_user *u)
{
    char token[1024];

    (void)get_token(p, u, token, sizeof token);
}

/* Nothing that matters here, and something else each time. */
void change_policy(struct player *p, struct played_user *u)
{
    Twofold__V1__PutPolicyRequest request = TWOFOLD__V1__PUT_POLICY_REQUEST__INIT;
    Twofold__V1__Policy policy = TWOFOLD__V1__POLICY__INIT;
    struct entry e = admin_entry(p, NULL, "PutPolicy");
    char issuer[16];

    if (!p->sets_policy) {
        verify_right(p, u);
        return;
    }
    snprintf(issuer, sizeof issuer, "issuer%u", (unsigned)dice_roll(&p->dice, 1000000));
    policy.issuer = issuer;
    request.policy = &policy;
    (void)changed(admin(p, &e, &request.base));
}
