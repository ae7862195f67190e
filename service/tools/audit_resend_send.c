/*
 * Beside running services: their publisher looks after the events that the bus has not taken yet,
 * and this after the others, up to the mark that was read first. What the stream holds is read
 * before anything is sent, so nothing is stored twice however old it is. What the service stores
 * meanwhile, or a run of this that was killed has stored, is recognised by its id: the stream
 * remembers ids for its duplicate window.
 *
 * A login that may not read the stream relies on that window alone, so older events stay where they
 * are, and are told.
 */
#include "tools/audit_resend.h"

#include "audit/backlog.h"
#include "audit/cloudevent.h"
#include "transport/stream_read.h"

#include <stdlib.h>
#include <string.h>

enum {
    PAGE_EVENTS = 256,
    ACK_MS = 10 * 1000,
    SKEW_MS = 10 * 60 * 1000,       /* of the server's clock against the service's */
    REMEMBERED_MS = 50 * 60 * 1000, /* in an hour's window, for sure */
};

/* ---- walking along the tail ---- */

bool resend_wants(const struct resend *r, const struct outbox_entry *entry)
{
    int64_t ms = backlog_event_ms(entry->event);

    return ms == 0 || (ms >= r->from_ms && ms <= r->to_ms);
}

enum err resend_walk(struct resend *r, resend_visitor *visit, struct diag *reterr)
{
    struct store *store = r->tool.store;
    uint64_t last = r->outbox.marks.taken.position, after = r->outbox.first - 1;
    struct outbox_entry entries[PAGE_EVENTS];
    size_t n = 1;

    while (after < last && n > 0) {
        arena_reset(r->page);
        diag_set(reterr, "cannot read the database in %s", r->tool.config.data_dir);
        TRY(store->ops->read_events(store, after, r->page, entries, PAGE_EVENTS, &n));
        for (size_t i = 0; i < n && entries[i].position <= last; i++)
            TRY(visit(r, &entries[i], reterr));
        after = n ? entries[n - 1].position : after;
    }
    return ERR_OK;
}

/* ---- what the stream holds ---- */

static enum err hold(struct resend *r, uint64_t sequence, struct diag *reterr)
{
    struct stream_kept kept;
    enum stream_has has = stream_read(r->link.stream, sequence, AUDIT_ASK_MS, &kept);

    if (has == STREAM_HAS_NOT || (has == STREAM_HAS && !*kept.id))
        return ERR_OK;
    diag_set(reterr, "the bus does not answer any more; nothing was sent, so try again");
    TRY(has == STREAM_HAS ? ERR_OK : ERR_UNAVAILABLE);
    return held_ids_add(&r->held, kept.id);
}

static void end_bar(struct progress_bar *bar, enum err err, uint64_t total)
{
    if (err == ERR_OK)
        progress_end(bar, total);
    else
        progress_break(bar);
}

enum err resend_read_stream(struct resend *r, struct diag *reterr)
{
    enum err err = ERR_OK;
    struct progress_bar bar;
    uint64_t first, last;
    enum stream_has has =
        stream_read_since(r->link.stream, r->from_ms - SKEW_MS, AUDIT_ASK_MS, &first, &last);

    r->may_read = has != STREAM_MAY_NOT_READ;
    if (has == STREAM_HAS_NOT || has == STREAM_MAY_NOT_READ)
        return ERR_OK;
    diag_set(reterr, "the bus does not answer about the stream %s; try again", r->link.wish.name);
    TRY(has == STREAM_HAS ? ERR_OK : ERR_UNAVAILABLE);
    progress_begin(&bar, "reading the stream");
    for (uint64_t at = first; at <= last && err == ERR_OK; at++) {
        err = hold(r, at, reterr);
        progress_show(&bar, at - first + 1, last - first + 1);
    }
    end_bar(&bar, err, last - first + 1);
    return err;
}

/* ---- sending ---- */

static enum err find_org(struct resend *r, const char *subject, size_t *ret_i)
{
    const char *org = subject + sizeof AUDIT_SUBJECT_PREFIX - 1;
    size_t n = strcspn(org, ".");
    struct org_sent *grown;

    for (size_t i = 0; i < r->n_orgs; i++)
        if (strlen(r->orgs[i].org) == n && strncmp(r->orgs[i].org, org, n) == 0) {
            *ret_i = i;
            return ERR_OK;
        }
    grown = reallocarray(r->orgs, r->n_orgs + 1, sizeof *r->orgs);
    if (!grown)
        return ERR_UNAVAILABLE;
    r->orgs = grown;
    r->orgs[r->n_orgs] = (struct org_sent){0};
    snprintf(r->orgs[r->n_orgs].org, sizeof r->orgs->org, "%.*s", (int)n, org);
    *ret_i = r->n_orgs++;
    return ERR_OK;
}

