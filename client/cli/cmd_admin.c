/* Help for one user: the locked out, the lost phone, whoever proved a first factor elsewhere. */
#include "cli.h"

#include <twofold/v1/admin.pb-c.h>

static const ProtobufCServiceDescriptor *const service = &twofold__v1__admin__descriptor;

enum exit_code cmd_unlock(struct cli *cli)
{
    Twofold__V1__UnlockRequest request;

    twofold__v1__unlock_request__init(&request);
    request.username = cli->args.operands[0];
    return session_show(cli, &(struct ask){service, "Unlock", &request.base});
}

enum exit_code cmd_reset(struct cli *cli)
{
    Twofold__V1__ResetSecondFactorRequest request;

    twofold__v1__reset_second_factor_request__init(&request);
    request.username = cli->args.operands[0];
    return session_show(cli, &(struct ask){service, "ResetSecondFactor", &request.base});
}

enum exit_code cmd_token(struct cli *cli)
{
    Twofold__V1__IssueStepTokenRequest request;

    twofold__v1__issue_step_token_request__init(&request);
    request.username = cli->args.operands[0];
    return session_show(cli, &(struct ask){service, "IssueStepToken", &request.base});
}
