/* Password or issued token, Begin, QR code, first code, Confirm, recovery codes, Complete. */
#include "factor.h"
#include "qr_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/error.pb-c.h>

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

/* The picture is the secret: the file is the caller's alone, and never one that is there already.
 */
static enum exit_code write_qr(struct cli *cli, const Twofold__V1__BeginReply *reply)
{
    int fd = open(cli->args.qr_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    bool written;

    if (!file)
        return output_usage("cannot create %s: %s", cli->args.qr_file, strerror(errno));
    written = fwrite(reply->qr_png.data, 1, reply->qr_png.len, file) == reply->qr_png.len;
    if (fclose(file) != 0 || !written)
        return output_usage("cannot write %s: %s", cli->args.qr_file, strerror(errno));
    return EXIT_YES;
}

static void show_secret(const Twofold__V1__BeginReply *reply)
{
    if (!qr_terminal_print(stdout, reply->otpauth_uri))
        fputs("(The QR code does not fit; type the secret instead.)\n", stdout);
    fputs("Scan the code with an authenticator app, or type:\n", stdout);
    print_secret(reply->secret);
    fputs("URI: ", stdout);
    output_text(stdout, reply->otpauth_uri);
    fputc('\n', stdout);
    fflush(stdout);
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
    for (int i = 0; i < tries && code == EXIT_DENIED; i++) {
        auto_typed typed = {0};

        if (!prompt_secret("Code that the app shows", &typed))
            return EXIT_WRONG_USAGE;
        request.code = typed.text;
        code = session_call(cli, &ask, ret);
        if (cli->error.reason != TWOFOLD__V1__ERROR__REASON__CODE_REJECTED)
            break;
    }
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
    ProtobufCMessage *begun = NULL, *confirmed = NULL;
    Twofold__V1__ConfirmReply *codes;
    enum exit_code code = factor_obtain_token(cli, &token);

    if (code == EXIT_YES)
        code = begin(cli, &token, &begun);
    if (code == EXIT_YES && cli->args.qr_file)
        code = write_qr(cli, (Twofold__V1__BeginReply *)begun);
    if (code == EXIT_YES && !cli->args.json)
        show_secret((Twofold__V1__BeginReply *)begun);
    twofold_reply_free(begun);
    if (code == EXIT_YES)
        code = confirm(cli, &token, &confirmed);
    codes = (Twofold__V1__ConfirmReply *)confirmed;
    if (code == EXIT_YES)
        factor_print_recovery_codes(cli, codes->recovery_codes, codes->n_recovery_codes);
    twofold_reply_free(confirmed);
    if (code == EXIT_YES)
        code = complete(cli, &token);
    return code;
}
