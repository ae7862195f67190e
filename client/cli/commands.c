/* The table of commands is the tool: everything it can do is one row. */
#include "cli.h"

#include <string.h>

const struct command command_table[] = {
    {.name = "ping",
     .operands = "",
     .summary = "which instances of the service answer",
     .help = "Prints id, version and round-trip time of every instance.",
     .run = cmd_ping},
    {.name = "status",
     .operands = "USER",
     .summary = "what is set up for a user",
     .help = "Prints state, policy mode, waiting time, recovery codes left and authenticators.",
     .min_operands = 1,
     .max_operands = 1,
     .run = cmd_status},
    {.name = "enroll",
     .operands = "USER",
     .summary = "set up an authenticator",
     .help = "Asks for the password, shows the QR code and the secret, asks for the first code, "
             "prints\nthe recovery codes and switches the authenticator on. If one is active "
             "already, asks for a\ncode of it first.",
     .options = OPTION_LABEL | OPTION_ISSUED | OPTION_RECOVERY | OPTION_QR_FILE,
     .min_operands = 1,
     .max_operands = 1,
     .asks = true,
     .run = cmd_enroll},
    {.name = "verify",
     .operands = "USER",
     .summary = "is this code the user's, now?",
     .help = "Asks for a code. Exit code 0 means yes.",
     .options = OPTION_RECOVERY | OPTION_PURPOSE,
     .min_operands = 1,
     .max_operands = 1,
     .asks = true,
     .run = cmd_verify},
    {.name = "login",
     .operands = "USER",
     .summary = "a whole login",
     .help = "Asks for the password, then for a code if the service wants one. Exit code 0 means\n"
             "authenticated.",
     .options = OPTION_CODE | OPTION_RECOVERY,
     .min_operands = 1,
     .max_operands = 1,
     .asks = true,
     .run = cmd_login},
    {.name = "disable",
     .operands = "USER",
     .summary = "switch the second factor off",
     .help = "Asks for the password and a code; enter nothing where the policy wants no code.",
     .options = OPTION_ISSUED | OPTION_RECOVERY,
     .min_operands = 1,
     .max_operands = 1,
     .asks = true,
     .run = cmd_disable},
    {.name = "recovery",
     .operands = "USER",
     .summary = "replace all recovery codes",
     .help = "Asks for the password and a code, and prints the new recovery codes.",
     .options = OPTION_ISSUED,
     .min_operands = 1,
     .max_operands = 1,
     .asks = true,
     .run = cmd_recovery},
    {.name = "user put",
     .operands = "USER",
     .summary = "create a user, or set the password",
     .help = "Asks for the new password.",
     .min_operands = 1,
     .max_operands = 1,
     .asks = true,
     .run = cmd_user_put},
    {.name = "user delete",
     .operands = "USER",
     .summary = "delete a user and all that is known of it",
     .help = "Asks for nothing.",
     .min_operands = 1,
     .max_operands = 1,
     .run = cmd_user_delete},
    {.name = "user list",
     .operands = "",
     .summary = "all users and their states",
     .help = "Prints a user a line, in byte order of the names.",
     .run = cmd_user_list},
    {.name = "policy show",
     .operands = "",
     .summary = "the organization's policy",
     .help = "Prints every field, and how likely it is that codes are guessed.",
     .run = cmd_policy_show},
    {.name = "policy set",
     .operands = "FIELD=VALUE...",
     .summary = "change the policy; creates the organization",
     .help = "Fields: mode (disabled, optional, required), issuer, algorithm (sha1, sha256, "
             "sha512),\ndigits, period, skew_steps, max_failures, lockout_seconds, "
             "enrollment_ttl_seconds,\nstep_token_ttl_seconds, recovery_code_count, "
             "max_authenticators, disable_requires_code\n(true, false).",
     .min_operands = 1,
     .max_operands = OPERANDS_MAX,
     .run = cmd_policy_set},
    {.name = "unlock",
     .operands = "USER",
     .summary = "end waits and suspension",
     .help = "For a user who is locked out.",
     .min_operands = 1,
     .max_operands = 1,
     .run = cmd_unlock},
    {.name = "reset",
     .operands = "USER",
     .summary = "remove the second factor: a lost phone",
     .help = "Removes authenticators, recovery codes and a pending enrolment.",
     .min_operands = 1,
     .max_operands = 1,
     .run = cmd_reset},
    {.name = "import",
     .operands = "USER|--file FILE",
     .summary = "take over an authenticator, or users by the file",
     .help = "USER: asks for the otpauth://totp/... URI of one authenticator more. FILE: a user a "
             "line,\n"
             "  {\"username\":\"ada\",\"password_hash\":\"$scrypt$ln=14,r=8,p=5$SALT$HASH\",\n"
             "   \"otpauth_uris\":[\"otpauth://totp/...\"]}\n"
             "(on one line; the last two may be left out). Prints how many were imported, were "
             "there already\nand were refused. To go on after an interruption run it again: who is "
             "there is left as is.\nExit codes: 0 all are in, 1 not all are, 2 usage, 3 no answer.",
     .options = OPTION_FILE | OPTION_ERRORS | OPTION_DRY_RUN,
     .may_stay_off = true,
     .max_operands = 1,
     .run = cmd_import},
    {.name = "seed",
     .operands = "FILE",
     .summary = "organizations and users with known secrets, for tests",
     .help =
         "FILE (-: standard input) is YAML or JSON:\n"
         "\n"
         "  organizations:\n"
         "    acme:\n"
         "      policy: {mode: required, issuer: Acme}     # fields as policy set takes them\n"
         "      users:\n"
         "        - username: alice\n"
         "          password: correct horse battery staple # may be left out, 8 to 256 bytes\n"
         "          authenticators:                        # the same; max_authenticators is 1\n"
         "            - secret: GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n"
         "        - username: bob\n"
         "          authenticators:\n"
         "            - {secret: MFZWIZTHNBVGW3DBONSGMZ3INJVWY===, algorithm: sha256, digits: 8}\n"
         "\n"
         "An authenticator is a secret in base32, with algorithm, digits, period and label if need "
         "be (the\npolicy's, in this file), or an otpauth_uri. All of the file is checked before "
         "anything is sent,\nand every mistake named by line and column. Who is there already is "
         "left as is: run it again to go\non after an interruption. An organization that has other "
         "users than the file is refused, before\nanything is changed: known secrets are for "
         "tests. --org is not used.\n"
         "Exit codes: 0 all are in, 1 not all are, 2 usage, file, or an organization with other "
         "users,\n"
         "3 no answer.",
     .options = OPTION_REPLACE | OPTION_DRY_RUN | OPTION_TEST_SECRETS,
     .may_stay_off = true,
     .min_operands = 1,
     .max_operands = 1,
     .run = cmd_seed},
    {.name = "token",
     .operands = "USER",
     .summary = "issue a step token",
     .help = "For a user whose first factor was proved elsewhere. The token is a secret.",
     .min_operands = 1,
     .max_operands = 1,
     .run = cmd_token},
    {.name = "audit tail",
     .operands = "",
     .summary = "audit events, those of the last hour or as they happen",
     .help = "Prints an event a line: what the stream holds since --since (the last hour), then "
             "ends. With\n--follow: events as they happen, which needs no stream; with --follow "
             "and --since: both.\nWith --json: a CloudEvent a line.",
     .options = OPTION_USER | OPTION_TYPE | OPTION_COUNT | OPTION_SINCE | OPTION_FOLLOW |
                OPTION_ALL_ORGS | OPTION_STREAM,
     .run = cmd_audit_tail},
    {.name = "audit export",
     .operands = "",
     .summary = "the stream as lines of JSON (CloudEvents)",
     .help = "Prints every event that the stream holds, or those that the reader --durable has not "
             "been\ngiven yet. Lines are safe in --out before the reader's place moves: after a "
             "crash the next\nrun goes on without a gap and without a doubled line. Give one FILE "
             "always the same --org,\n--all-orgs and --type.",
     .options = OPTION_TYPE | OPTION_SINCE | OPTION_FOLLOW | OPTION_ALL_ORGS | OPTION_STREAM |
                OPTION_DURABLE | OPTION_OUT,
     .run = cmd_audit_export},
    {.name = "audit verify",
     .operands = "[FILE]",
     .summary = "is anything missing, doubled or changed?",
     .help =
         "Checks chains and checkpoints of the stream, or of a FILE that audit export wrote "
         "(-: standard\ninput), and names all that is wrong. Without a FILE the service is asked "
         "where the trail ends, and\nits keys are believed unless --anchor has some. A FILE needs "
         "--anchor, made by audit checkpoint\nbefore the export. With --since or --durable the "
         "beginning may be missing; what was cut off right\nthere does not show. Verify "
         "with --durable moves the reader's place: never give it the\narchive's name.\nExit codes: "
         "0 "
         "nothing is wrong, 1 something is, 2 usage, 3 it cannot be read.",
     .options = OPTION_SINCE | OPTION_ALL_ORGS | OPTION_STREAM | OPTION_DURABLE | OPTION_ANCHOR,
     .max_operands = 1,
     .may_stay_off = true,
     .run = cmd_audit_verify},
    {.name = "audit checkpoint",
     .operands = "",
     .summary = "sign the trail now, and print what to trust",
     .help =
         "Prints a line for audit verify --anchor: where the organization's trail ends, and the "
         "public\nkeys.",
     .run = cmd_audit_checkpoint},
};
const size_t command_table_n = ARRAY_LEN(command_table);

