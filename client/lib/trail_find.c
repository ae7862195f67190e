/*
 * The reader of a trail is a consumer of JetStream. A nameless one is a throw-away: after any
 * trouble another one is made that begins behind the last message returned. A durable one is looked
 * up first, as a login may be allowed to use it and not to make it.
 */
#include "trail_parts.h"

#include "error.h"
#include "monotonic.h"
#include "subject.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What fits JetStream's nanoseconds. */
#define LATEST_UNIX_MS (INT64_MAX / 1000000)

enum { CLOCK_S = 2, DURABLE_MAX = 32, PULL_LEFT_US = 6 * 1000 * 1000, STEP_MS = 100 };

static bool name_filter(const struct twofold_client *client,
                        const struct twofold_trail_options *options, char ret[JS_FILTER_SIZE])
{
    if (options->all_orgs && !options->type) {
        ret[0] = '\0';
        return true;
    }
    return audit_subject(options->all_orgs ? "*" : client->org, options->type, ret);
}

enum twofold_status trail_name(struct twofold_trail *trail,
                               const struct twofold_trail_options *options,
                               struct twofold_error *error)
{
    const char *stream = options->stream ? options->stream : "TWOFOLD_AUDIT";

    if (!org_valid(stream))
        return error_set(error, TWOFOLD_USAGE, "a stream's name must be 1..64 of [A-Za-z0-9_-]");
    if (options->js_domain && !org_valid(options->js_domain))
        return error_set(error, TWOFOLD_USAGE, "a JetStream domain must be 1..64 of [A-Za-z0-9_-]");
    if (options->durable &&
        (!org_valid(options->durable) || strlen(options->durable) > DURABLE_MAX))
        return error_set(error, TWOFOLD_USAGE,
                         "a durable reader's name must be 1..32 of [A-Za-z0-9_-]");
    if (!name_filter(trail->client, options, trail->filter))
        return error_set(error, TWOFOLD_USAGE,
                         "an event type is a category (login) or category.event (login.failed)");
    if (options->since_unix_ms < 0 || options->since_unix_ms > LATEST_UNIX_MS)
        return error_set(error, TWOFOLD_USAGE, "a trail begins between 1970 and 2262");
    snprintf(trail->stream, sizeof trail->stream, "%s", stream);
    snprintf(trail->name, sizeof trail->name, "%s", options->durable ? options->durable : "");
    trail->reader = (struct js_reader){.stream = trail->stream,
                                       .name = trail->name,
                                       .filter = trail->filter,
                                       .durable = options->durable != NULL,
                                       .begin = {.only_new = options->only_new,
                                                 .sequence = options->from_sequence,
                                                 .unix_ms = options->since_unix_ms}};
    return TWOFOLD_OK;
}

/* JetStream's words, and what to do. */
static enum twofold_status explain(const struct twofold_trail *trail, int code,
                                   struct twofold_error *error)
{
    bool away = error->status == TWOFOLD_NO_RESPONDERS || code == JS_NOT_ENABLED ||
                code == JS_NOT_ENABLED_FOR_ACCOUNT || code == JS_STARTING;

    if (away && trail->begun)
        return error_set(error, TWOFOLD_DISCONNECTED, "JetStream is not ready (%d)", code);
    if (away)
        return error_set(error, TWOFOLD_REFUSED,
                         "JetStream is not switched on for this login (%s): the trail can only be "
                         "followed, or its stream is another account's (JetStream domain)",
                         trail->api.prefix);
    if (code == JS_NO_STREAM)
        return error_set(error, TWOFOLD_REFUSED,
                         "there is no stream %s: twofoldd makes it when its audit login may, and "
                         "else says how in its log",
                         trail->stream);
    return error->status;
}

static bool reads_all(const char *filter)
{
    static const char *const names[] = {"", ">", "twofold.audit.>", "twofold.audit.v1.>",
                                        "twofold.audit.v1.*.>"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(filter, names[i]) == 0)
            return true;
    return false;
}

static enum twofold_status check_durable(const struct twofold_trail *trail,
                                         const struct js_consumer *found,
                                         struct twofold_error *error)
{
    const char *name = trail->name;

    if (!found->is_pull || !found->acks_all)
        return error_set(error, TWOFOLD_REFUSED,
                         "the reader %s is not made for this: it must be a pull consumer whose "
                         "ack_policy is all",
                         name);
    if (strcmp(found->filter, trail->filter) != 0 &&
        !(reads_all(found->filter) && reads_all(trail->filter)))
        return error_set(error, TWOFOLD_REFUSED, "the reader %s is made for %.90s, not for %.90s%s",
                         name, reads_all(found->filter) ? "all events" : found->filter,
                         reads_all(trail->filter) ? "all events" : trail->filter,
                         reads_all(found->filter) ? ": read it with all_orgs (--all-orgs)" : "");
    if (trail->begun && llabs(found->created_unix_s - trail->found.created_unix_s) > CLOCK_S)
        return error_set(error, TWOFOLD_REFUSED,
                         "the reader %s was made anew while it was used: its place is lost", name);
    return TWOFOLD_OK;
}

static enum twofold_status make(struct twofold_trail *trail, struct js_consumer *ret,
                                struct twofold_error *error)
{
    int code;
    enum twofold_status status = js_api_create(&trail->api, &trail->reader, ret, &code, error);
    char why[TWOFOLD_MESSAGE_SIZE];

