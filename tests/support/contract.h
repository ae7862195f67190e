/* The contract as generated: its services, and every field of every request. */
#ifndef TWOFOLD_TESTS_SUPPORT_CONTRACT_H
#define TWOFOLD_TESTS_SUPPORT_CONTRACT_H

#include <protobuf-c/protobuf-c.h>

enum { CONTRACT_SERVICES = 4 };
extern const ProtobufCServiceDescriptor *const contract_services[CONTRACT_SERVICES];

typedef void contract_visit(const ProtobufCMessageDescriptor *type,
                            const ProtobufCFieldDescriptor *field, unsigned depth);

/* Shows SEE every field of every request, those inside of messages with DEPTH 1 and more; fails
 * on a type that could hold itself. */
void contract_walk_requests(contract_visit *see);

#endif
