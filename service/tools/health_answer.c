#include "tools/health_judge.h"

#include "transport/json.h"

/* A terminal does what control characters tell it, and a log has lines. */
void health_printable(const char *text, char *ret, size_t n)
{
    size_t i = 0;

    for (; text[i] && i < n - 1; i++)
        ret[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    ret[i] = '\0';
}

static void copy_text(const json_t *from, const char *name, char *ret, size_t n)
{
    const char *text = json_string_value(json_object_get(from, name));

    health_printable(text ? text : "", ret, n);
}

static int64_t number(const json_t *from, const char *name)
{
    const json_t *value = json_object_get(from, name);
    json_int_t n = json_integer_value(value);

    return json_is_integer(value) && n >= 0 ? n : -1;
}

bool health_read(struct bytes json, struct health_answer *ret)
{
    json_t *o = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *data = json_object_get(o, "data"), *health = json_object_get(data, "health"),
                 *audit = json_object_get(data, "audit");
    char type[64], name[64];

    copy_text(o, "type", type, sizeof type);
    copy_text(o, "name", name, sizeof name);
    copy_text(o, "id", ret->id, sizeof ret->id);
    copy_text(o, "version", ret->version, sizeof ret->version);
    copy_text(health, "host", ret->host, sizeof ret->host);
    copy_text(health, "state", ret->state, sizeof ret->state);
    copy_text(health, "store", ret->store, sizeof ret->store);
    copy_text(health, "requests", ret->requests, sizeof ret->requests);
    copy_text(audit, "way", ret->way, sizeof ret->way);
    ret->proof_age_ms = number(health, "store_proof_age_ms");
    ret->turn_age_ms = number(health, "turn_age_ms");
    ret->backlog = number(audit, "backlog");
    json_decref(o);
    return strcmp(type, "io.nats.micro.v1.stats_response") == 0 && strcmp(name, "twofold") == 0 &&
           *ret->id;
}
