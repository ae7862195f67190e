#include "seed_plan_parts.h"

#include "reflect.h"
#include "seed_text.h"

#include <assert.h>
#include <string.h>

/* The service's defaults, for a policy that does not say otherwise: codes are computed with them.
 */
static void fill_defaults(Twofold__V1__Policy *policy)
{
    twofold__v1__policy__init(policy);
    policy->algorithm = TWOFOLD__V1__POLICY__ALGORITHM__SHA1;
    policy->digits = 6;
    policy->period = 30;
    policy->max_authenticators = 1;
}

static bool refuse(struct plan_reader *r, const struct seed_node *node, const char *field,
                   const char *rule)
{
    plan_mistake(r, node, field, rule);
    return false;
}

/* What an enum FIELD must be: static, as all rules are. */
static const char *choices(const char *field)
{
    return strcmp(field, "mode") == 0 ? "must be disabled, optional or required"
                                      : "must be sha1, sha256 or sha512";
}

bool plan_set(struct plan_reader *r, Twofold__V1__Policy *policy, const char *name,
              const struct seed_node *node)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(&twofold__v1__policy__descriptor, name);
    bool text = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_ENUM;
    Twofold__V1__Policy changed = *policy;
    const char *rule;

    if (text && !plan_text(r, node, name))
        return false;
    if (!text && node->kind != SEED_WORD)
        return refuse(r, node, name,
                      field->type == PROTOBUF_C_TYPE_BOOL ? "must be true or false"
                                                          : "must be a whole number");
    rule = reflect_parse(&changed.base, field, node->text);
    if (rule)
        return refuse(r, node, name, field->type == PROTOBUF_C_TYPE_ENUM ? choices(name) : rule);
    if (field->type == PROTOBUF_C_TYPE_INT32) {
        rule = seed_number_fault(name, *(const int32_t *)reflect_value(&changed.base, field, 0));
        if (rule)
            return refuse(r, node, name, rule);
    }
    if (strcmp(name, "issuer") == 0 && !seed_is_name(node->text))
        return refuse(r, node, name, "must be 1 to 64 bytes without a colon or control characters");
    *policy = changed;
    return true;
}

void plan_policy(struct plan_reader *r, struct seed_org *org, const struct seed_node *node)
{
    const ProtobufCMessageDescriptor *type = &twofold__v1__policy__descriptor;
    const char *names[SEED_POLICY_FIELDS];
    const struct seed_node *values[SEED_POLICY_FIELDS] = {NULL};
    const struct plan_names known = {names, type->n_fields,
                                     "a policy has: mode, issuer, algorithm, digits, period and "
                                     "what twofold policy set --help names"};

    assert(type->n_fields == SEED_POLICY_FIELDS);
    fill_defaults(&org->policy);
    for (unsigned i = 0; i < type->n_fields; i++)
        names[i] = type->fields[i].name;
    if (!node || !plan_open(r, node, &known, values))
        return;
    for (unsigned i = 0; i < type->n_fields; i++)
        if (values[i] && plan_set(r, &org->policy, names[i], values[i]))
            org->mask[org->n_mask++] = names[i];
}
