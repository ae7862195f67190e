#include "cli.h"

#include "prompt.h"

#include <string.h>
#include <twofold/v1/admin.pb-c.h>

enum { PAGES_MAX = 1000000 };

static const ProtobufCServiceDescriptor *const service = &twofold__v1__admin__descriptor;

/* On a terminal twice: nobody sees what is typed. */
static bool prompt_new_password(struct typed *ret)
{
    auto_typed again = {0};

    if (!prompt_secret("New password", ret))
        return false;
    if (!prompt_interactive())
        return true;
    if (!prompt_secret("New password again", &again))
        return false;
    if (strcmp(ret->text, again.text) == 0)
        return true;
    fputs("twofold: the two passwords differ\n", stderr);
    return false;
}

enum exit_code cmd_user_put(struct cli *cli)
{
    Twofold__V1__PutUserRequest request;
    auto_typed password = {0};

    twofold__v1__put_user_request__init(&request);
    if (!prompt_new_password(&password))
        return EXIT_WRONG_USAGE;
    request.username = cli->args.operands[0];
    request.password = password.text;
    return session_show(cli, &(struct ask){service, "PutUser", &request.base});
}

enum exit_code cmd_user_delete(struct cli *cli)
{
    Twofold__V1__DeleteUserRequest request;
    ProtobufCMessage *reply = NULL;
    enum exit_code code;

    twofold__v1__delete_user_request__init(&request);
    request.username = cli->args.operands[0];
    code = session_call(cli, &(struct ask){service, "DeleteUser", &request.base}, &reply);
    if (code == EXIT_YES && !cli->args.json) /* the reply has no fields to show */
        puts("deleted: true");
    twofold_reply_free(reply);
    return code;
}

static void print_users(const Twofold__V1__ListUsersReply *page)
{
    for (size_t i = 0; i < page->n_users; i++) {
        const ProtobufCEnumValue *state = protobuf_c_enum_descriptor_get_value(
            &twofold__v1__second_factor__state__descriptor, (int)page->users[i]->state);

        output_text(stdout, page->users[i]->username);
        printf("\t%s\n", state ? state->name : "(unknown)");
    }
}

/* Asks for the page that PREVIOUS names, or the first. */
static enum exit_code next_page(struct cli *cli, Twofold__V1__ListUsersReply *previous,
                                Twofold__V1__ListUsersReply **ret)
{
    Twofold__V1__ListUsersRequest request;
    ProtobufCMessage *reply = NULL;
    enum exit_code code;

    twofold__v1__list_users_request__init(&request);
    if (previous)
        request.page_token = previous->next_page_token;
    code = session_call(cli, &(struct ask){service, "ListUsers", &request.base}, &reply);
    if (code == EXIT_YES)
        *ret = (Twofold__V1__ListUsersReply *)reply;
    return code;
}

enum exit_code cmd_user_list(struct cli *cli)
{
    Twofold__V1__ListUsersReply *page = NULL, *next = NULL;
    enum exit_code code = EXIT_YES;

    for (int i = 0; i < PAGES_MAX; i++) {
        if (page && page->next_page_token[0] == '\0')
            break;
        code = next_page(cli, page, &next);
        if (code != EXIT_YES)
            break;
        if (!cli->args.json)
            print_users(next);
        twofold_reply_free((ProtobufCMessage *)page);
        page = STEAL(next);
    }
    twofold_reply_free((ProtobufCMessage *)page);
    return code;
}