static void tally(struct resend *r, const struct flight *f, const struct stream_ack *ack)
{
    struct audit_span *span = &r->orgs[f->org].span;

    r->sent += !ack->duplicate;
    r->held_already += ack->duplicate;
    if (ack->duplicate)
        return;
    if (!span->count || f->unix_ms < span->first_ms)
        span->first_ms = f->unix_ms;
    if (!span->count || f->unix_ms > span->last_ms)
        span->last_ms = f->unix_ms;
    span->count++;
}

/* A stream from which a message was deleted still knows its id, and takes no other for it. */
static bool is_remembered(const struct resend *r, const struct stream_ack *ack)
{
    struct stream_kept kept;

    return ack->duplicate && r->may_read &&
           stream_read(r->link.stream, ack->sequence, AUDIT_ASK_MS, &kept) == STREAM_HAS_NOT;
}

static void land(struct resend *r, const struct stream_ack *ack)
{
    size_t i = 0;

    while (i < r->n_flights && r->flights[i].position != ack->position)
        i++;
    if (i == r->n_flights)
        return;
    if (ack->verdict != STREAM_KEPT) {
        if (r->refused++ == 0)
            snprintf(r->why, sizeof r->why, "%s",
                     ack->verdict == STREAM_NOBODY ? "it is gone" : ack->detail);
    } else if (is_remembered(r, ack)) {
        r->remembered++;
    } else {
        tally(r, &r->flights[i], ack);
    }
    r->flights[i] = r->flights[--r->n_flights];
}

/* Waits until no more than MOST are under way. */
static enum err settle(struct resend *r, size_t most, struct diag *reterr)
{
    struct stream_ack acks[RESEND_IN_FLIGHT_MAX];

    while (r->n_flights > most) {
        size_t n;

        diag_set(reterr, "the bus was lost");
        TRY(bus_flush(r->link.bus, ACK_MS));
        n = stream_acks(r->link.stream, ACK_MS, acks, ARRAY_LEN(acks));
        diag_set(reterr, "the stream %s acknowledges nothing", r->link.wish.name);
        TRY(n ? ERR_OK : ERR_UNAVAILABLE);
        for (size_t i = 0; i < n; i++)
            land(r, &acks[i]);
    }
    return ERR_OK;
}

static enum err publish(struct resend *r, const struct outbox_entry *entry,
                        const struct cloudevent *c, struct diag *reterr)
{
    const struct stream_message message = {.position = entry->position,
                                           .subject = c->subject,
                                           .id = c->id,
                                           .headers = c->headers,
                                           .body = c->body};
    struct flight f = {.position = entry->position, .unix_ms = backlog_event_ms(entry->event)};
    enum err err;

    TRY(find_org(r, c->subject, &f.org));
    if (r->n_flights == RESEND_IN_FLIGHT_MAX)
        TRY(settle(r, RESEND_IN_FLIGHT_MAX / 2, reterr));
    TRY(r->refused ? ERR_CONFLICT : ERR_OK);
    err = stream_publish(r->link.stream, &message);
    if (err == ERR_VALIDATION) {
        r->too_large++;
        return ERR_OK;
    }
    diag_set(reterr, "the bus was lost");
    TRY(err);
    r->flights[r->n_flights++] = f;
    return ERR_OK;
}

static enum err send(struct resend *r, const struct outbox_entry *entry, struct diag *reterr)
{
    struct cloudevent c;
    enum err err;

    if (!resend_wants(r, entry))
        return ERR_OK;
    err = cloudevent_make(entry->event, &c);
    if (err == ERR_VALIDATION) {
        r->unreadable++; /* the publisher could not send it either */
        return ERR_OK;
    }
    TRY(err);
    if (r->may_read && held_ids_has(&r->held, c.id)) {
        r->held_already++;
        return ERR_OK;
    }
    if (!r->may_read && backlog_event_ms(entry->event) < r->now_ms - REMEMBERED_MS) {
        r->too_old++;
        return ERR_OK;
    }
    return publish(r, entry, &c, reterr);
}

static enum err send_with_bar(struct resend *r, const struct outbox_entry *entry,
                              struct diag *reterr)
{
    uint64_t left = r->too_old + r->too_large + r->unreadable + r->remembered;

    progress_show(&r->bar, r->sent + r->held_already + left, r->in_range);
    return send(r, entry, reterr);
}

enum err resend_send(struct resend *r, struct diag *reterr)
{
    struct diag of_waiting = {.text = ""};
    enum err err, waited;

    progress_begin(&r->bar, "sending again");
    err = resend_walk(r, send_with_bar, reterr);
    waited = settle(r, 0, &of_waiting);
    if (err == ERR_OK && waited != ERR_OK)
        *reterr = of_waiting;
    err = err == ERR_OK ? waited : err;
    if (r->refused) {
        diag_set(reterr, "the stream %s does not take an event: %s", r->link.wish.name, r->why);
        err = ERR_CONFLICT;
    }
    end_bar(&r->bar, err, r->in_range);
    return err;
}
