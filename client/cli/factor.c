#include "factor.h"

#include "reflect.h"

#include <string.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/login.pb-c.h>

static bool keep_token(const char *token, struct typed *ret)
{
    size_t n = strlen(token);

    if (n >= sizeof ret->text)
        return false;
    memcpy(ret->text, token, n + 1);
    return true;
}

static enum exit_code too_long(struct cli *cli)
{
    cli->error = (struct twofold_error){.status = TWOFOLD_PROTOCOL,
                                        .message = "the service's step token is too long"};
    return output_error(cli);
}

static enum exit_code issue(struct cli *cli, char *user, struct typed *ret)
{
    Twofold__V1__IssueStepTokenRequest request;
    ProtobufCMessage *reply = NULL;
    enum exit_code code;

    twofold__v1__issue_step_token_request__init(&request);
    request.username = user;
    code = session_call(
        cli, &(struct ask){&twofold__v1__admin__descriptor, "IssueStepToken", &request.base},
        &reply);
    if (code == EXIT_YES &&
        !keep_token(((Twofold__V1__IssueStepTokenReply *)reply)->step_token, ret))
        code = too_long(cli);
    twofold_reply_free(reply);
    return code;
}

static enum exit_code confirm_password(struct cli *cli, char *user, struct typed *ret)
{
    Twofold__V1__ConfirmPasswordRequest request;
    ProtobufCMessage *reply = NULL;
    auto_typed password = {0};
    enum exit_code code;

    twofold__v1__confirm_password_request__init(&request);
    if (!prompt_secret("Password", &password))
        return EXIT_WRONG_USAGE;
    request.username = user;
    request.password = password.text;
    code = session_call(
        cli, &(struct ask){&twofold__v1__login__descriptor, "ConfirmPassword", &request.base},
        &reply);
    if (code == EXIT_YES &&
        !keep_token(((Twofold__V1__ConfirmPasswordReply *)reply)->step_token, ret))
        code = too_long(cli);
    twofold_reply_free(reply);
    return code;
}

enum exit_code factor_obtain_token(struct cli *cli, struct typed *ret_token)
{
    char *user = cli->args.operands[0];

    return cli->args.issued ? issue(cli, user, ret_token) : confirm_password(cli, user, ret_token);
}

static void drop_blanks(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++)
        if (*from != ' ' && *from != '\t')
            *to++ = *from;
    *to = '\0';
}

bool factor_prompt_code(const char *label, struct typed *ret_typed)
{
    if (!prompt_secret(label, ret_typed))
        return false;
    drop_blanks(ret_typed->text);
    return true;
}

bool factor_prompt(const struct cli *cli, const char *label, struct typed *ret_typed)
{
    return cli->args.recovery ? prompt_secret("Recovery code", ret_typed)
                              : factor_prompt_code(label, ret_typed);
}

void factor_offer(const struct cli *cli, ProtobufCMessage *request, struct typed *typed)
{
    reflect_set_text(request, cli->args.recovery ? "recovery_code" : "code", typed->text);
}

void factor_print_recovery_codes(const struct cli *cli, char *const *codes, size_t n)
{
    if (cli->args.json || n == 0)
        return;
    puts("Recovery codes. Each works once, in place of a code; they are not shown again:");
    for (size_t i = 0; i < n; i++) {
        fputs("  ", stdout);
        output_text(stdout, codes[i]);
        fputc('\n', stdout);
    }
}
