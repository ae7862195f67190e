#include "cli.h"

#include "json.h"
#include "reflect.h"

#include <signal.h>
#include <unistd.h>

enum { ATTEMPTS = 3, GRACE_S = 2 };

/* libnats before 3.8 never returns when a server falls silent between its greeting and the end of
 * the login. Whoever waits for this tool shall hear of it. */
static void on_alarm(int number)
{
    static const char why[] = "twofold: the NATS server greeted, then fell silent before the login "
                              "was over; is it overloaded, or no NATS server?\n";

    (void)number;
    if (write(STDERR_FILENO, why, sizeof why - 1) < 0)
        _exit(EXIT_UNREACHABLE);
    _exit(EXIT_UNREACHABLE);
}

static enum twofold_status connect_in_time(struct cli *cli,
                                           const struct twofold_client_options *options)
{
    struct sigaction too_late = {.sa_handler = on_alarm};
    int64_t timeout_s = cli->args.timeout_s ? cli->args.timeout_s : 5;
    enum twofold_status status;

    sigaction(SIGALRM, &too_late, NULL);
    alarm((unsigned)(ATTEMPTS * timeout_s + GRACE_S));
    status = twofold_client_connect(options, &cli->client, &cli->error);
    alarm(0);
    return status;
}

enum exit_code session_open(struct cli *cli)
{
    const struct args *args = &cli->args;
    struct twofold_client_options options = {.url = args->nats,
                                             .org = args->org,
                                             .name = "twofold (command line)",
                                             .creds_file = args->creds,
                                             .nkey_file = args->nkey,
                                             .tls_ca_file = args->tls_ca,
                                             .tls_cert_file = args->tls_cert,
                                             .tls_key_file = args->tls_key,
                                             .inbox_prefix = args->inbox_prefix,
                                             .timeout_ms = args->timeout_s * 1000};

    if (connect_in_time(cli, &options) != TWOFOLD_OK)
        return output_error(cli);
    return EXIT_YES;
}

static bool has_recovery_code(const ProtobufCMessage *request)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "recovery_code");

    return field && reflect_count(request, field) > 0;
}

/* Each request has an id, so that it can be found in the audit trail; none is sent twice. */
enum twofold_status session_try(struct cli *cli, const struct ask *ask,
                                ProtobufCMessage **ret_reply)
{
    char id[TWOFOLD_REQUEST_ID_SIZE];
    struct twofold_call call = {
        .service = ask->service, .method = ask->method, .request = ask->request, .request_id = id};
    ProtobufCMessage *reply = NULL;

    twofold_request_id(id);
    cli->offered_recovery_code = has_recovery_code(ask->request);
    if (twofold_client_call(cli->client, &call, &reply, &cli->error) != TWOFOLD_OK)
        return cli->error.status;
    if (cli->args.json)
        json_print_message(stdout, reply);
    *ret_reply = reply;
    return TWOFOLD_OK;
}

enum exit_code session_call(struct cli *cli, const struct ask *ask, ProtobufCMessage **ret_reply)
{
    return session_try(cli, ask, ret_reply) == TWOFOLD_OK ? EXIT_YES : output_error(cli);
}

enum exit_code session_show(struct cli *cli, const struct ask *ask)
{
    ProtobufCMessage *reply = NULL;
    enum exit_code code = session_call(cli, ask, &reply);

    if (code == EXIT_YES && !cli->args.json)
        output_fields(stdout, reply);
    twofold_reply_free(reply);
    return code;
}
