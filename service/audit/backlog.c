#include "audit/backlog.h"

#include "base/arena.h"
#include "base/event_view.h"
#include "base/log.h"

enum {
    EVENT_BYTES = 1024 * 1024,
    LATE_MS = 10 * 1000,
    LOOK_MS = 1000,
    WARN_AGAIN_MS = 60 * 1000,
    DRAINED_MS = 3000, /* what is taken is marked once a second */
};

int64_t backlog_event_ms(struct bytes event)
{
    return event_view_time(event);
}

/* When the oldest event behind position AFTER happened; 0: there is none. */
static enum err oldest(struct store *store, uint64_t after, int64_t *ret_ms)
{
    struct arena *arena = arena_new(EVENT_BYTES);
    struct outbox_entry entry;
    size_t n = 0;
    enum err err;

    if (!arena)
        return ERR_UNAVAILABLE;
    err = store->ops->read_events(store, after, arena, &entry, 1, &n);
    *ret_ms = n ? backlog_event_ms(entry.event) : 0;
    arena_free(arena);
    return err;
}

enum err backlog_look(struct store *store, int64_t now_ms, struct backlog *ret)
{
    struct outbox_state s;
    struct backlog b = {0};
    uint64_t taken;
    int64_t since_ms = 0;

    TRY(store->ops->look_outbox(store, NULL, &s));
    taken = s.marks.taken.position < s.first ? s.first - 1 : s.marks.taken.position;
    if (taken > s.last)
        taken = s.last;
    b.events = s.last - taken;
    b.tail = taken + 1 - s.first;
    b.dropped = s.marks.dropped;
    if (b.events > 0)
        TRY(oldest(store, taken, &since_ms));
    if (since_ms > 0 && since_ms < now_ms)
        b.oldest_age_ms = now_ms - since_ms;
    *ret = b;
    return ERR_OK;
}

static void warn(const struct backlog *b, uint64_t resent)
{
    log_at(LOG_WARN, "audit events wait for the bus",
           FIELD("events", (unsigned long long)b->events),
           FIELD("oldest_seconds", (long long)(b->oldest_age_ms / 1000)),
           FIELD("resent", (unsigned long long)resent),
           FIELD("dropped", (unsigned long long)b->dropped));
}

void backlog_watch_look(struct backlog_watch *w, struct store *store, int64_t now_ms,
                        uint64_t resent)
{
    struct backlog b;

    /* A clock that was set back must not silence it. */
    if (now_ms >= w->looked_ms && now_ms - w->looked_ms < LOOK_MS)
        return;
    w->looked_ms = now_ms;
    if (backlog_look(store, now_ms, &b) != ERR_OK)
        return;
    if (w->warned && b.oldest_age_ms < DRAINED_MS) {
        log_at(LOG_INFO, "no audit event waits for the bus any more",
               FIELD("resent", (unsigned long long)resent),
               FIELD("dropped", (unsigned long long)b.dropped));
        w->warned = false;
    }
    if (b.oldest_age_ms <= LATE_MS ||
        (w->warned && now_ms >= w->warned_ms && now_ms - w->warned_ms < WARN_AGAIN_MS))
        return;
    warn(&b, resent);
    w->warned = true;
    w->warned_ms = now_ms;
}
