#include "seed_bus.h"

#include "interrupt.h"
#include "reflect.h"

#include <string.h>
#include <time.h>
#include <twofold/v1/error.pb-c.h>

enum { TRIES = 8, PAUSE_FIRST_MS = 50, PAGE_SIZE = 1000, PAGES_MAX = 1000000 };

static const ProtobufCServiceDescriptor *const service = &twofold__v1__admin__descriptor;

enum exit_code seed_connect(struct seed_run *run, const struct seed_org *org)
{
    twofold_client_close(run->cli->client);
    run->cli->client = NULL;
    run->cli->args.org = org->name;
    return session_open(run->cli);
}

/* Is it worth asking again, for what changes nothing or has an id? */
static bool is_passing(const struct twofold_error *error)
{
    if (error->status == TWOFOLD_REFUSED)
        return error->reason == TWOFOLD__V1__ERROR__REASON__EXHAUSTED ||
               error->reason == TWOFOLD__V1__ERROR__REASON__UNAVAILABLE;
    return error->status == TWOFOLD_EXHAUSTED || error->status == TWOFOLD_DISCONNECTED;
}

enum twofold_status seed_call(struct seed_run *run, const char *method,
                              const ProtobufCMessage *request, ProtobufCMessage **ret)
{
    struct cli *cli = run->cli;
    char id[TWOFOLD_REQUEST_ID_SIZE];
    struct twofold_call call = {
        .service = service, .method = method, .request = request, .request_id = id};
    enum twofold_status status;

    twofold_request_id(id);
    for (int i = 0;; i++) {
        status = twofold_client_call(cli->client, &call, ret, &cli->error);
        if (status == TWOFOLD_OK || i + 1 == TRIES || interrupted() || !is_passing(&cli->error))
            return status;
        nanosleep(&(struct timespec){.tv_sec = (PAUSE_FIRST_MS << i) / 1000,
                                     .tv_nsec = (PAUSE_FIRST_MS << i) % 1000 * 1000000L},
                  NULL);
    }
}

enum exit_code seed_call_failed(struct seed_run *run, const struct seed_org *org)
{
    progress_end(&run->progress);
    if (!run->cli->args.json)
        fprintf(stderr, "twofold: organization %s:\n", org->name);
    return output_error(run->cli);
}

static bool field_is(const ProtobufCFieldDescriptor *field, const Twofold__V1__Policy *is,
                     const Twofold__V1__Policy *to_be)
{
    const void *a = reflect_value(&is->base, field, 0), *b = reflect_value(&to_be->base, field, 0);

    if (field->type == PROTOBUF_C_TYPE_STRING)
        return strcmp(*(const char *const *)a, *(const char *const *)b) == 0;
    return *(const int32_t *)a == *(const int32_t *)b; /* an enum, a truth value, a number */
}

static bool policy_is(const struct seed_org *org, const Twofold__V1__Policy *is)
{
    for (size_t i = 0; i < org->n_mask; i++)
        if (!field_is(
                protobuf_c_message_descriptor_get_field_by_name(is->base.descriptor, org->mask[i]),
                is, &org->policy))
            return false;
    return true;
}

/* An organization that is not there has no users, and that is all there is to know of it. */
static enum exit_code look_at_policy(struct seed_run *run, struct seed_org *org)
{
    Twofold__V1__GetPolicyRequest request = TWOFOLD__V1__GET_POLICY_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    const Twofold__V1__Policy *is;

    if (seed_call(run, "GetPolicy", &request.base, &reply) != TWOFOLD_OK)
        return run->cli->error.reason == TWOFOLD__V1__ERROR__REASON__NOT_FOUND
                   ? EXIT_YES
                   : seed_call_failed(run, org);
    is = ((const Twofold__V1__GetPolicyReply *)reply)->policy;
    org->exists = true;
    org->policy_there = is && policy_is(org, is);
    twofold_reply_free(reply);
    return EXIT_YES;
}

static void take_page(struct seed_org *org, const Twofold__V1__ListUsersReply *page)
{
    for (size_t i = 0; i < page->n_users; i++) {
        struct seed_user *user = seed_plan_user(org, page->users[i]->username);

        org->strangers += !user;
        if (!user)
            continue;
        user->there = true;
        user->active = page->users[i]->state == TWOFOLD__V1__SECOND_FACTOR__STATE__ACTIVE;
    }
}

static enum exit_code look_at_users(struct seed_run *run, struct seed_org *org)
{
    Twofold__V1__ListUsersRequest request = TWOFOLD__V1__LIST_USERS_REQUEST__INIT;
    Twofold__V1__ListUsersReply *page = NULL;
    enum exit_code code = EXIT_YES;

    request.page_size = PAGE_SIZE;
    for (int i = 0; i < PAGES_MAX && (!page || page->next_page_token[0] != '\0'); i++) {
        ProtobufCMessage *reply = NULL;

        if (page)
            request.page_token = page->next_page_token;
        if (seed_call(run, "ListUsers", &request.base, &reply) != TWOFOLD_OK) {
            code = seed_call_failed(run, org);
            break;
        }
        twofold_reply_free((ProtobufCMessage *)page);
        page = (Twofold__V1__ListUsersReply *)reply;
        take_page(org, page);
    }
    twofold_reply_free((ProtobufCMessage *)page);
    return code;
}

enum exit_code seed_look(struct seed_run *run, struct seed_org *org)
{
    enum exit_code code = seed_connect(run, org);

    if (code == EXIT_YES)
        code = look_at_policy(run, org);
    if (code == EXIT_YES && org->exists)
        code = look_at_users(run, org);
    return code;
}
