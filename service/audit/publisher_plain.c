/*
 * Plain messages: a batch counts as taken when the server has answered a flush on the same
 * connection and has refused nothing. One event that was refused holds back its whole batch.
 */
#include "audit/publisher_parts.h"

static enum step publish(struct publisher *p, const struct outbox_entry *entry)
{
    struct cloudevent c;
    enum err err;

    if (!publisher_message(entry, &c))
        return STEP_SENT;
    err = stream_publish_plain(
        p->bus, &(struct stream_message){
                    .subject = c.subject, .id = c.id, .headers = c.headers, .body = c.body});
    if (err == ERR_UNAVAILABLE)
        return STEP_FAILED;
    if (err != ERR_OK)
        publisher_give_up(entry->position, "it is larger than the bus takes");
    else
        publisher_count(p, entry->position);
    return STEP_SENT;
}

static enum step confirm(struct publisher *p)
{
    if (bus_flush(p->bus, publisher_time_left(p, FLUSH_MS)) != ERR_OK)
        return STEP_FAILED;
    return publisher_was_refused(p) ? STEP_REFUSED : STEP_SENT;
}

enum step plain_step(struct publisher *p)
{
    struct outbox_entry entries[BATCH_MAX];
    size_t n, room = pace_room(p, BATCH_MAX);
    enum step step = room ? publisher_read(p, p->taken.position, entries, room, &n) : STEP_PACED;

    for (size_t i = 0; i < n && step == STEP_SENT; i++)
        step = publish(p, &entries[i]);
    if (step == STEP_SENT)
        step = confirm(p);
    if (step != STEP_SENT)
        return step;
    pace_spend(p, n);
    publisher_advance(p, &(struct outbox_taken){.position = entries[n - 1].position});
    return STEP_SENT;
}
