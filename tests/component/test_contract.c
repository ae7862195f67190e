/* The contract as generated and the service as written are the same: nothing is without a row. */
#include "support/contract.h"
#include "support/runner.h"
#include "support/valid.h"

#include "rpc/parse.h"
#include "rpc/route.h"

#include <stdlib.h>

static unsigned rows_of(const ProtobufCServiceDescriptor *service, const char *name)
{
    unsigned n = 0;

    for (size_t i = 0; i < rpc_methods_n; i++)
        n += rpc_methods[i].service == service && strcmp(rpc_methods[i].name, name) == 0;
    return n;
}

static void every_rpc_has_exactly_one_row(void **state)
{
    size_t rpcs = 0;

    (void)state;
    for (size_t i = 0; i < CONTRACT_SERVICES; i++)
        for (unsigned m = 0; m < contract_services[i]->n_methods; m++, rpcs++)
            if (rows_of(contract_services[i], contract_services[i]->methods[m].name) != 1)
                fail_msg("%s.%s", contract_services[i]->name,
                         contract_services[i]->methods[m].name);
    assert_int_equal(rpc_methods_n, rpcs);
    assert_int_equal(rpcs, 21);
}

static const struct route *route_of(const struct routes *routes, const char *method)
{
    char verb[2 * ROUTE_TOKEN_MAX + 2];

    for (size_t i = 0; i < routes->n; i++) {
        snprintf(verb, sizeof verb, "%s.%s", routes->at[i].service, routes->at[i].name);
        if (strcmp(verb, method) == 0)
            return &routes->at[i];
    }
    fail_msg("no route %s", method);
    return NULL;
}

/* What is asked and answered there, by the names that the messages have in the .proto. */
static void every_row_has_the_messages_of_its_rpc(void **state)
{
    struct routes *routes = calloc(1, sizeof *routes);
    char type[80];

    (void)state;
    assert_non_null(routes);
    assert_int_equal(routes_init(routes), ERR_OK);
    assert_int_equal(n_valid, routes->n);
    for (size_t i = 0; i < n_valid; i++) {
        const struct route *r = route_of(routes, valid[i].method);

        snprintf(type, sizeof type, "twofold.v1.%sRequest", r->method->name);
        assert_string_equal(r->descriptor->input->name, type);
        snprintf(type, sizeof type, "twofold.v1.%sReply", r->method->name);
        assert_string_equal(r->descriptor->output->name, type);
        assert_int_equal(r->method->request_max, valid[i].request_max);
    }
    free(routes);
}

static void is_parsed(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
                      unsigned depth)
{
    if (depth == 0 && !parse_knows_field(field->name))
        fail_msg("%s.%s has no parser", type->name, field->name);
}

static void every_request_field_has_a_parser(void **state)
{
    (void)state;
    contract_walk_requests(is_parsed);
    assert_false(parse_knows_field("nothing"));
}

static void is_no_org(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
                      unsigned depth)
{
    (void)depth;
    if (strstr(field->name, "org") || strstr(field->name, "tenant"))
        fail_msg("%s.%s contradicts the subject", type->name, field->name);
}

static void the_organization_is_in_the_subject_and_nowhere_else(void **state)
{
    (void)state;
    contract_walk_requests(is_no_org);
}

static void every_refusal_is_a_reason_of_the_contract(void **state)
{
    const ProtobufCEnumDescriptor *reasons = &twofold__v1__error__reason__descriptor;

    (void)state;
    assert_int_equal(reasons->n_values, ERR_INTERNAL + 1);
    for (enum err e = ERR_VALIDATION; e <= ERR_INTERNAL; e++) {
        const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(reasons, (int)e);

        assert_non_null(v);
        assert_string_equal(v->name, err_name(e));
    }
}

/* A client that cannot see headers takes a refusal for a reply: it must find nothing in it. */
static void a_refusal_without_its_headers_is_no_reply(void **state)
{
    const ProtobufCMessageDescriptor *error = &twofold__v1__error__descriptor;

    (void)state;
    for (size_t i = 0; i < rpc_methods_n; i++) {
        const ProtobufCMessageDescriptor *reply = protobuf_c_service_descriptor_get_method_by_name(
                                                      rpc_methods[i].service, rpc_methods[i].name)
                                                      ->output;

        for (unsigned k = 0; k < error->n_fields; k++)
            assert_null(protobuf_c_message_descriptor_get_field(reply, error->fields[k].id));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_rpc_has_exactly_one_row),
    cmocka_unit_test(every_row_has_the_messages_of_its_rpc),
    cmocka_unit_test(every_request_field_has_a_parser),
    cmocka_unit_test(the_organization_is_in_the_subject_and_nowhere_else),
    cmocka_unit_test(every_refusal_is_a_reason_of_the_contract),
    cmocka_unit_test(a_refusal_without_its_headers_is_no_reply),
};
RUN(tests)
