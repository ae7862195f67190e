/*
 * What the server has delivered to a durable reader, and the reader has not acknowledged, comes
 * again: what a killed process had not dealt with, or what was on its way when the connection
 * broke. It comes late, and new messages do not wait for it. Whoever acknowledged one of those
 * would acknowledge what came before it, unseen. So the trail asks how many messages are missing,
 * gathers them beside what else comes, and hands all of them out in the order of the stream.
 */
#include "trail_parts.h"

#include "monotonic.h"

#include <stdlib.h>

enum { SLACK_US = 5 * 1000 * 1000, ROUNDS = 3 };

void held_add(struct held *held, struct mail *mail)
{
    struct mail **at = &held->first;

    while (*at && (*at)->key < mail->key)
        at = &(*at)->next;
    if (*at && (*at)->key == mail->key) {
        free(mail);
        return;
    }
    mail->next = *at;
    *at = mail;
    held->until_us = monotonic_us() + held->patience_us;
    held->rounds = 0;
}

void held_gather(struct held *held, const struct held *what)
{
    struct mail *first = held->first;
    unsigned rounds = held->rounds;

    *held = *what;
    held->first = first;
    held->rounds = rounds;
    held->gathering = true;
    held->patience_us += SLACK_US;
    held->until_us = monotonic_us() + held->patience_us;
}

/* Those behind BEHIND are here, or all that the server gives again have come. After a crash it may
 * count some that were acknowledged. */
static bool is_complete(const struct held *held)
{
    uint64_t all = 0, unseen = 0;

    for (const struct mail *m = held->first; m && m->key <= held->upto; m = m->next) {
        all++;
        unseen += m->key > held->behind;
    }
    return unseen >= held->unseen || all >= held->unacked;
}

/* A message that is still missing after several rounds is no longer in the stream. */
enum held_state held_look(struct held *held)
{
    bool late = held->gathering && monotonic_us() > held->until_us;

    if (held->gathering && (is_complete(held) || (late && held->rounds >= ROUNDS)))
        held->gathering = false;
    if (held->gathering && late) {
        held->rounds++;
        return HELD_LATE;
    }
    if (held->gathering)
        return HELD_GATHERING;
    return held->first ? HELD_READY : HELD_NOTHING;
}

struct mail *held_take(struct held *held, uint64_t *ret_behind)
{
    struct mail *mail = held->first;

    held->first = mail->next;
    mail->next = NULL;
    *ret_behind = 0;
    for (const struct mail *m = held->first; m; m = m->next)
        ++*ret_behind;
    return mail;
}

void held_clear(struct held *held)
{
    while (held->first) {
        struct mail *next = held->first->next;

        free(held->first);
        held->first = next;
    }
    held->gathering = false;
}
