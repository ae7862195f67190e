/*
 * The stream remembers the ids of the last hour. After a longer pause, what it had stored but the
 * store does not know of (the acknowledgement came too late, or was not marked any more) would be
 * stored a second time. So then the newest messages of the stream are read, and looked for in the
 * outbox: what lies in front of one of them is there as well, for events go out in order. A login
 * that may not read leaves it at that: rather twice than never.
 */
#include "audit/publisher_parts.h"

#include "transport/stream_read.h"

enum {
    NEWEST_MAX = 16,  /* other writers may have written in between */
    PAGES_MAX = 1024, /* of the outbox */
};

struct newest {
    struct stream_kept at[NEWEST_MAX]; /* the newest first */
    size_t n;
};

static void read_newest(struct publisher *p, uint64_t last_sequence, struct newest *ret)
{
    ret->n = 0;
    while (ret->n < NEWEST_MAX && ret->n < last_sequence &&
           stream_read(p->stream, last_sequence - ret->n, publisher_time_left(p, LOOK_MS),
                       &ret->at[ret->n]) == STREAM_HAS)
        ret->n++;
}

/* How new the message with ID is, 0: the newest; NEWEST->n: it is not among them. */
static size_t place_of(const struct newest *newest, const char *id)
{
    size_t i = 0;

    while (i < newest->n && strcmp(newest->at[i].id, id) != 0)
        i++;
    return i;
}

bool recall_newest(struct publisher *p, uint64_t last_sequence, uint64_t after,
                   struct outbox_taken *ret)
{
    struct outbox_entry entries[BATCH_MAX];
    struct newest newest;
    struct cloudevent c;
    size_t n, best;

    read_newest(p, last_sequence, &newest);
    best = newest.n;
    for (int page = 0; page < PAGES_MAX && best > 0; page++) {
        if (publisher_read(p, after, entries, BATCH_MAX, &n) != STEP_SENT)
            break;
        for (size_t i = 0; i < n; i++) {
            size_t place = publisher_message(&entries[i], &c) ? place_of(&newest, c.id) : newest.n;

            if (place >= best)
                continue;
            best = place;
            *ret = (struct outbox_taken){entries[i].position, last_sequence - place, true};
        }
        after = entries[n - 1].position;
    }
    return best < newest.n;
}
