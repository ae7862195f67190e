/* Password or issued token, Begin, QR code, first code, Confirm, recovery codes, Complete. */
#include "factor.h"
#include "qr_file.h"
#include "qr_terminal.h"

#include <string.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/error.pb-c.h>
#include <unistd.h>

enum { TRIES = 3 };

static const ProtobufCServiceDescriptor *const service = &twofold__v1__enrollment__descriptor;

/* Did Begin ask for a code of the authenticator that is active? */
static bool wants_second_factor(const struct twofold_error *error)
{
    return error->status == TWOFOLD_REFUSED &&
           (error->reason == TWOFOLD__V1__ERROR__REASON__ALREADY_ENROLLED ||
            (error->n_violations == 1 && strcmp(error->violations[0].field, "second_factor") == 0));
}

static enum exit_code begin(struct cli *cli, struct typed *token, ProtobufCMessage **ret)
{
    Twofold__V1__BeginRequest request;
    struct ask ask = {service, "Begin", &request.base};
    auto_typed second = {0};

    twofold__v1__begin_request__init(&request);
    request.step_token = token->text;
    if (cli->args.label)
        request.label = cli->args.label;
    if (session_try(cli, &ask, ret) == TWOFOLD_OK)
        return EXIT_YES;
    if (!wants_second_factor(&cli->error))
        return output_error(cli);
    if (!factor_prompt(cli, "Code of the authenticator in use", &second))
        return EXIT_WRONG_USAGE;
    factor_offer(cli, &request.base, &second);
    return session_call(cli, &ask, ret);
}

/* In groups of four, for typing. */
static void print_secret(const char *secret)
{
    fputs("Secret:", stdout);
    for (size_t i = 0; secret[i] != '\0'; i++) {
        if (i % 4 == 0)
            fputc(' ', stdout);
        output_text(stdout, (char[]){secret[i], '\0'});
    }
    fputc('\n', stdout);
}

static void say_no_terminal(const struct cli *cli)
{
    if (cli->args.qr_file)
        fputs("Scan the picture in the file, or type the secret.\n", stdout);
    else
        fputs("Type the secret; the QR code is drawn on a terminal, or by --qr-file FILE.\n",
              stdout);
}

/* Is there room for a drawing of URI, and a row for the prompt below it? Else says what to do. */
static bool has_room(const struct cli *cli, const char *uri)
{
    struct qr_cells needs = qr_terminal_needs(uri), has = qr_terminal_has(stdout);

    if (isatty(STDOUT_FILENO) != 1) {
        say_no_terminal(cli);
        return false;
    }
    if (has.rows == 0 || (needs.rows < has.rows && needs.columns <= has.columns))
        return true;
    printf("The QR code needs a terminal of %d rows and %d columns; this one has %d and %d.\n",
           needs.rows + 1, needs.columns, has.rows, has.columns);
    if (cli->args.qr_file)
        fputs("Scan the picture in the file, or type the secret.\n", stdout);
    else
        fputs("Type the secret; or enrol again in a larger one, or with --qr-file FILE.\n", stdout);
    return false;
}

/* The drawing comes last: what stands below it would push its top off the screen. */
static void show_secret(const struct cli *cli, const Twofold__V1__BeginReply *reply)
{
    print_secret(reply->secret);
    fputs("URI: ", stdout);
    output_text(stdout, reply->otpauth_uri);
    fputc('\n', stdout);
    if (has_room(cli, reply->otpauth_uri)) {
        fputs("Scan the QR code with an authenticator app, or type the secret:\n", stdout);
        if (!qr_terminal_print(stdout, reply->otpauth_uri))
            fputs("(The QR code does not fit; type the secret instead.)\n", stdout);
    }
    fflush(stdout);
}

static enum exit_code set_up_app(struct cli *cli, struct typed *token, struct qr_file *picture)
{
    ProtobufCMessage *reply = NULL;
    enum exit_code code = begin(cli, token, &reply);
    const Twofold__V1__BeginReply *begun = (const Twofold__V1__BeginReply *)reply;

    if (code == EXIT_YES && picture->path)
        code = qr_file_write(picture, &begun->qr_png);
    if (code == EXIT_YES && !cli->args.json)
        show_secret(cli, begun);
    twofold_reply_free(reply);
    return code;
}

/* Was it the code, and can it be typed anew? */
static bool was_mistyped(const struct twofold_error *error)
{
    if (error->status != TWOFOLD_REFUSED)
        return false;
    return error->reason == TWOFOLD__V1__ERROR__REASON__CODE_REJECTED ||
           (error->reason == TWOFOLD__V1__ERROR__REASON__VALIDATION && error->n_violations == 1 &&
            strcmp(error->violations[0].field, "code") == 0);
}

/* A person may mistype; a script means what it sends. */
static enum exit_code confirm(struct cli *cli, struct typed *token, ProtobufCMessage **ret)
{
    Twofold__V1__ConfirmRequest request;
    struct ask ask = {service, "Confirm", &request.base};
    int tries = prompt_interactive() ? TRIES : 1;
    enum exit_code code = EXIT_DENIED;

    twofold__v1__confirm_request__init(&request);
    request.step_token = token->text;
    for (int i = 0; i < tries; i++) {
        auto_typed typed = {0};

        if (!factor_prompt_code("Code that the app shows", &typed))
            return EXIT_WRONG_USAGE;
        request.code = typed.text;
        code = session_call(cli, &ask, ret);
        if (code == EXIT_YES || !was_mistyped(&cli->error))
            break;
    }
    return code;
}

static enum exit_code prove_app(struct cli *cli, struct typed *token)
{
    ProtobufCMessage *reply = NULL;
    enum exit_code code = confirm(cli, token, &reply);
    const Twofold__V1__ConfirmReply *confirmed = (const Twofold__V1__ConfirmReply *)reply;

    if (code == EXIT_YES)
        factor_print_recovery_codes(cli, confirmed->recovery_codes, confirmed->n_recovery_codes);
    twofold_reply_free(reply);
    return code;
}

static enum exit_code complete(struct cli *cli, struct typed *token)
{
    Twofold__V1__CompleteRequest request;

    twofold__v1__complete_request__init(&request);
    request.step_token = token->text;
    return session_show(cli, &(struct ask){service, "Complete", &request.base});
}

enum exit_code cmd_enroll(struct cli *cli)
{
    auto_typed token = {0};
    auto_qr_file picture = {0};
    enum exit_code code = EXIT_YES;

    if (cli->args.qr_file)
        code = qr_file_create(cli->args.qr_file, &picture);
    if (code == EXIT_YES)
        code = factor_obtain_token(cli, &token);
    if (code == EXIT_YES)
        code = set_up_app(cli, &token, &picture);
    if (code == EXIT_YES)
        code = prove_app(cli, &token);
    if (code == EXIT_YES)
        code = complete(cli, &token);
    return code;
}