/* How many of ARGS's first operands name the command: 1, 2, or 0 for not this one. */
static size_t names_match(const struct command *command, const struct args *args)
{
    const char *space = strchr(command->name, ' ');
    size_t first = strcspn(command->name, " ");

    if (args->n_operands < 1 || strlen(args->operands[0]) != first ||
        strncmp(args->operands[0], command->name, first) != 0)
        return 0;
    if (!space)
        return 1;
    return args->n_operands >= 2 && strcmp(args->operands[1], space + 1) == 0 ? 2 : 0;
}

/* Finds the command, and leaves only its operands in ARGS. */
static const struct command *take_command(struct args *args)
{
    for (size_t i = 0; i < command_table_n; i++) {
        size_t words = names_match(&command_table[i], args);

        if (words == 0)
            continue;
        args->n_operands -= words;
        memmove(args->operands, args->operands + words,
                args->n_operands * sizeof args->operands[0]);
        return &command_table[i];
    }
    return NULL;
}

static enum exit_code refuse_count(const struct command *command, const struct args *args)
{
    bool too_many = args->n_operands > command->max_operands;

    return output_usage(
        "usage: twofold %s%s%s%s", command->name, help_gap(command), command->operands,
        too_many && command->asks ? "; passwords and codes are never arguments: they are asked for"
                                  : "");
}

