/*
 * Which way events go, asked at every new connection, after every trouble, and now and then.
 *
 * The stream may hold less than it has acknowledged: it syncs later than it answers, and somebody
 * may have made it anew. Its newest number tells. Then what follows its newest message, and ten
 * minutes before that for clocks that differ, comes again from the tail that the outbox keeps; what
 * is there already is recognized by its id. Events that had waited for long are older than that: so
 * as many come again, at least, as the stream has lost.
 */
#include "audit/publisher_parts.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

enum {
    REMEMBERS_MS = 3600 * 1000,
    OVERLAP_MS = 10 * 60 * 1000,
    SAY_AGAIN_MS = 10 * 60 * 1000,
    BLIND_LOOKS = 9,
    OVERLAP_EVENTS = 256,
};

struct stream_wish publisher_wish(const char *name)
{
    return (struct stream_wish){
        .name = name, .subjects = AUDIT_SUBJECT_PREFIX ">", .duplicate_window_ms = REMEMBERS_MS};
}

static struct stream_wish wish_of(const struct publisher *p)
{
    struct stream_wish wish = publisher_wish(p->options.stream);

    wish.duplicate_window_ms = p->options.remembers_ms;
    return wish;
}

void way_say(struct publisher *p, struct said *about, enum log_level level, const char *msg,
             const char *detail)
{
    char now[sizeof about->text];

    snprintf(now, sizeof now, "%.64s%s", msg, detail);
    if (strcmp(now, about->text) == 0 && publisher_now_ms() - about->ms < SAY_AGAIN_MS)
        return;
    snprintf(about->text, sizeof about->text, "%s", now);
    about->ms = publisher_now_ms();
    if (*detail)
        log_at(level, msg, FIELD("stream", p->options.stream ? p->options.stream : ""),
               FIELD("detail", detail));
    else
        log_at(level, msg, FIELD("stream", p->options.stream ? p->options.stream : ""));
}

static void say(struct publisher *p, enum log_level level, const char *msg, const char *detail)
{
    way_say(p, &p->about_way, level, msg, detail);
}

void way_open(struct publisher *p)
{
    p->way = WAY_STARTING;
    p->run.n = 0;
}

static enum step go(struct publisher *p, enum publisher_way way)
{
    p->way = way;
    p->look_ms = publisher_now_ms() + p->options.look_again_ms;
    if (way == WAY_STREAM)
        run_begin(p);
    return way == WAY_HELD ? STEP_REFUSED : STEP_SENT;
}

static enum step hold(struct publisher *p, const char *why)
{
    say(p, LOG_ERROR, "audit events wait: their stream cannot be used", why);
    return go(p, WAY_HELD);
}

static enum step hold_for_the_stream(struct publisher *p)
{
    const struct stream_wish wish = wish_of(p);
    char command[512];

    stream_create_command(&wish, command);
    say(p, LOG_ERROR,
        "audit events wait for their stream, which is missing, and the login may not make it: run "
        "\"twofoldd audit stream\" with a login that may, or this command",
        command);
    return go(p, WAY_HELD);
}

/* Once a stream has acknowledged an event, one that is not there is trouble. */
static enum step without_jetstream(struct publisher *p)
{
    if (p->ever_in_stream)
        return hold(p, "the bus offers no JetStream any more");
    say(p, LOG_WARN,
        "audit events go out as plain messages, kept by nobody: the bus offers no JetStream; who "
        "reads the trail must be listening",
        "");
    return go(p, WAY_PLAIN);
}

enum step way_nobody(struct publisher *p)
{
    if (p->ever_in_stream)
        return hold_for_the_stream(p);
    say(p, LOG_WARN,
        "audit events go out as plain messages, kept by nobody: no stream takes them, and the "
        "login may not look for one; who reads the trail must be listening",
        "allow it to publish \"$JS.API.STREAM.INFO.*\"");
    /* To look is to publish, and to wait for an answer: seldom. */
    go(p, WAY_PLAIN);
    p->look_ms += BLIND_LOOKS * p->options.look_again_ms;
    return STEP_SENT;
}

/* ---- what the stream has lost ---- */

/* The position in front of the oldest kept event that is of time SINCE_MS or later, or lies behind
 * position AFTER_MOST. */
static enum step find_since(struct publisher *p, int64_t since_ms, uint64_t after_most,
                            uint64_t *ret_position)
{
    struct outbox_entry entries[BATCH_MAX];
    uint64_t after = 0;
    enum step step;
    size_t n;

    while ((step = publisher_read(p, after, entries, BATCH_MAX, &n)) == STEP_SENT) {
        for (size_t i = 0; i < n && entries[i].position <= p->peak.position; i++) {
            if (entries[i].position > after_most ||
                backlog_event_ms(entries[i].event) >= since_ms) {
                *ret_position = entries[i].position - 1;
                return STEP_SENT;
            }
        }
        after = entries[n - 1].position;
        if (after >= p->peak.position)
            break;
    }
    *ret_position = p->peak.position;
    return step == STEP_REFUSED ? STEP_REFUSED : STEP_SENT;
}

/* May ids of what the stream stored last be forgotten there? */
static bool is_long_ago(const struct publisher *p, const struct stream_info *info)
{
    const struct clock clock = clock_system();

    return clock_unix_ms(&clock) - info->last_unix_ms > p->options.remembers_ms / 2;
}

