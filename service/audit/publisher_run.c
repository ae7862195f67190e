/*
 * The way into the stream. Each event but a run's first is refused by the stream unless the one
 * before it is the newest there; so when one is refused, all behind it are as well, and none
 * overtakes it. Then nothing more is sent until all that is in flight was answered, and a new run
 * begins with the oldest that was not kept. What was stored all the same is found by its id: the
 * stream looks for the id before it looks at the expectation.
 *
 * A run begins with one event, and opens the window when the stream has kept it: a stream that
 * takes nothing costs one message a try, and the first message of a run, which expects nothing, has
 * nothing in front of it that could be refused.
 *
 * So an answer speaks for those in front of it as well, and events that go out for the first time
 * ask for one in sixty-four. Not so a duplicate's, which tells of an earlier time; and what goes
 * out again, after whatever trouble, asks for every answer, so that it is known which one was
 * refused, and why.
 *
 * Where another writer shares the stream, nobody's newest message stays the newest, and nothing can
 * be expected. Then each event waits for the one before it: slower, and still in order.
 */
#include "audit/publisher_parts.h"

#include "base/log.h"

#include <stdio.h>

enum {
    LISTEN_MS = 10,
    LISTEN_AT_ONCE = 128,
    ACK_MS = 5000,                  /* silence that is trouble */
    WINDOW_BYTES = 512 * 1024,      /* in flight, one event at least */
    MESSAGE_BYTES = 1024,           /* of headers, about */
    REFILL = STREAM_WINDOW_MAX / 4, /* room that is worth a look into the outbox */
    UNORDERED_MS = 60 * 1000,
    SILENT_MAX = 63, /* events one behind the other that ask for no answer */
};

void run_begin(struct publisher *p)
{
    p->run = (struct run){.read_after = p->taken.position, .heard_ms = publisher_now_ms()};
    p->ahead.n = p->ahead.next = 0;
}

/* The first trouble counts: what follows comes from it. */
static void trouble(struct run *r, enum trouble trouble, const char *detail)
{
    if (r->trouble != TROUBLE_NONE)
        return;
    r->trouble = trouble;
    snprintf(r->detail, sizeof r->detail, "%s", detail);
}

/* ---- sending ---- */

static void take_off(struct run *r, const struct flight *f)
{
    if (r->n == 0)
        r->heard_ms = publisher_now_ms();
    r->at[r->n++] = *f;
    r->bytes += f->bytes;
    r->read_after = f->position;
}

static bool is_alone(const struct publisher *p)
{
    return publisher_now_ms() >= p->unordered_ms;
}

/* How a run may be filled now. */
struct filling {
    bool alone;
    size_t window, room; /* events in flight; events that may be sent */
};

static size_t bytes_of(const struct outbox_entry *entry)
{
    return entry->event.n + MESSAGE_BYTES;
}

/* Does ENTRY, the next one, still go? */
static bool fits(const struct run *r, const struct filling *f, const struct outbox_entry *entry)
{
    return r->n < f->window && f->room > 0 &&
           (r->n == 0 || r->bytes + bytes_of(entry) <= WINDOW_BYTES);
}

/* May the event that is next go without asking for an answer? A later one will ask. */
static bool may_be_silent(const struct publisher *p, const struct filling *f)
{
    const struct outbox_entry *next = &p->ahead.at[p->ahead.next];
    const struct run *r = &p->run;

    return f->alone && !r->again && *r->last_id && next->position > p->highest_sent &&
           r->silent < SILENT_MAX && p->ahead.next + 1 < p->ahead.n && r->n + 1 < f->window &&
           f->room > 1 && r->bytes + bytes_of(next) + bytes_of(next + 1) <= WINDOW_BYTES;
}