static enum exit_code check_usage(const struct command *command, const struct args *args)
{
    for (size_t i = 0; i < option_table_n; i++)
        if (args->given & option_table[i].bit & ~command->options)
            return output_usage("%s does not take --%s", command->name, option_table[i].name);
    if (args->n_operands < command->min_operands || args->n_operands > command->max_operands)
        return refuse_count(command, args);
    if (args->timeout_s > 3600)
        return output_usage("--timeout must be at most 3600 seconds");
    return EXIT_YES;
}

static enum exit_code run(struct cli *cli, const struct command *command)
{
    enum exit_code code = check_usage(command, &cli->args);

    if (code == EXIT_YES && !command->may_stay_off)
        code = session_open(cli);
    if (code == EXIT_YES)
        code = command->run(cli);
    twofold_client_close(cli->client);
    return code;
}

/* The words are no command, but perhaps the first word of some. */
static enum exit_code explain(const struct args *args)
{
    bool alone = args->n_operands == 1, asked = alone && args->help;

    if (alone && help_print_group(asked ? stdout : stderr, args->operands[0]))
        return asked ? EXIT_YES : EXIT_WRONG_USAGE;
    return output_usage("there is no command %s%s%s; see: twofold --help", args->operands[0],
                        alone ? "" : " ", alone ? "" : args->operands[1]);
}

enum exit_code cli_main(char *const *argv)
{
    struct cli cli = {0};
    const struct command *command;
    const char *why, *what;

    setvbuf(stderr, NULL, _IOLBF, 0); /* whole lines, among those of other programs */
    if (!args_parse(argv[0] ? argv + 1 : argv, &cli.args, &why, &what))
        return output_usage("%s %s; see: twofold --help", what, why);
    if (cli.args.version) {
        puts("twofold " TWOFOLD_VERSION);
        return EXIT_YES;
    }
    if (cli.args.n_operands == 0) {
        help_print(cli.args.help ? stdout : stderr);
        return cli.args.help ? EXIT_YES : EXIT_WRONG_USAGE;
    }
    command = take_command(&cli.args);
    if (!command)
        return explain(&cli.args);
    if (cli.args.help) {
        help_print_command(stdout, command);
        return EXIT_YES;
    }
    return run(&cli, command);
}
