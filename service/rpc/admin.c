/* Admin: users, policy, and help for the locked out. */
#include "core/odds.h"
#include "rpc/policy.h"
#include "rpc/token.h"

#include <string.h>
#include <twofold/v1/admin.pb-c.h>

static void tell(struct decision *d, enum audit_type type)
{
    audit_add(&d->facts, (struct audit_fact){.type = type, .outcome = AUDIT_SUCCESS});
}

/* --- Users --- */

enum err rpc_put_user(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct user *u = call->user;
    struct decision d = {.answer = ERR_OK};
    bool created = !u->exists;

    if (created) {
        u->exists = true;
        u->created_s = call_now_s(call);
    }
    user_set_password(u, call->job->hash.new_phc);
    lockout_reset(&u->password_lockout);
    user_credentials_changed(u);
    tell(&d, created ? AUDIT_USER_CREATED : AUDIT_PASSWORD_CHANGED);
    TRY(call_settle(call, &d));
    ((Twofold__V1__PutUserReply *)reply)->created = created;
    return ERR_OK;
}

enum err rpc_delete_user(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct decision d = {.answer = ERR_OK};

    (void)reply;
    tell(&d, AUDIT_USER_DELETED);
    return call_settle_erase(call, &d);
}

static enum err fill_users(struct rpc_call *call, const struct listed_user *users, size_t n,
                           Twofold__V1__ListUsersReply *out)
{
    out->users = arena_alloc(call->arena, (n + 1) * sizeof *out->users);
    if (!out->users)
        return ERR_EXHAUSTED;
    for (size_t i = 0; i < n; i++) {
        Twofold__V1__ListUsersReply__User *u = arena_alloc(call->arena, sizeof *u);

        if (!u)
            return ERR_EXHAUSTED;
        twofold__v1__list_users_reply__user__init(u);
        u->username = arena_text(call->arena, users[i].username, strlen(users[i].username));
        if (!u->username)
            return ERR_EXHAUSTED;
        u->state = (Twofold__V1__SecondFactor__State)users[i].state;
        out->users[out->n_users++] = u;
    }
    return ERR_OK;
}

/* One more than the page is asked for, to know whether there is a next one. */
enum err rpc_list_users(struct rpc_call *call, ProtobufCMessage *reply)
{
    Twofold__V1__ListUsersReply *out = (Twofold__V1__ListUsersReply *)reply;
    size_t page = (size_t)call->ask.page_size, n = 0;
    struct listed_user *users = arena_alloc(call->arena, (page + 1) * sizeof *users);
    const char *after = "", *next = NULL;

    if (!users)
        return ERR_EXHAUSTED;
    TRY(page_token_open(call, &after));
    TRY(call->env->store->ops->list_users(call->txn, call->org_name, after, call_now_s(call), users,
                                          page + 1, &n));
    TRY(fill_users(call, users, n > page ? page : n, out));
    if (n <= page)
        return ERR_OK;
    TRY(page_token_seal(call, users[page - 1].username, &next));
    out->next_page_token = arena_text(call->arena, next, strlen(next));
    return out->next_page_token ? ERR_OK : ERR_EXHAUSTED;
}

/* --- Help --- */

enum err rpc_reset_second_factor(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct decision d = {.answer = ERR_OK};

    reset_decide(call->user, &d);
    TRY(call_settle(call, &d));
    ((Twofold__V1__ResetSecondFactorReply *)reply)->state = call_factor_state(call);
    return ERR_OK;
}

enum err rpc_unlock(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct circumstances c = call_circumstances(call);
    struct decision d = {.answer = ERR_OK};

    unlock_decide(call->user, &c, &d);
    TRY(call_settle(call, &d));
    ((Twofold__V1__UnlockReply *)reply)->state = call_factor_state(call);
    return ERR_OK;
}

enum err rpc_issue_step_token(struct rpc_call *call, ProtobufCMessage *reply)
{
    Twofold__V1__IssueStepTokenReply *out = (Twofold__V1__IssueStepTokenReply *)reply;
    struct decision d = {.answer = ERR_OK};
    struct token_grant grant;
    const char *text = NULL;

    TRY(call_token_grant(call, &grant));
    issue_token_decide(call->user, &grant, &d);
    TRY(call_settle(call, &d));
    TRY(token_seal(call, grant.id, &text));
    out->step_token = arena_text(call->arena, text, strlen(text));
    out->expires_at = grant.expires_s;
    return out->step_token ? ERR_OK : ERR_EXHAUSTED;
}

/* --- Policy --- */

enum err rpc_get_policy(struct rpc_call *call, ProtobufCMessage *reply)
{
    Twofold__V1__GetPolicyReply *out = (Twofold__V1__GetPolicyReply *)reply;

    out->guess_probability = odds_of_a_guesser(&call->org.policy);
    return policy_fill(call, &call->org.policy, &out->policy);
}

enum err rpc_put_policy(struct rpc_call *call, ProtobufCMessage *reply)
{
    Twofold__V1__PutPolicyReply *out = (Twofold__V1__PutPolicyReply *)reply;
    struct decision d = {.answer = ERR_OK};

    TRY(policy_merge(call, &call->org.policy));
    call->org.exists = true;
    call->org.policy_version++;
    tell(&d, AUDIT_POLICY_CHANGED);
    TRY(call_settle_org(call, &d));
    out->guess_probability = odds_of_a_guesser(&call->org.policy);
    return policy_fill(call, &call->org.policy, &out->policy);
}