/* ERR_VALIDATION: it can never be sent. */
static enum err publish(struct publisher *p, const struct outbox_entry *entry,
                        const struct filling *filling, bool silent)
{
    struct run *r = &p->run;
    struct cloudevent c;
    enum err err;

    if (!publisher_message(entry, &c))
        return ERR_VALIDATION;
    err = stream_publish(p->stream,
                         &(struct stream_message){
                             .position = entry->position,
                             .subject = c.subject,
                             .id = c.id,
                             .headers = c.headers,
                             .body = c.body,
                             .expect_last_id = *r->last_id && filling->alone ? r->last_id : NULL,
                             .silent = silent});
    if (err == ERR_VALIDATION)
        publisher_give_up(entry->position, "it is larger than the bus takes");
    if (err == ERR_OK)
        memcpy(r->last_id, c.id, sizeof r->last_id);
    return err;
}

/* Sends the event that is next. */
static enum step send(struct publisher *p, struct filling *filling)
{
    const struct outbox_entry *entry = &p->ahead.at[p->ahead.next];
    struct run *r = &p->run;
    struct flight f = {
        .position = entry->position, .bytes = bytes_of(entry), .silent = may_be_silent(p, filling)};
    enum err err = publish(p, entry, filling, f.silent);

    if (err == ERR_UNAVAILABLE) {
        trouble(r, TROUBLE_AWAY, "");
        return STEP_FAILED;
    }
    if (err == ERR_OK) {
        publisher_count(p, entry->position);
        r->silent = f.silent ? r->silent + 1 : 0;
    }
    f.answered = f.kept = err != ERR_OK; /* skipped */
    take_off(r, &f);
    p->ahead.next++;
    filling->room--;
    return STEP_SENT;
}

static enum step have_ahead(struct publisher *p)
{
    struct ahead *a = &p->ahead;

    if (a->next < a->n)
        return STEP_SENT;
    a->n = a->next = 0;
    return publisher_read(p, p->run.read_after, a->at, BATCH_MAX, &a->n);
}

static enum step fill(struct publisher *p)
{
    struct run *r = &p->run;
    struct filling f = {.alone = is_alone(p)};
    struct ahead *a = &p->ahead;
    size_t room;
    enum step step;

    f.window = r->proven && f.alone ? STREAM_WINDOW_MAX : 1;
    if (r->n > 0 && (r->n + REFILL > f.window || r->bytes >= WINDOW_BYTES))
        return STEP_EMPTY;
    f.room = room = pace_room(p, f.window - r->n);
    step = room ? have_ahead(p) : STEP_PACED;
    while (step == STEP_SENT && a->next < a->n && fits(r, &f, &a->at[a->next]))
        step = send(p, &f);
    pace_spend(p, room - f.room);
    if (r->silent > 0) /* the one that should have asked was skipped */
        trouble(r, TROUBLE_TURN, "");
    return step;
}

/* ---- listening ---- */

static struct flight *find(struct run *r, uint64_t position)
{
    size_t low = 0, high = r->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (r->at[mid].position < position)
            low = mid + 1;
        else
            high = mid;
    }
    return low < r->n && r->at[low].position == position ? &r->at[low] : NULL;
}

/* The one before was kept, and yet it is not the newest: somebody else writes, too. */
static void out_of_turn(struct publisher *p, const struct flight *f)
{
    if (f == p->run.at || f[-1].kept) {
        if (is_alone(p))
            log_at(LOG_INFO, "another writer shares the stream of the audit trail");
        p->unordered_ms = publisher_now_ms() + UNORDERED_MS;
    }
    trouble(&p->run, TROUBLE_TURN, "");
}

/* F was kept behind those in front of it that asked for no answer: so they were, too. Of a
 * duplicate that cannot be said. */
static void speak_for_the_silent(struct run *r, struct flight *f, bool duplicate)
{
    for (struct flight *g = f; g > r->at && g[-1].silent && !g[-1].kept; g--) {
        if (duplicate) {
            trouble(r, TROUBLE_TURN, "");
            return;
        }
        g[-1].kept = true;
    }
}

