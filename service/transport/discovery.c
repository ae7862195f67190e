/*
 * ADR-32 by hand. The wire is exact on purpose: `nats micro ls` of older versions stops for
 * everybody when one responder sends a time that is no integer, or leaves out an empty last_error.
 * Answers are made on the bus library's thread, so that an operator gets one even while the serving
 * thread waits for the disk.
 */
#include "transport/discovery.h"

#include "transport/bus_answer.h"
#include "transport/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum verb { PING, INFO, STATS, VERBS };

static const char *const verb_names[VERBS] = {[PING] = "PING", [INFO] = "INFO", [STATS] = "STATS"};
static const char *const verb_types[VERBS] = {
    [PING] = "io.nats.micro.v1.ping_response",
    [INFO] = "io.nats.micro.v1.info_response",
    [STATS] = "io.nats.micro.v1.stats_response",
};

/* Answers need the service alone, which the caller keeps. */
struct discovery {
    const struct discovery_service *service;
};

static json_t *endpoint_info(const struct discovery_endpoint *e, const char *queue)
{
    return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "name", e->name, "subject", e->subject,
                     "queue_group", queue, "metadata", "request", e->request, "response",
                     e->response);
}

static json_t *endpoint_stats(const struct discovery_endpoint *e, const char *queue)
{
    json_int_t requests = (json_int_t)atomic_load(&e->stats->requests);
    json_int_t errors = (json_int_t)atomic_load(&e->stats->errors);
    json_int_t nanoseconds = (json_int_t)atomic_load(&e->stats->nanoseconds);
    const char *last_error = atomic_load(&e->stats->last_error);

    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:I}", "name", e->name, "subject",
                     e->subject, "queue_group", queue, "num_requests", requests, "num_errors",
                     errors, "last_error", last_error ? last_error : "", "processing_time",
                     nanoseconds, "average_processing_time", requests ? nanoseconds / requests : 0);
}

static json_t *endpoints(const struct discovery_service *s, enum verb verb)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_endpoints; i++)
        json_array_append_new(list, verb == INFO ? endpoint_info(&s->endpoints[i], s->queue)
                                                 : endpoint_stats(&s->endpoints[i], s->queue));
    return list;
}

static json_t *started(const struct discovery_service *s)
{
    time_t seconds = (time_t)(s->started_unix_ms / 1000);
    struct tm utc = {0};
    char text[32];

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(text);
}

void discovery_tell(struct discovery_facts *facts, struct discovery_fact fact)
{
    assert(facts->n < DISCOVERY_FACTS_MAX);
    facts->at[facts->n++] = fact;
}

/* An object of what TELLER tells. */
static json_t *facts(discovery_teller *teller, void *ctx)
{
    struct discovery_facts f;
    json_t *o = json_object();

    f.n = 0;
    if (teller)
        teller(ctx, &f);
    for (size_t i = 0; i < f.n; i++)
        json_object_set_new(o, f.at[i].name,
                            f.at[i].text ? json_string(f.at[i].text)
                                         : json_integer(f.at[i].number));
    return o;
}

static json_t *data(const struct discovery_service *s)
{
    json_t *o = json_object();

    for (size_t i = 0; i < s->n_data; i++)
        json_object_set_new(o, s->data[i].name, facts(s->data[i].tell, s->data[i].ctx));
    return o;
}

static json_t *response(const struct discovery_service *s, enum verb verb)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:o}", "type", verb_types[verb], "name", s->name,
                          "id", s->id, "version", s->version, "metadata",
                          facts(verb == INFO ? s->metadata : NULL, s->metadata_ctx));

    if (verb == STATS && s->n_data > 0)
        json_object_set_new(o, "data", data(s));
    if (verb == INFO)
        json_object_set_new(o, "description", json_string(s->description));
    if (verb == STATS)
        json_object_set_new(o, "started", started(s));
    if (verb != PING)
        json_object_set_new(o, "endpoints", endpoints(s, verb));
    return o;
}

static void answer(const struct discovery_service *s, enum verb verb, struct bus *bus,
                   const char *reply)
{
    json_t *o = response(s, verb);
    char *text = json_dumps(o, JSON_COMPACT);

    /* Whoever asks gathers what comes in a while; an answer that is lost is one instance less. */
    if (text)
        err_drop(bus_publish(bus, reply, NULL, 0, bytes_of_text(text)));
    free(text);
    json_decref(o);
}

static void answer_ping(const void *ctx, struct bus *bus, const char *reply)
{
    answer(ctx, PING, bus, reply);
}

static void answer_info(const void *ctx, struct bus *bus, const char *reply)
{
    answer(ctx, INFO, bus, reply);
}

static void answer_stats(const void *ctx, struct bus *bus, const char *reply)
{
    answer(ctx, STATS, bus, reply);
}

static bus_answerer *const answerers[VERBS] = {
    [PING] = answer_ping, [INFO] = answer_info, [STATS] = answer_stats};

/* The three subjects of one verb: everybody, this service, this instance. */
static enum err subscribe(struct bus *bus, const struct discovery_service *s, enum verb verb,
                          struct diag *reterr)
{
    const struct bus_answer with = {.answer = answerers[verb], .ctx = s};
    char subject[256];

    snprintf(subject, sizeof subject, "$SRV.%s", verb_names[verb]);
    TRY(bus_answer(bus, subject, with, reterr));
    snprintf(subject, sizeof subject, "$SRV.%s.%s", verb_names[verb], s->name);
    TRY(bus_answer(bus, subject, with, reterr));
    snprintf(subject, sizeof subject, "$SRV.%s.%s.%s", verb_names[verb], s->name, s->id);
    return bus_answer(bus, subject, with, reterr);
}

enum err discovery_start(struct bus *bus, const struct discovery_service *service,
                         struct discovery **ret_discovery, struct diag *reterr)
{
    struct discovery *d;

    for (int verb = PING; verb < VERBS; verb++)
        TRY(subscribe(bus, service, (enum verb)verb, reterr));
    d = calloc(1, sizeof *d);
    if (!d)
        return ERR_UNAVAILABLE;
    d->service = service;
    *ret_discovery = d;
    return ERR_OK;
}

void discovery_free(struct discovery *d)
{
    free(d);
}
