/* Changes to a factor that is active: switching it off, replacing its recovery codes. */
#include "factor.h"

#include <twofold/v1/enrollment.pb-c.h>

enum exit_code cmd_disable(struct cli *cli)
{
    Twofold__V1__DisableRequest request;
    auto_typed token = {0};
    auto_typed second = {0};
    enum exit_code code = factor_obtain_token(cli, &token);

    twofold__v1__disable_request__init(&request);
    if (code != EXIT_YES)
        return code;
    if (!factor_prompt(cli, "Code", &second))
        return EXIT_WRONG_USAGE;
    request.step_token = token.text;
    if (second.text[0] != '\0') /* a policy may want none */
        factor_offer(cli, &request.base, &second);
    return session_show(
        cli, &(struct ask){&twofold__v1__enrollment__descriptor, "Disable", &request.base});
}

enum exit_code cmd_recovery(struct cli *cli)
{
    Twofold__V1__RegenerateRecoveryCodesRequest request;
    Twofold__V1__RegenerateRecoveryCodesReply *codes;
    ProtobufCMessage *reply = NULL;
    auto_typed token = {0};
    auto_typed typed = {0};
    enum exit_code code = factor_obtain_token(cli, &token);

    twofold__v1__regenerate_recovery_codes_request__init(&request);
    if (code != EXIT_YES)
        return code;
    if (!factor_prompt_code("Code", &typed))
        return EXIT_WRONG_USAGE;
    request.step_token = token.text;
    request.code = typed.text;
    code = session_call(cli,
                        &(struct ask){&twofold__v1__enrollment__descriptor,
                                      "RegenerateRecoveryCodes", &request.base},
                        &reply);
    codes = (Twofold__V1__RegenerateRecoveryCodesReply *)reply;
    if (code == EXIT_YES)
        factor_print_recovery_codes(cli, codes->recovery_codes, codes->n_recovery_codes);
    twofold_reply_free(reply);
    return code;
}