static void take(struct publisher *p, const struct stream_ack *a)
{
    struct run *r = &p->run;
    struct flight *f = find(r, a->position);

    if (!f || f->answered)
        return; /* of an earlier run */
    f->answered = true;
    switch (a->verdict) {
    case STREAM_KEPT:
        if (!a->duplicate && a->sequence <= p->taken.sequence) {
            trouble(r, TROUBLE_AWAY, ""); /* it has begun anew: without what? */
            return;
        }
        speak_for_the_silent(r, f, a->duplicate);
        f->kept = true;
        f->sequence = a->sequence;
        r->proven = p->ever_in_stream = true;
        r->again = a->duplicate;
        return;
    case STREAM_OUT_OF_TURN:
        out_of_turn(p, f);
        return;
    case STREAM_NOBODY:
        trouble(r, TROUBLE_NOBODY, "");
        return;
    case STREAM_REFUSED:
        trouble(r, TROUBLE_REFUSED, a->detail);
        return;
    }
}

/* Takes what was kept from the head of the run. */
static void land(struct publisher *p)
{
    struct run *r = &p->run;
    struct outbox_taken taken = p->taken;
    size_t n = 0;

    for (; n < r->n && r->at[n].kept; n++) {
        taken.position = r->at[n].position;
        r->bytes -= r->at[n].bytes;
        if (r->at[n].sequence > 0)
            taken = (struct outbox_taken){r->at[n].position, r->at[n].sequence, true};
    }
    if (n == 0)
        return;
    r->n -= n;
    memmove(r->at, r->at + n, r->n * sizeof r->at[0]);
    publisher_advance(p, &taken);
}

static size_t listen(struct publisher *p, int timeout_ms)
{
    struct stream_ack acks[LISTEN_AT_ONCE];
    size_t n = stream_acks(p->stream, timeout_ms, acks, LISTEN_AT_ONCE);

    for (size_t i = 0; i < n; i++)
        take(p, &acks[i]);
    if (n > 0)
        p->run.heard_ms = publisher_now_ms();
    land(p);
    return n;
}

/* ---- trouble ---- */

static bool all_answered(const struct run *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (!r->at[i].answered && !r->at[i].silent)
            return false;
    return true;
}

/* Nothing came for long. A server that answers a flush, and yet not these, never will. */
static enum step silence(struct publisher *p)
{
    trouble(&p->run, TROUBLE_AWAY, "");
    if (publisher_was_refused(p))
        return STEP_REFUSED;
    if (bus_flush(p->bus, publisher_time_left(p, FLUSH_MS)) != ERR_OK)
        return STEP_FAILED;
    if (listen(p, LISTEN_MS) > 0)
        return STEP_SENT;
    if (publisher_was_refused(p))
        return STEP_REFUSED;
    if (p->blind && !p->ever_in_stream) {
        /* Somebody listens, no stream does: it was a plain message, and went out as one. */
        publisher_advance(p, &(struct outbox_taken){.position = p->run.read_after});
        return way_nobody(p);
    }
    way_open(p);
    return STEP_FAILED;
}

/* The run is over, and what was in flight is known. */
static enum step settle(struct publisher *p)
{
    enum trouble trouble = p->run.trouble;

    if (trouble == TROUBLE_NOBODY && p->blind && !p->run.proven)
        return way_nobody(p);
    if (trouble == TROUBLE_REFUSED)
        way_say(p, &p->about_trouble, LOG_ERROR, "audit events wait: the stream does not take one",
                p->run.detail);
    way_open(p);
    if (trouble == TROUBLE_REFUSED)
        return STEP_REFUSED;
    return trouble == TROUBLE_TURN ? STEP_SENT : STEP_FAILED;
}

enum step run_step(struct publisher *p)
{
    struct run *r = &p->run;
    enum step step = r->trouble == TROUBLE_NONE ? fill(p) : STEP_EMPTY;

    land(p); /* what was skipped */
    if (r->n == 0 && r->trouble == TROUBLE_NONE)
        return step;
    if (r->n > 0 && listen(p, publisher_time_left(p, LISTEN_MS)) == 0 && !r->proven &&
        publisher_was_refused(p))
        return STEP_REFUSED;
    if (r->trouble != TROUBLE_NONE && all_answered(r))
        return settle(p);
    if (r->n > 0 && publisher_now_ms() - r->heard_ms > ACK_MS)
        return silence(p);
    return step == STEP_REFUSED ? step : STEP_SENT;
}