/* A stream that has forgotten the ids would store twice what comes again and is not lost: then the
 * number alone decides. */
static enum step go_back(struct publisher *p, const struct stream_info *info)
{
    bool forgotten = info->last_sequence && is_long_ago(p, info);
    uint64_t lost = p->peak.sequence - info->last_sequence + (forgotten ? 0 : OVERLAP_EVENTS);
    uint64_t after_most = lost < p->peak.position ? p->peak.position - lost : 0, position;
    int64_t since_ms = forgotten ? INT64_MAX : info->last_unix_ms - OVERLAP_MS;
    enum step step = find_since(p, since_ms, after_most, &position);

    if (step != STEP_SENT)
        return step;
    log_at(LOG_WARN,
           "the stream of the audit trail has lost events that it had acknowledged, or was made "
           "anew: what the outbox still has is sent again",
           FIELD("acknowledged", (unsigned long long)p->peak.sequence),
           FIELD("newest", (unsigned long long)info->last_sequence),
           FIELD("events", (unsigned long long)(p->peak.position - position)));
    /* From here on the stream is judged by what it has, if there is nothing to be sent. */
    if (position == p->peak.position)
        publisher_advance(p, &(struct outbox_taken){position, info->last_sequence, true});
    p->taken = (struct outbox_taken){position, 0, true};
    return STEP_SENT;
}

static enum step into_stream(struct publisher *p, const struct stream_info *info)
{
    bool was_there = p->way == WAY_STREAM;
    struct outbox_taken found;
    enum step step;

    if (info->last_sequence < p->peak.sequence) {
        step = go_back(p, info);
        if (step != STEP_SENT)
            return step;
    } else if (!was_there && info->last_sequence != p->taken.sequence && is_long_ago(p, info) &&
               recall_newest(p, info->last_sequence, p->taken.position, &found)) {
        publisher_advance(p, &found);
    }
    p->blind = false;
    if (was_there)
        return go(p, WAY_STREAM);
    if (*info->detail)
        say(p, LOG_WARN, "the stream of the audit trail is weaker than it should be", info->detail);
    else
        say(p, LOG_INFO, "audit events go into the stream", "");
    return go(p, WAY_STREAM);
}

static enum step make_stream(struct publisher *p)
{
    struct stream_info info = {0};

    switch (stream_create(p->stream, publisher_time_left(p, LOOK_MS), &info)) {
    case STREAM_READY:
        log_at(LOG_INFO, "made the stream of the audit trail", FIELD("stream", p->options.stream));
        return into_stream(p, &info);
    case STREAM_FOREIGN:
        return hold(p, info.detail);
    case STREAM_MAY_NOT_ASK:
        return hold_for_the_stream(p);
    case STREAM_NO_JETSTREAM:
        return without_jetstream(p);
    case STREAM_MISSING:
    case STREAM_SILENT:
        break;
    }
    return STEP_FAILED;
}

static enum step look(struct publisher *p)
{
    struct stream_info info = {0};

    switch (stream_look(p->stream, publisher_time_left(p, LOOK_MS), &info)) {
    case STREAM_READY:
        return into_stream(p, &info);
    case STREAM_MISSING:
        return make_stream(p);
    case STREAM_FOREIGN:
        return hold(p, info.detail);
    case STREAM_NO_JETSTREAM:
        return without_jetstream(p);
    case STREAM_MAY_NOT_ASK:
        p->blind = true;
        return go(p, WAY_STREAM);
    case STREAM_SILENT:
        break;
    }
    return STEP_FAILED;
}

static enum step open_stream(struct publisher *p)
{
    const struct stream_wish wish = wish_of(p);
    struct diag diag = {0};
    enum err err = stream_open(p->bus, &wish, &p->stream, &diag);

    if (err == ERR_OK)
        return STEP_SENT;
    publisher_drop_bus(p); /* else each try would leave a subscription behind */
    return err == ERR_VALIDATION ? hold(p, diag.text) : STEP_FAILED;
}

enum step way_decide(struct publisher *p)
{
    bool due = publisher_now_ms() >= p->look_ms;
    enum step step = STEP_SENT;

    if (!p->options.stream) {
        if (p->way != WAY_PLAIN)
            say(p, LOG_INFO, "audit events go out as plain messages, as the settings demand", "");
        return go(p, WAY_PLAIN);
    }
    /* A stream can be made anew, or restored, while the connection stays and nothing is sent. */
    if (p->way == WAY_STREAM && due && p->run.n == 0 && !p->blind)
        return look(p);
    if (p->way == WAY_STREAM || (p->way == WAY_PLAIN && !due))
        return STEP_SENT;
    if (p->way == WAY_HELD && !due)
        return STEP_REFUSED;
    if (!p->stream)
        step = open_stream(p);
    return step == STEP_SENT ? look(p) : step;
}

const char *publisher_way_text(enum publisher_way way)
{
    static const char *const texts[] = {[WAY_STARTING] = "starting",
                                        [WAY_STREAM] = "stream",
                                        [WAY_PLAIN] = "plain",
                                        [WAY_HELD] = "held",
                                        [WAY_OTHER] = "other process"};

    return texts[way];
}