    if (status == TWOFOLD_TIMEOUT && trail->reader.durable) {
        memcpy(why, error->message, sizeof why);
        return error_set(error, status, "there is no reader %s, and making it fails: %.180s",
                         trail->name, why);
    }
    if (status == TWOFOLD_OK)
        trail->is_new = true;
    return status == TWOFOLD_OK ? status : explain(trail, code, error);
}

/* Found, or made where there is none yet. */
static enum twofold_status find_durable(struct twofold_trail *trail, struct js_consumer *ret,
                                        struct twofold_error *error)
{
    int code;
    enum twofold_status status = js_api_look(&trail->api, &trail->reader, ret, &code, error);

    if (code == JS_NO_CONSUMER && trail->begun)
        return error_set(error, TWOFOLD_REFUSED, "the reader %s was deleted", trail->name);
    if (code == JS_NO_CONSUMER)
        return make(trail, ret, error);
    return status == TWOFOLD_OK ? check_durable(trail, ret, error) : explain(trail, code, error);
}

/* A process that was killed may still be waiting, for the server. */
static enum twofold_status await_no_other(struct twofold_trail *trail, struct js_consumer *found,
                                          struct twofold_error *error)
{
    int64_t until_us = monotonic_us() + PULL_LEFT_US;
    enum twofold_status status = TWOFOLD_OK;

    while (status == TWOFOLD_OK && found->waiting > 0) {
        if (monotonic_us() > until_us)
            return error_set(error, TWOFOLD_REFUSED,
                             "another process reads as %s already: give this one another name",
                             trail->name);
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
        status = find_durable(trail, found, error);
    }
    return status;
}

/* A server that was killed may have forgotten an acknowledgement. When it forgot the delivery too,
 * it drops the acknowledgement without a word (2.10), until it has delivered that far again. */
static enum twofold_status remind(struct twofold_trail *trail, struct js_consumer *found,
                                  struct twofold_error *error)
{
    enum twofold_status status;

    trail->remind_later = trail->acked > found->delivered_stream;
    if (found->floor_stream >= trail->acked || trail->remind_later)
        return TWOFOLD_OK;
    status = js_api_ask(&trail->api, trail->acked_reply, "+ACK", NULL, error);
    return status == TWOFOLD_OK ? find_durable(trail, found, error) : status;
}

static uint64_t left_of(uint64_t all, uint64_t part)
{
    return all > part ? all - part : 0;
}

static enum twofold_status take_durable(struct twofold_trail *trail, struct twofold_error *error)
{
    struct js_consumer found = {0};
    enum twofold_status status = find_durable(trail, &found, error);

    if (status == TWOFOLD_OK && !trail->begun)
        status = await_no_other(trail, &found, error);
    if (status == TWOFOLD_OK)
        status = remind(trail, &found, error);
    if (status != TWOFOLD_OK)
        return status;
    if (!trail->begun) {
        trail->position = found.floor_stream;
        trail->size = found.pending + found.unacked;
    }
    if (found.unacked > 0 && found.delivered_stream > trail->position)
        held_gather(&trail->held, &(struct held){.behind = trail->position,
                                                 .upto = found.delivered_stream,
                                                 .unacked = found.unacked,
                                                 .unseen = left_of(found.unacked, trail->unacked),
                                                 .patience_us = found.ack_wait_us});
    trail->delivered = found.delivered;
    trail->given = found.delivered_stream;
    trail->found = found;
    return TWOFOLD_OK;
}

/* The server begins at the first message that is not there yet when the wanted one lies beyond. */
static enum twofold_status make_nameless(struct twofold_trail *trail, struct twofold_error *error)
{
    struct js_consumer found = {0};
    char id[TWOFOLD_REQUEST_ID_SIZE];
    enum twofold_status status;

    twofold_request_id(id);
    snprintf(trail->name, sizeof trail->name, "twofold-%s", id);
    if (trail->begun)
        trail->reader.begin = (struct js_begin){.sequence = trail->position + 1};
    status = make(trail, &found, error);
    if (status != TWOFOLD_OK)
        return status;
    if (trail->reader.begin.sequence > found.delivered_stream + 1)
        return error_set(error, TWOFOLD_REFUSED,
                         "the stream %s ends before message %" PRIu64
                         ", which was there: it was made anew, or has lost messages",
                         trail->stream, trail->reader.begin.sequence - 1);
    if (!trail->begun) {
        trail->position = found.delivered_stream;
        trail->size = found.pending;
    }
    trail->delivered = found.delivered;
    trail->found = found;
    return TWOFOLD_OK;
}

enum twofold_status trail_find(struct twofold_trail *trail, struct twofold_error *error)
{
    enum twofold_status status =
        trail->reader.durable ? take_durable(trail, error) : make_nameless(trail, error);

    if (status == TWOFOLD_OK) {
        trail->begun = true;
        trail->lost = false;
    }
    return status;
}

bool twofold_trail_is_new(const struct twofold_trail *trail)
{
    return trail->is_new;
}

void trail_note_given(struct twofold_trail *trail, const struct mail *mail, uint64_t position)
{
    struct twofold_error error;

    if (position > trail->given)
        trail->given = position;
    if (position == trail->position)
        snprintf(trail->last_reply, sizeof trail->last_reply, "%s", mail->reply);
    if (position == trail->acked)
        snprintf(trail->acked_reply, sizeof trail->acked_reply, "%s", mail->reply);
    if (!trail->remind_later || trail->given < trail->acked)
        return;
    trail->remind_later = false;
    if (js_api_ask(&trail->api, trail->acked_reply, "+ACK", NULL, &error) != TWOFOLD_OK)
        trail->lost = true;
}
