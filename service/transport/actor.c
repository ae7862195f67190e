#include "transport/actor.h"

#include "transport/json.h"

#include <stdio.h>
#include <string.h>

static const char *member(const json_t *info, const char *name)
{
    const char *text = json_string_value(json_object_get(info, name));

    return text ? text : "";
}

enum err bus_actor(const struct bus_request *r, char ret_actor[static ACTOR_MAX + 1])
{
    json_t *info;
    int n = -1;

    ret_actor[0] = '\0';
    if (strncmp(r->reply, "_R_.", 4) != 0 || !*r->request_info)
        return ERR_OK;
    info = json_loads(r->request_info, JSON_REJECT_DUPLICATES, NULL);
    if (*member(info, "acc"))
        n = snprintf(ret_actor, ACTOR_MAX + 1, "%s/%s", member(info, "acc"), member(info, "user"));
    json_decref(info);
    if (n > 0 && n <= ACTOR_MAX)
        return ERR_OK;
    ret_actor[0] = '\0';
    return ERR_VALIDATION;
}
