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

void route_verb(const struct rpc_method *method, char ret_verb[static 2 * ROUTE_TOKEN_MAX + 2])
{
    char service[ROUTE_TOKEN_MAX], name[ROUTE_TOKEN_MAX];

    snake_case(method->service->short_name, service);
    snake_case(method->name, name);
    snprintf(ret_verb, 2 * ROUTE_TOKEN_MAX + 2, "%s.%s", service, name);
}

enum err routes_init(struct routes *r)
{
    memset(r, 0, sizeof *r);
    if (rpc_methods_n > ROUTES_MAX)
        return ERR_INTERNAL;
    for (size_t i = 0; i < rpc_methods_n; i++) {
        struct route *route = &r->at[i];

        route->method = &rpc_methods[i];
        route->descriptor = protobuf_c_service_descriptor_get_method_by_name(route->method->service,
                                                                             route->method->name);
        if (!route->descriptor)
            return ERR_INTERNAL;
        snake_case(route->method->service->short_name, route->service);
        snake_case(route->method->name, route->name);
    }
    r->n = rpc_methods_n;
    return ERR_OK;
}

static bool token_is(const char *token, size_t n, const char *name)
{
    return strlen(name) == n && strncmp(token, name, n) == 0;
}

enum err route_find(struct routes *r, const char *subject, char ret_org[static ORG_MAX + 1],
                    struct route **ret_route)
{
    const char *org, *service, *name;

    if (strncmp(subject, ROUTE_PREFIX, sizeof ROUTE_PREFIX - 1) != 0)
        return ERR_UNIMPLEMENTED;
    org = subject + sizeof ROUTE_PREFIX - 1;
    service = strchr(org, '.');
    name = service ? strchr(service + 1, '.') : NULL;
    if (!name)
        return ERR_UNIMPLEMENTED;
    if (!parse_is_org(org, (size_t)(service - org)))
        return ERR_VALIDATION;
    memcpy(ret_org, org, (size_t)(service - org));
    ret_org[service - org] = '\0';
    for (size_t i = 0; i < r->n; i++)
        if (token_is(service + 1, (size_t)(name - service - 1), r->at[i].service) &&
            strcmp(name + 1, r->at[i].name) == 0) {
            *ret_route = &r->at[i];
            return ERR_OK;
        }
    return ERR_UNIMPLEMENTED;
}
