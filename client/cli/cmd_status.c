#include "cli.h"

#include <twofold/v1/verification.pb-c.h>

enum exit_code cmd_status(struct cli *cli)
{
    Twofold__V1__GetStatusRequest request;

    twofold__v1__get_status_request__init(&request);
    request.username = cli->args.operands[0];
    return session_show(
        cli, &(struct ask){&twofold__v1__verification__descriptor, "GetStatus", &request.base});
}
