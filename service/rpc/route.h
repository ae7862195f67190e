/*
 * Subjects to methods and back. Tokens are the names of the .proto in lower snake case; the table
 * of routes is made from the descriptors once, at start.
 */
#ifndef TWOFOLD_RPC_ROUTE_H
#define TWOFOLD_RPC_ROUTE_H

#include "rpc/parse.h"

#define ROUTE_PREFIX "twofold.v1."
enum { ROUTE_TOKEN_MAX = 40, ROUTE_VERB_MAX = 2 * ROUTE_TOKEN_MAX, ROUTES_MAX = 32 };

struct route {
    const struct rpc_method *method;
    const ProtobufCMethodDescriptor *descriptor;
    struct parse_plan plan;
    char service[ROUTE_TOKEN_MAX], name[ROUTE_TOKEN_MAX];
    char purpose[sizeof OWN_PURPOSE + ROUTE_VERB_MAX]; /* "twofold:enrollment.begin" */
    const char *verb;                                  /* the rest of it: "enrollment.begin" */
    struct endpoint_stats stats;
};

struct routes {
    size_t n;
    size_t verb_lengths[ROUTES_MAX]; /* side by side: most routes are told apart by them */
    struct route at[ROUTES_MAX];
};

/* One route for each row of rpc_methods, in R, which must stay where it is. ERR_INTERNAL when a row
 * names no rpc of its service, or a request has a field without a parser. */
NODISCARD enum err routes_init(struct routes *r);

/*
 * Finds the route of SUBJECT; the organization token is copied to RET_ORG. ERR_VALIDATION when the
 * org token is not legal, ERR_UNIMPLEMENTED when there is no such method.
 */
NODISCARD enum err route_find(struct routes *r, const char *subject,
                              char ret_org[static ORG_MAX + 1], struct route **ret_route);

#endif
