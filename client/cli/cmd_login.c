#include "factor.h"

#include <string.h>
#include <twofold/v1/login.pb-c.h>

static enum exit_code try_login(struct cli *cli, Twofold__V1__LoginRequest *request,
                                Twofold__V1__LoginReply **ret)
{
    ProtobufCMessage *reply = NULL;
    struct ask ask = {&twofold__v1__login__descriptor, "Login", &request->base};
    enum exit_code code;

    request->username = cli->args.operands[0];
    code = session_call(cli, &ask, &reply);
    if (code == EXIT_YES)
        *ret = (Twofold__V1__LoginReply *)reply;
    return code;
}

static enum exit_code with_password(struct cli *cli, Twofold__V1__LoginReply **ret)
{
    Twofold__V1__LoginRequest request;
    auto_typed password = {0};
    auto_typed second = {0};

    twofold__v1__login_request__init(&request);
    if (!prompt_secret("Password", &password))
        return EXIT_WRONG_USAGE;
    request.first_factor_case = TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_PASSWORD;
    request.password = password.text;
    if (cli->args.code || cli->args.recovery) {
        if (!factor_prompt(cli, "Code", &second))
            return EXIT_WRONG_USAGE;
        factor_offer(cli, &request.base, &second);
    }
    return try_login(cli, &request, ret);
}

static enum exit_code with_token(struct cli *cli, char *token, Twofold__V1__LoginReply **ret)
{
    Twofold__V1__LoginRequest request;
    auto_typed second = {0};

    twofold__v1__login_request__init(&request);
    if (!factor_prompt(cli, "Code", &second))
        return EXIT_WRONG_USAGE;
    request.first_factor_case = TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_STEP_TOKEN;
    request.step_token = token;
    factor_offer(cli, &request.base, &second);
    return try_login(cli, &request, ret);
}

static void show(const Twofold__V1__LoginReply *reply)
{
    const ProtobufCEnumValue *outcome = protobuf_c_enum_descriptor_get_value(
        &twofold__v1__login_reply__outcome__descriptor, (int)reply->outcome);

    printf("outcome: %s\n", outcome ? outcome->name : "(unknown)");
    for (size_t i = 0; i < reply->n_amr; i++) {
        fputs("amr: ", stdout);
        output_text(stdout, reply->amr[i]);
        fputc('\n', stdout);
    }
    printf("recovery_codes_left: %d\n", (int)reply->recovery_codes_left);
}

/* Only AUTHENTICATED is a yes, also when a newer service knows outcomes that this tool does not. */
static enum exit_code conclude(const struct cli *cli, const Twofold__V1__LoginReply *reply)
{
    if (!cli->args.json)
        show(reply);
    if (reply->outcome == TWOFOLD__V1__LOGIN_REPLY__OUTCOME__AUTHENTICATED)
        return EXIT_YES;
    if (reply->outcome == TWOFOLD__V1__LOGIN_REPLY__OUTCOME__ENROLLMENT_REQUIRED)
        fputs("twofold: the policy wants a second factor first: twofold enroll USER\n", stderr);
    return EXIT_DENIED;
}

enum exit_code cmd_login(struct cli *cli)
{
    Twofold__V1__LoginReply *reply = NULL, *first = NULL;
    enum exit_code code = with_password(cli, &reply);

    if (code == EXIT_YES && reply->outcome == TWOFOLD__V1__LOGIN_REPLY__OUTCOME__CODE_REQUIRED) {
        first = STEAL(reply);
        code = with_token(cli, first->step_token, &reply);
    }
    if (code == EXIT_YES)
        code = conclude(cli, reply);
    twofold_reply_free((ProtobufCMessage *)first);
    twofold_reply_free((ProtobufCMessage *)reply);
    return code;
}
