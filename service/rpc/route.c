#include "rpc/route.h"

#include "rpc/parse.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void snake_case(const char *name, char ret[static ROUTE_TOKEN_MAX])
{
    size_t n = 0;

    for (const char *s = name; *s && n + 2 < ROUTE_TOKEN_MAX; s++) {
        if (isupper((unsigned char)*s) && s != name)
            ret[n++] = '_';
        ret[n++] = (char)tolower((unsigned char)*s);
    }
    ret[n] = '\0';
}

static enum err route_make(const struct rpc_method *method, struct route *route)
{
    route->method = method;
    route->descriptor =
        protobuf_c_service_descriptor_get_method_by_name(method->service, method->name);
    if (!route->descriptor)
        return ERR_INTERNAL;
    snake_case(method->service->short_name, route->service);
    snake_case(method->name, route->name);
    snprintf(route->purpose, sizeof route->purpose, OWN_PURPOSE "%s.%s", route->service,
             route->name);
    route->verb = route->purpose + sizeof OWN_PURPOSE - 1;
    return parse_plan_make(method, route->descriptor->input, &route->plan);
}

enum err routes_init(struct routes *r)
{
    memset(r, 0, sizeof *r);
    if (rpc_methods_n > ROUTES_MAX)
        return ERR_INTERNAL;
    for (size_t i = 0; i < rpc_methods_n; i++) {
        TRY(route_make(&rpc_methods[i], &r->at[i]));
        r->verb_lengths[i] = strlen(r->at[i].verb);
    }
    r->n = rpc_methods_n;
    return ERR_OK;
}

static struct route *find_verb(struct routes *r, const char *verb)
{
    size_t n = strlen(verb);

    for (size_t i = 0; i < r->n; i++)
        if (r->verb_lengths[i] == n && strcmp(r->at[i].verb, verb) == 0)
            return &r->at[i];
    return NULL;
}

enum err route_find(struct routes *r, const char *subject, char ret_org[static ORG_MAX + 1],
                    struct route **ret_route)
{
    const char *org, *verb;
    size_t n_org;

    if (strncmp(subject, ROUTE_PREFIX, sizeof ROUTE_PREFIX - 1) != 0)
        return ERR_UNIMPLEMENTED;
    org = subject + sizeof ROUTE_PREFIX - 1;
    verb = strchr(org, '.');
    if (!verb++ || !strchr(verb, '.'))
        return ERR_UNIMPLEMENTED;
    n_org = (size_t)(verb - org) - 1;
    if (!parse_is_org(org, n_org))
        return ERR_VALIDATION;
    memcpy(ret_org, org, n_org);
    ret_org[n_org] = '\0';
    *ret_route = find_verb(r, verb);
    return *ret_route ? ERR_OK : ERR_UNIMPLEMENTED;
}
