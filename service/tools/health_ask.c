/*
 * The service is asked again and again. It writes nothing when it has nothing to do, so the first
 * question only makes it write something, and the next one sees the proof. How many instances a
 * host has nobody knows: whoever answers a moment after the last one still counts.
 */
#include "tools/health_parts.h"

#include "base/clock.h"
#include "bus_settings.h"
#include "transport/ask.h"

#include <stdio.h>

enum {
    ROUND_MS = 80, /* between two questions */
    QUIET_MS = 30, /* after an answer of our host; then nobody else is waited for */
};

static const char question[] = "$SRV.STATS.twofold";

struct asking {
    struct health_check *check;
    struct bus *bus;
    struct ask *ask;
};

static void close_all(struct asking *a)
{
    ask_close(a->ask);
    bus_close(a->bus);
}
#define auto_asking CLEANUP(close_all) struct asking

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What comes in until then, and a little less when our own host has answered. */
static void hear(struct asking *a, int64_t until_ms, bool until_quiet)
{
    struct health_check *c = a->check;
    struct health_answer answer;
    struct bytes text = {0};
    int64_t now;

    while ((now = clock_monotonic_ms()) < until_ms) {
        if (ask_next(a->ask, (int)(until_ms - now), &text) != ASK_ANSWER ||
            !health_read(text, &answer))
            continue;
        health_note(&c->round, c->host, &answer);
        if (until_quiet && c->round.n_own > 0)
            until_ms = least(until_ms, clock_monotonic_ms() + QUIET_MS);
    }
}

static void judge_no_bus(struct health_check *c, const char *why, const char *what_to_do)
{
    char line[HEALTH_LINE_BYTES];

    c->verdict = (struct health_verdict){.well = false};
    snprintf(line, sizeof line, "%s%s", why, what_to_do);
    health_trouble(&c->verdict, line);
}

/* False when no other question can help. */
static bool ask_once(struct asking *a)
{
    struct health_check *c = a->check;
    int64_t until_ms = least(clock_monotonic_ms() + ROUND_MS, c->until_ms);

    c->round = (struct health_round){0};
    if (ask_send(a->ask, question) != ERR_OK) {
        judge_no_bus(c, "the bus was lost while asking", "");
        hear(a, until_ms, false);
        return true;
    }
    hear(a, until_ms, true);
    if (ask_was_refused(a->ask, question)) {
        judge_no_bus(c,
                     "this login may not ask the service: allow it to publish "
                     "\"$SRV.STATS.twofold\", or name another one in TWOFOLD_HEALTH_NATS_NKEY_FILE",
                     "");
        return false;
    }
    /* An answer that the end of the time cuts off is no sign that nobody is there. */
    if (c->round.n_own > 0 || !c->heard)
        health_judge(&c->round, c->host, &c->verdict);
    c->heard |= c->round.n_own > 0;
    if (!c->verdict.well)
        hear(a, until_ms, false);
    return !c->verdict.well;
}

static bool has_time(void *ctx)
{
    const struct health_check *c = ctx;

    return clock_monotonic_ms() < c->until_ms;
}

static enum err open_all(struct asking *a, struct diag *reterr)
{
    struct bus_options options = bus_settings_of_health(a->check->config);

    if (a->check->inbox_prefix)
        options.inbox_prefix = a->check->inbox_prefix;
    TRY(bus_open(&options, has_time, a->check, &a->bus, reterr));
    return ask_open(a->bus, &a->ask, reterr);
}

void health_ask(struct health_check *c)
{
    auto_asking a = {.check = c};
    struct diag diag = {.text = "out of memory"};
    enum err err = open_all(&a, &diag);

    if (err != ERR_OK) {
        judge_no_bus(c, diag.text,
                     err == ERR_UNAVAILABLE ? "; is it running, and is TWOFOLD_NATS_URL right?"
                                            : "");
        return;
    }
    while (ask_once(&a) && has_time(c))
        continue;
}
