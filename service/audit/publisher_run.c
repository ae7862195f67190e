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
};

void run_begin(struct publisher *p)
{
    p->run = (struct run){.read_after = p->taken.position, .heard_ms = publisher_now_ms()};
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

static enum step send(struct publisher *p, const struct outbox_entry *entry)
{
    struct run *r = &p->run;
    struct flight f = {.position = entry->position, .bytes = entry->event.n + MESSAGE_BYTES};
    struct cloudevent c;
    enum step step = publisher_message(p, entry, &c);
    enum err err = ERR_VALIDATION;

    if (step == STEP_FAILED)
        return step;
    if (step == STEP_SENT) {
        err = stream_publish(p->stream,
                             &(struct stream_message){
                                 .position = entry->position,
                                 .subject = c.subject,
                                 .headers = c.headers,
                                 .n_headers = c.n_headers,
                                 .body = c.body,
                                 .expect_last_id = *r->last_id && is_alone(p) ? r->last_id : NULL});
        if (err == ERR_VALIDATION)
            publisher_give_up(entry->position, "it is larger than the bus takes");
    }
    if (err == ERR_UNAVAILABLE) {
        trouble(r, TROUBLE_AWAY, "");
        return STEP_FAILED;
    }
    if (err == ERR_OK) {
        publisher_count(p, entry->position);
        snprintf(r->last_id, sizeof r->last_id, "%s", c.id);
    }
    f.answered = f.kept = err != ERR_OK; /* skipped */
    take_off(r, &f);
    return STEP_SENT;
}

static enum step fill(struct publisher *p)
{
    struct run *r = &p->run;
    struct outbox_entry entries[BATCH_MAX];
    size_t window = r->proven && is_alone(p) ? STREAM_WINDOW_MAX : 1, room, n;
    enum step step;

    if (r->n > 0 && (r->n + REFILL > window || r->bytes >= WINDOW_BYTES))
        return STEP_EMPTY;
    room = window - r->n;
    step = publisher_read(p, r->read_after, entries, room < BATCH_MAX ? room : BATCH_MAX, &n);
    for (size_t i = 0; i < n && step == STEP_SENT; i++) {
        if (r->n > 0 && r->bytes + entries[i].event.n > WINDOW_BYTES)
            break;
        step = send(p, &entries[i]);
    }
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
        f->kept = true;
        f->sequence = a->sequence;
        r->proven = p->ever_in_stream = true;
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
        if (!r->at[i].answered)
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
