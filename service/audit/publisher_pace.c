/*
 * Who waits for a verdict comes first. What the bus does with an event (JetStream stores it, under
 * its id, and acknowledges) takes more processor than verifying does, and on a machine that is full
 * it would be taken from verifying. The outbox is durable, so events can wait: in a flood they go
 * at the pace that would bring all that wait onto the bus in three seconds. A short flood is so
 * spread over what follows it; in a long one as many go as come, some seconds later. Up to 20,000 a
 * second nothing waits, and neither when so many wait that the bound of the backlog comes near, nor
 * when the process is to end.
 *
 * A thread of low priority would do the same with fewer words, and now and then be put off the
 * processor while it holds a lock of the store that the serving thread needs.
 */
#include "audit/publisher_parts.h"

enum {
    LOOK_AGAIN_MS = 50,
    CATCH_UP_S = 3,
    LEAST_A_SECOND = 20 * 1000,
    BURST = STREAM_WINDOW_MAX,
    BURST_MS = 20,
    CHUNK = BURST / 2, /* a few at a time would cost as much each as many cost together */
    HURRY = 250 * 1000,
};

static void look(struct publisher *p, int64_t now_ms)
{
    struct pace *pace = &p->pace;
    uint64_t hurry = p->options.hurry ? p->options.hurry : HURRY, waiting;
    struct outbox_state s;

    pace->looked_ms = now_ms;
    if (p->options.store->ops->look_outbox(p->options.store, NULL, &s) != ERR_OK)
        return;
    waiting = s.last > p->taken.position ? s.last - p->taken.position : 0;
    pace->a_second = waiting / CATCH_UP_S;
    if (pace->a_second < LEAST_A_SECOND)
        pace->a_second = LEAST_A_SECOND;
    if (waiting >= hurry)
        pace->a_second = UINT32_MAX;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

size_t pace_room(struct publisher *p, size_t wanted)
{
    struct pace *pace = &p->pace;
    int64_t now_ms = publisher_now_ms();
    uint64_t most;

    if (publisher_is_stopping(p))
        return wanted;
    if (now_ms - pace->looked_ms >= LOOK_AGAIN_MS)
        look(p, now_ms);
    most = BURST + pace->a_second * BURST_MS / 1000;
    pace->room =
        least(most, pace->room + pace->a_second * (uint64_t)(now_ms - pace->since_ms) / 1000);
    pace->since_ms = now_ms;
    return pace->room >= least(wanted, CHUNK) ? (size_t)least(wanted, pace->room) : 0;
}

void pace_spend(struct publisher *p, size_t n)
{
    p->pace.room -= least(p->pace.room, n);
}
