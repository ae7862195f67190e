#include "tools/health_parts.h"

#include "transport/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- for people ---- */

static bool sends(const struct health_answer *a)
{
    return strcmp(a->way, "other process") != 0;
}

/* Of several instances on one database the one that publishes knows most. */
static const struct health_answer *publisher(const struct health_round *r)
{
    for (size_t i = 0; i < r->n_own; i++)
        if (sends(&r->own[i]))
            return &r->own[i];
    return &r->own[0];
}

static int64_t oldest_proof_ms(const struct health_round *r)
{
    int64_t oldest = 0;

    for (size_t i = 0; i < r->n_own; i++)
        if (r->own[i].proof_age_ms > oldest)
            oldest = r->own[i].proof_age_ms;
    return oldest;
}

static void say_well(const struct health_check *c)
{
    const struct health_answer *p = publisher(&c->round);
    size_t n = c->round.n_own;

    printf("well: %zu instance%s of twofoldd on %s; its store took a write %" PRId64 " ms ago", n,
           n == 1 ? "" : "s", c->host, oldest_proof_ms(&c->round));
    if (*p->way)
        printf("; audit events: %s, %" PRId64 " wait",
               sends(p) ? p->way : "sent by another instance", p->backlog);
    putchar('\n');
}

/* ---- for programs ---- */

static json_t *instance(const struct health_answer *a)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:I}", "id", a->id, "version",
                     a->version, "state", a->state, "store", a->store, "requests", a->requests,
                     "store_proof_age_ms", (json_int_t)a->proof_age_ms, "turn_age_ms",
                     (json_int_t)a->turn_age_ms, "audit_way", a->way, "audit_backlog",
                     (json_int_t)a->backlog);
}

static char *as_json(const struct health_check *c)
{
    json_t *troubles = json_array(), *instances = json_array(), *o;
    char *text;

    for (size_t i = 0; i < c->verdict.n_troubles; i++)
        json_array_append_new(troubles, json_string(c->verdict.troubles[i]));
    for (size_t i = 0; i < c->round.n_own; i++)
        json_array_append_new(instances, instance(&c->round.own[i]));
    o = json_pack("{s:b, s:s, s:o, s:o}", "well", c->verdict.well, "host", c->host, "troubles",
                  troubles, "instances", instances);
    text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    return text;
}

void health_say(const struct health_check *c, bool json)
{
    char *text = json ? as_json(c) : NULL;

    if (json)
        puts(text ? text : "{\"well\":false,\"troubles\":[\"out of memory\"]}");
    else if (c->verdict.well)
        say_well(c);
    for (size_t i = 0; !json && i < c->verdict.n_troubles; i++)
        printf("unwell: %s\n", c->verdict.troubles[i]);
    free(text);
    fflush(stdout);
}

void health_late_line(const struct health_check *c, bool json, char *ret, size_t n)
{
    static const char why[] = "the bus does not come back with an answer in all that time";

    if (json)
        snprintf(ret, n, "{\"well\":false,\"troubles\":[\"%s\"],\"instances\":[]}\n", why);
    else
        snprintf(ret, n, "unwell: %s (%s)\n", why, c->config->nats_url);
}
