#include "cli.h"

#include "reflect.h"

#include <inttypes.h>
#include <string.h>
#include <twofold/v1/admin.pb-c.h>

static const ProtobufCServiceDescriptor *const service = &twofold__v1__admin__descriptor;

/* As "1 in N": N is rounded down, so that what is told stays an upper bound. An older service tells
 * nothing. */
static void print_odds(double probability)
{
    if (probability >= 1)
        puts("whoever knows the password needs no code");
    else if (probability > 1e-18)
        printf(
            "a guesser who knows the password succeeds with a probability of at most 1 in %" PRId64
            " before the account is suspended\n",
            (int64_t)(1 / probability));
}

enum exit_code cmd_policy_show(struct cli *cli)
{
    Twofold__V1__GetPolicyRequest request;
    ProtobufCMessage *reply = NULL;
    const Twofold__V1__GetPolicyReply *shown;
    enum exit_code code;

    twofold__v1__get_policy_request__init(&request);
    code = session_call(cli, &(struct ask){service, "GetPolicy", &request.base}, &reply);
    shown = (const Twofold__V1__GetPolicyReply *)reply;
    if (code == EXIT_YES && !cli->args.json && shown->policy) {
        output_fields(stdout, &shown->policy->base);
        print_odds(shown->guess_probability);
    }
    twofold_reply_free(reply);
    return code;
}

/* "mode=required,digits=6" is what others would have one write. */
static enum exit_code refuse_value(const ProtobufCFieldDescriptor *field, const char *value,
                                   const char *rule)
{
    const char *comma = strchr(value, ',');
    const char *also = comma && strchr(comma, '=') ? "; one FIELD=VALUE an argument" : "";
    char choices[128];

    if (field->type != PROTOBUF_C_TYPE_ENUM)
        return output_usage("%s %s%s; see: twofold policy set --help", field->name, rule, also);
    reflect_choices(field, choices, sizeof choices);
    return output_usage("%s must be %s%s", field->name, choices, also);
}

/* Takes FIELD=VALUE: sets the field and cuts the operand after its name, for the mask. */
static enum exit_code take_setting(Twofold__V1__Policy *policy, char *setting)
{
    char *equals = strchr(setting, '=');
    const ProtobufCFieldDescriptor *field;
    const char *rule;

    if (!equals)
        return output_usage("%s: write FIELD=VALUE", setting);
    *equals = '\0';
    field =
        protobuf_c_message_descriptor_get_field_by_name(&twofold__v1__policy__descriptor, setting);
    if (!field)
        return output_usage("the policy has no field %s; see: twofold policy set --help", setting);
    rule = reflect_parse(&policy->base, field, equals + 1);
    return rule ? refuse_value(field, equals + 1, rule) : EXIT_YES;
}

static enum exit_code refuse_repetition(char *const *mask, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if (strcmp(mask[i], mask[k]) == 0)
                return output_usage("%s is given twice", mask[i]);
    return EXIT_YES;
}

enum exit_code cmd_policy_set(struct cli *cli)
{
    Twofold__V1__PutPolicyRequest request;
    Twofold__V1__Policy policy;
    ProtobufCMessage *reply = NULL;
    const Twofold__V1__PutPolicyReply *now;
    enum exit_code code = EXIT_YES;

    twofold__v1__put_policy_request__init(&request);
    twofold__v1__policy__init(&policy);
    for (size_t i = 0; i < cli->args.n_operands && code == EXIT_YES; i++)
        code = take_setting(&policy, cli->args.operands[i]);
    if (code == EXIT_YES)
        code = refuse_repetition(cli->args.operands, cli->args.n_operands);
    if (code != EXIT_YES)
        return code;
    request.policy = &policy;
    request.update_mask = cli->args.operands;
    request.n_update_mask = cli->args.n_operands;
    code = session_call(cli, &(struct ask){service, "PutPolicy", &request.base}, &reply);
    now = (const Twofold__V1__PutPolicyReply *)reply;
    if (code == EXIT_YES && !cli->args.json && now->policy) {
        output_fields(stdout, &now->policy->base);
        print_odds(now->guess_probability);
    }
    twofold_reply_free(reply);
    return code;
}
