#include "cli.h"

#include "json.h"
#include "reflect.h"

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

    if (twofold_client_connect(&options, &cli->client, &cli->error) != TWOFOLD_OK)
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
