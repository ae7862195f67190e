/*
 * One question a message, each after the answer to the one before: slow, but whoever repairs a
 * trail looks at the few hours in which something went wrong. In return there is no consumer, which
 * would have to be made, and would deliver wherever its maker says.
 */
#include "transport/stream_read.h"

#include "transport/stream_nats.h"

#include <stdio.h>

static enum stream_has failed(struct stream *s, natsStatus status, const char *verb)
{
    if (status == NATS_NOT_FOUND)
        return STREAM_HAS_NOT;
    return status == NATS_TIMEOUT && stream_was_refused(s, verb) ? STREAM_MAY_NOT_READ
                                                                 : STREAM_READ_FAILED;
}

static void take_over(natsMsg *m, struct stream_kept *ret)
{
    const char *id = NULL;

    *ret = (struct stream_kept){.unix_ms = natsMsg_GetTime(m) / NS_PER_MS};
    if (natsMsgHeader_Get(m, "Nats-Msg-Id", &id) == NATS_OK && strlen(id) < sizeof ret->id)
        snprintf(ret->id, sizeof ret->id, "%s", id);
}

enum stream_has stream_read(struct stream *s, uint64_t sequence, int timeout_ms,
                            struct stream_kept *ret)
{
    natsStatus status = NATS_CONNECTION_DISCONNECTED;
    natsMsg *message = NULL;
    jsOptions options;

    jsOptions_Init(&options);
    options.Wait = timeout_ms;
    bus_guard_begin(&s->bus->guard);
    if (bus_connected(s->bus))
        status = js_GetMsg(&message, s->js, s->wish.name, sequence, &options, NULL);
    bus_guard_end(&s->bus->guard);
    if (status != NATS_OK)
        return failed(s, status, "STREAM.MSG.GET");
    take_over(message, ret);
    natsMsg_Destroy(message);
    return STREAM_HAS;
}

/* The sequences that the stream has, FIRST > LAST when it is empty. */
static enum stream_has look(struct stream *s, int timeout_ms, uint64_t *ret_first,
                            uint64_t *ret_last)
{
    natsStatus status = NATS_CONNECTION_DISCONNECTED;
    jsStreamInfo *info = NULL;
    jsOptions options;

    jsOptions_Init(&options);
    options.Wait = timeout_ms;
    bus_guard_begin(&s->bus->guard);
    if (bus_connected(s->bus))
        status = js_GetStreamInfo(&info, s->js, s->wish.name, &options, NULL);
    bus_guard_end(&s->bus->guard);
    if (status != NATS_OK)
        return failed(s, status, "STREAM.INFO");
    *ret_first = info->State.FirstSeq;
    *ret_last = info->State.LastSeq;
    jsStreamInfo_Destroy(info);
    return STREAM_HAS;
}

/* Of the sequences FROM to TO the first message that is still there: its sequence and time. */
static enum stream_has next_there(struct stream *s, uint64_t *from, uint64_t to, int timeout_ms,
                                  struct stream_kept *ret)
{
    enum stream_has has = STREAM_HAS_NOT;

    while (*from <= to && (has = stream_read(s, *from, timeout_ms, ret)) == STREAM_HAS_NOT)
        ++*from;
    return has;
}

/* Times grow with the sequences. All before FIRST is older, all after LAST is not. */
enum stream_has stream_read_since(struct stream *s, int64_t unix_ms, int timeout_ms,
                                  uint64_t *ret_first, uint64_t *ret_last)
{
    uint64_t low = 0, high = 0, end = 0;
    enum stream_has has = look(s, timeout_ms, &low, &end);

    if (has != STREAM_HAS)
        return has;
    low = low ? low : 1; /* there never was a message */
    high = end + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2, at = middle;
        struct stream_kept kept;

        has = next_there(s, &at, high - 1, timeout_ms, &kept);
        if (has != STREAM_HAS && has != STREAM_HAS_NOT)
            return has;
        if (has == STREAM_HAS_NOT || kept.unix_ms >= unix_ms)
            high = middle;
        else
            low = at + 1;
    }
    *ret_first = low;
    *ret_last = end;
    return low <= end ? STREAM_HAS : STREAM_HAS_NOT;
}

static enum err explain(struct stream *s, const char *name, natsStatus status, struct diag *reterr)
{
    if (status == NATS_TIMEOUT && stream_was_refused(s, "CONSUMER.DURABLE.CREATE")) {
        diag_set(reterr,
                 "this login may not make readers: use one that may publish "
                 "\"$JS.API.CONSUMER.DURABLE.CREATE.%s.%s\"",
                 s->wish.name, name);
        return ERR_VALIDATION;
    }
    diag_set(reterr, "the stream makes no reader \"%s\": %s", name,
             bus_library_error(natsStatus_GetText(status)));
    return status == NATS_ERR ? ERR_VALIDATION : ERR_UNAVAILABLE;
}

enum err stream_add_reader(struct stream *s, const char *name, int timeout_ms, struct diag *reterr)
{
    natsStatus status = NATS_CONNECTION_DISCONNECTED;
    jsConsumerConfig config;
    jsOptions options;

    jsConsumerConfig_Init(&config);
    config.Durable = name;
    config.DeliverPolicy = js_DeliverAll;
    config.AckPolicy = js_AckAll;
    jsOptions_Init(&options);
    options.Wait = timeout_ms;
    bus_guard_begin(&s->bus->guard);
    if (bus_connected(s->bus))
        status = js_AddConsumer(NULL, s->js, s->wish.name, &config, &options, NULL);
    bus_guard_end(&s->bus->guard);
    return status == NATS_OK ? ERR_OK : explain(s, name, status, reterr);
}
