#include "support/contract.h"

#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/login.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

const ProtobufCServiceDescriptor *const contract_services[CONTRACT_SERVICES] = {
    &twofold__v1__login__descriptor,
    &twofold__v1__enrollment__descriptor,
    &twofold__v1__verification__descriptor,
    &twofold__v1__admin__descriptor,
};

static void walk(const ProtobufCMessageDescriptor *type, unsigned depth, contract_visit *see)
{
    assert_true(depth <= 2); /* no recursive types */
    for (unsigned i = 0; i < type->n_fields; i++) {
        see(type, &type->fields[i], depth);
        if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            walk(type->fields[i].descriptor, depth + 1, see);
    }
}

void contract_walk_requests(contract_visit *see)
{
    for (size_t i = 0; i < CONTRACT_SERVICES; i++)
        for (unsigned m = 0; m < contract_services[i]->n_methods; m++)
            walk(contract_services[i]->methods[m].input, 0, see);
}
