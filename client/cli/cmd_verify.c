#include "factor.h"

#include <twofold/v1/verification.pb-c.h>

enum exit_code cmd_verify(struct cli *cli)
{
    Twofold__V1__VerifyRequest request;
    auto_typed code = {0};

    twofold__v1__verify_request__init(&request);
    if (!factor_prompt(cli, "Code", &code))
        return EXIT_WRONG_USAGE;
    request.username = cli->args.operands[0];
    if (cli->args.purpose)
        request.purpose = cli->args.purpose;
    factor_offer(cli, &request.base, &code);
    return session_show(
        cli, &(struct ask){&twofold__v1__verification__descriptor, "Verify", &request.base});
}
