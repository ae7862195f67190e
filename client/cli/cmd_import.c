/* Users and authenticators of another system: one that is typed in, or a file of a million. */
#include "cmd_import.h"

#include "prompt.h"

#include <twofold/v1/admin.pb-c.h>

static enum exit_code import_one(struct cli *cli)
{
    Twofold__V1__ImportAuthenticatorRequest request;
    auto_typed uri = {0};

    twofold__v1__import_authenticator_request__init(&request);
    if (!prompt_secret("otpauth URI", &uri))
        return EXIT_WRONG_USAGE;
    request.username = cli->args.operands[0];
    request.otpauth_uri = uri.text;
    return session_show(
        cli, &(struct ask){&twofold__v1__admin__descriptor, "ImportAuthenticator", &request.base});
}

enum exit_code cmd_import(struct cli *cli)
{
    enum exit_code code;

    if (cli->args.file && cli->args.n_operands > 0)
        return output_usage("import takes a USER or --file, not both");
    if (cli->args.file)
        return import_file(cli);
    if (cli->args.n_operands == 0)
        return output_usage("usage: twofold import USER, or twofold import --file FILE");
    if (cli->args.given & (OPTION_ERRORS | OPTION_DRY_RUN))
        return output_usage("--errors and --dry-run belong to --file");
    code = session_open(cli);
    return code == EXIT_YES ? import_one(cli) : code;
}
